//! What a gateway is started with, and how that is read again while it runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::args::ServeArgs;
use super::error::ConfigError;
use super::reference::{Asked, Meant, Read, cirrus, wilbur};
use super::{Config, auth, check, defaults, issuer};

/// A gateway to be run.
#[derive(Clone, Debug)]
pub struct Start {
    /// What it is to do.
    pub config: Config,
    /// The same as written, with the source of every value.
    pub args: ServeArgs,
    /// What was written and does nothing.
    pub warnings: Vec<String>,
    /// Name and value of every option, in the words in which they were given, secrets hidden.
    pub options: Vec<(String, String)>,
    /// A file to write before anything else, and what (`--save` of Wilbur).
    pub save: Option<(PathBuf, String)>,
    /// The files that it was read from, and how they looked before they were read.
    pub files: Vec<(PathBuf, Look)>,
    source: Again,
}

/// How a file looks: when it was changed, and its length; `None` when it is not there.
pub type Look = Option<(SystemTime, u64)>;

/// How a file looks now. Blocks on it.
pub fn look(path: &Path) -> Look {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// How it is read again.
#[derive(Clone, Debug)]
enum Again {
    /// What stands above the file: command line and environment.
    Native(Box<ServeArgs>),
    /// The words of a reference server.
    Reference(Read, Option<PathBuf>, Vec<String>),
}

impl PartialEq for Start {
    /// By what is to be done.
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config
    }
}

impl Eq for Start {}

/// What a reference server's command line asks for.
#[derive(Debug)]
pub(super) enum Command {
    Run(Box<Start>),
    Say(String),
}

impl Start {
    /// Our own command line, laid over the environment.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn native(args: ServeArgs, env: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, ConfigError> {
        Self::of_layers(args.over(ServeArgs::from_env(env)?))
    }

    fn of_layers(above: ServeArgs) -> Result<Self, ConfigError> {
        let mut files = looks(above.config.as_ref().map(|written| written.text.clone().into()));
        let args = above.clone().with_file()?.over(defaults::layer());
        files.extend(looks(named_files(&args)));
        let config = Config::read(&args)?;
        let mut warnings: Vec<_> = auth::in_the_clear(&config.auth).collect();
        warnings.extend(check::unused(&args));
        warnings.extend(check::unreachable(&config));
        warnings.extend(check::unissued(&config));
        let options = check::shown(&args).map(|(key, value)| (key.to_owned(), value)).collect();
        Ok(Self { config, args, warnings, options, save: None, files, source: Again::Native(Box::new(above)) })
    }

    pub(super) fn wilbur(args: &[String]) -> Result<Command, ConfigError> {
        Self::reference(wilbur::read, wilbur::file(args), args)
    }

    pub(super) fn cirrus(args: &[String]) -> Result<Command, ConfigError> {
        Self::reference(cirrus::read, cirrus::file(args), args)
    }

    fn reference(read: Read, file: Option<PathBuf>, args: &[String]) -> Result<Command, ConfigError> {
        let files = looks(file.clone());
        Ok(match read(args)? {
            Asked::Run(meant) if meant.print => {
                // What cannot be used is not printed.
                Config::read(&meant.args.clone().over(defaults::layer()))?;
                Command::Say(super::print::toml(&meant.args))
            }
            Asked::Run(meant) => {
                Command::Run(Box::new(Self::meant(meant, files, Again::Reference(read, file, args.to_vec()))?))
            }
            Asked::Help(text) => Command::Say(text),
            Asked::Version => Command::Say(format!("pixelgate {}\n", env!("CARGO_PKG_VERSION"))),
        })
    }

    fn meant(meant: Meant, mut files: Vec<(PathBuf, Look)>, source: Again) -> Result<Self, ConfigError> {
        let Meant { args, mut warnings, options, save, .. } = meant;
        let args = args.over(defaults::layer());
        files.extend(looks(named_files(&args)));
        let config = Config::read(&args)?;
        warnings.extend(auth::in_the_clear(&config.auth));
        warnings.extend(check::unreachable(&config));
        warnings.extend(check::unissued(&config));
        Ok(Self { config, args, warnings, options, save, files, source })
    }

    /// Reads everything again. Blocks on files.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn again(&self) -> Result<Self, ConfigError> {
        match &self.source {
            Again::Native(above) => Self::of_layers((**above).clone()),
            Again::Reference(read, file, args) => match Self::reference(*read, file.clone(), args)? {
                Command::Run(start) => Ok(*start),
                Command::Say(_) => Ok(self.clone()),
            },
        }
    }
}

/// The files that the configuration names.
fn named_files(args: &ServeArgs) -> impl Iterator<Item = PathBuf> + '_ {
    let written = |key: &str| args.entries().find(|(name, _)| *name == key).map(|(_, value)| value.text);
    let named = ["peer-options-file", "cert", "key", "jwt-key", "jwt-jwks"].into_iter().filter_map(written);
    let files = named.filter(|name| !name.contains("://")).map(PathBuf::from);
    files.chain(issuer::files(&args.issuers))
}

fn looks(files: impl IntoIterator<Item = PathBuf>) -> Vec<(PathBuf, Look)> {
    files.into_iter().map(|path| (path.clone(), look(&path))).collect()
}
