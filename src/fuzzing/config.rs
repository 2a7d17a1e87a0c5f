//! Bytes as a file of the configuration, ours or one of the reference servers'.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::cli::parse;

/// The first byte says whose file it is, the rest is the file.
///
/// # Panics
/// When what cannot be used is refused in other ways than with one line that names the place.
pub fn config(data: &[u8]) {
    let Some((whose, file)) = data.split_first() else { return };
    let path = path();
    fs::write(&path, file).expect("the folder of temporary files can be written");
    let (command, option) = match whose % 3 {
        0 => ("serve", "--config"),
        1 => ("wilbur", "--config_file"),
        _ => ("cirrus", "--configFile"),
    };
    let named = format!("{option}={}", path.display());
    let parsed = parse(["pixelgate", command, &named], &|_| None);
    fs::remove_file(&path).expect("it was written just now");
    let Err(exit) = parsed else { return };
    let line = exit.text.strip_suffix('\n').unwrap_or_default();
    assert!(exit.code == 64 && line.starts_with("pixelgate: ") && !line.contains('\n'), "{exit:?}");
    assert!(!line.contains(char::is_control), "{line:?}");
}

/// Of this thread alone.
fn path() -> PathBuf {
    let thread = format!("{:?}", std::thread::current().id()).replace(['(', ')'], "-");
    let name = format!("pixelgate-fuzzed-{}-{thread}", std::process::id());
    // Not on a disk, where there is such a place.
    Some(Path::new("/dev/shm"))
        .filter(|folder| folder.is_dir())
        .map_or_else(std::env::temp_dir, PathBuf::from)
        .join(name)
}
