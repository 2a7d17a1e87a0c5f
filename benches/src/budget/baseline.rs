//! What was recorded: instructions of one operation of each scene, in a file for each compiler and machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::callgrind::Measured;

/// By the name of the scene.
pub(crate) struct Baseline(pub(crate) BTreeMap<String, f64>);

fn path(machine: &str) -> PathBuf {
    folder().join(format!("{machine}.toml"))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline")
}

/// What to say when nothing was recorded.
pub(crate) fn missing(machine: &str) -> String {
    format!(
        "NO BASELINE for {machine}: instructions were held to nothing but their ratios.\n\
         To record one, on a commit that is known to be good:\n  \
         cargo run --locked --profile bench --package pixelgate-benches -- record\n\
         There are baselines for: {}",
        recorded().join(", ")
    )
}

fn recorded() -> Vec<String> {
    let files = fs::read_dir(folder()).into_iter().flatten().flatten();
    let mut names: Vec<_> =
        files.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".toml")?.to_owned())).collect();
    names.sort();
    names
}

impl Baseline {
    /// The one of that machine, if there is one.
    pub(crate) fn find(machine: &str) -> Result<Option<Self>, String> {
        let path = path(machine);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map(Some).map_err(|error| format!("{}: {error}", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text).map(Self)
    }

    /// Records what was measured.
    pub(crate) fn write(measured: &Measured) -> io::Result<PathBuf> {
        let path = path(&measured.machine);
        fs::write(&path, Self::text(measured))?;
        Ok(path)
    }

    fn text(measured: &Measured) -> String {
        let lines = measured.counts.iter().map(|(name, cost)| format!("\"{name}\" = {:.1}\n", cost.instructions));
        format!("# Instructions of one operation. A commit that raises one says why.\n{}", lines.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callgrind::{Cost, Counts};

    #[test]
    fn what_is_written_is_read() {
        let counts = Counts::from([("a/1", Cost { instructions: 12.25, allocations: 0.0 })]);
        let text = Baseline::text(&Measured { machine: "m".to_owned(), counts });
        assert_eq!(Baseline::parse(&text).unwrap().0, BTreeMap::from([("a/1".to_owned(), 12.2)]));
    }

    #[test]
    fn what_is_recorded_can_be_read() {
        assert!(!recorded().is_empty());
        for machine in recorded() {
            assert!(Baseline::find(&machine).is_ok_and(|baseline| baseline.is_some()), "{machine}");
        }
    }
}
