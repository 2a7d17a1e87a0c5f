//! The command line: which command, and how a refusal ends the process.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, CommandFactory, FromArgMatches, Parser, Subcommand};

#[cfg(feature = "bench")]
use super::{BenchArgs, BenchConfig};
use super::{ConfigError, ServeArgs, Start, TokenArgs, TokenConfig, check, defaults, start};
#[cfg(feature = "demo")]
use super::{DemoArgs, DemoConfig, TestStreamerArgs, TestStreamerConfig};

/// The exit code of a configuration that cannot be used (`EX_USAGE` of sysexits).
const USAGE: u8 = 64;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run the gateway.
    Serve(Box<Start>),
    /// Ask a gateway how it is, at this URL: http, with a host.
    Health(http::Uri),
    /// Measure a signalling server.
    #[cfg(feature = "bench")]
    Bench(Box<BenchConfig>),
    /// Make a signed token.
    Token(Box<TokenConfig>),
    /// Run the gateway with test streamers.
    #[cfg(feature = "demo")]
    Demo(Box<DemoConfig>),
    /// Run a test streamer against any signalling server.
    #[cfg(feature = "demo")]
    TestStreamer(Box<TestStreamerConfig>),
}

/// What to say before the process ends, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The text, with its line end.
    pub text: String,
    /// The exit code.
    pub code: u8,
    /// On standard output: it was asked for. Else on standard error.
    pub stdout: bool,
}

impl Exit {
    /// What was asked for, on standard output.
    pub fn said(text: String) -> Self {
        Self { text, code: 0, stdout: true }
    }

    /// A configuration that cannot be used.
    pub fn config(message: impl Display) -> Self {
        Self { text: format!("pixelgate: {message}\n"), code: USAGE, stdout: false }
    }

    /// Anything else that keeps the gateway from running: a port in use, a system that fails.
    pub fn failure(message: impl Display) -> Self {
        Self { text: format!("pixelgate: {message}\n"), code: 1, stdout: false }
    }

    /// Says it. A closed stream is no reason for another complaint.
    pub fn report(&self) -> ExitCode {
        let text = self.text.as_bytes();
        let _ = if self.stdout { std::io::stdout().write_all(text) } else { std::io::stderr().write_all(text) };
        ExitCode::from(self.code)
    }
}

#[derive(Debug, Parser)]
#[command(
    name = "pixelgate",
    version,
    about = "A signalling gateway for Unreal Engine Pixel Streaming",
    arg_required_else_help = true,
    subcommand_required = true
)]
struct Cli {
    #[command(subcommand)]
    command: Commands,
}

#[derive(Debug, Subcommand)]
enum Commands {
    /// Run the gateway
    #[command(after_help = "\
An ADDRESS is localhost:PORT (127.0.0.1 and [::1]), IP:PORT, or [::]:PORT for every address; port 0 takes a free one.
Every flag is also a variable and a key of the file: --max-players is PIXELGATE_MAX_PLAYERS and max-players.
The command line overrides the environment, that the file, that the defaults.")]
    Serve(Box<ServeArgs>),
    /// Run the gateway in place of Wilbur, with its flags and its config.json
    #[command(disable_help_flag = true)]
    Wilbur(Words),
    /// Run the gateway in place of Cirrus, with its keys and its config.json
    #[command(disable_help_flag = true)]
    Cirrus(Words),
    /// Check a configuration, and print what takes effect and where it was written
    Check(Box<ServeArgs>),
    /// Ask a gateway how it is: exits with 0 if it is well, else with 1
    Health {
        /// What to ask: the operators' listener
        #[arg(long, value_name = "URL", default_value = "http://localhost:9090/healthz")]
        url: String,
    },
    /// Measure a signalling server: this one, or any other of the protocol
    #[cfg(feature = "bench")]
    Bench(Box<BenchArgs>),
    /// Make a token that lets a peer in where signed tokens are asked for, and print it
    Token(Box<TokenArgs>),
    /// Run the gateway on this machine with a test streamer, and say which page to open
    #[cfg(feature = "demo")]
    Demo(Box<DemoArgs>),
    /// Run a test streamer against a signalling server
    #[cfg(feature = "demo")]
    TestStreamer(Box<TestStreamerArgs>),
}

/// The words of a reference server, which clap does not know.
#[derive(Debug, clap::Args)]
struct Words {
    /// Its options; --help lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Understands the arguments of the process (its name first) and the environment, which `env` looks up by name.
///
/// # Errors
/// The process has nothing to run: help was asked for, or something cannot be used.
pub fn parse<I, T>(args: I, env: &dyn Fn(&str) -> Option<OsString>) -> Result<Command, Exit>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    // The command that was meant, for what is said about its flags.
    let named = args.get(1).and_then(|name| name.to_str()).unwrap_or("serve").to_owned();
    let mut matches = command().try_get_matches_from(args).map_err(|error| refusal(&named, &error))?;
    let cli = Cli::from_arg_matches_mut(&mut matches).map_err(|error| refusal(&named, &error))?;
    match cli.command {
        Commands::Serve(args) => serve(*args, env).map(|start| Command::Serve(Box::new(start))),
        Commands::Check(args) => Err(Exit::said(check::report(&serve(*args, env)?))),
        Commands::Wilbur(Words { words }) => reference(Start::wilbur(&words)),
        Commands::Cirrus(Words { words }) => reference(Start::cirrus(&words)),
        Commands::Health { url } => health(&url).map(Command::Health),
        #[cfg(feature = "bench")]
        Commands::Bench(args) => bench(*args, env).map(Command::Bench),
        Commands::Token(args) => {
            TokenConfig::read(*args, env).map(|token| Command::Token(Box::new(token))).map_err(Exit::config)
        }
        #[cfg(feature = "demo")]
        Commands::Demo(args) => demo(*args, env).map(Command::Demo),
        #[cfg(feature = "demo")]
        Commands::TestStreamer(args) => test_streamer(*args, env).map(Command::TestStreamer),
    }
}

/// [`parse`] for this process.
///
/// # Errors
/// As [`parse`].
pub fn parse_process() -> Result<Command, Exit> {
    parse(std::env::args_os(), &|name| std::env::var_os(name))
}

fn serve(args: ServeArgs, env: &dyn Fn(&str) -> Option<OsString>) -> Result<Start, Exit> {
    Start::native(args, env).map_err(Exit::config)
}

fn reference(asked: Result<start::Command, ConfigError>) -> Result<Command, Exit> {
    match asked.map_err(Exit::config)? {
        start::Command::Run(start) => Ok(Command::Serve(start)),
        start::Command::Say(text) => Err(Exit::said(text)),
    }
}

fn health(url: &str) -> Result<http::Uri, Exit> {
    let uri = url
        .parse()
        .ok()
        .filter(|uri: &http::Uri| uri.scheme_str() == Some("http") && uri.host().is_some_and(|host| !host.is_empty()));
    uri.ok_or_else(|| Exit::config(format_args!("--url: {url:?} cannot be asked; write http://HOST:PORT/healthz")))
}

#[cfg(feature = "bench")]
fn bench(mut args: BenchArgs, env: &dyn Fn(&str) -> Option<OsString>) -> Result<Box<BenchConfig>, Exit> {
    if let Some(common) = args.scenario.common_mut() {
        common.token = common.token.take().or_else(|| env("PIXELGATE_TOKEN")?.into_string().ok());
    }
    BenchConfig::read(&args).map(Box::new).map_err(Exit::config)
}

#[cfg(feature = "demo")]
fn demo(args: DemoArgs, env: &dyn Fn(&str) -> Option<OsString>) -> Result<Box<DemoConfig>, Exit> {
    let gateway = serve(args.serve, env)?.config;
    DemoConfig::read(args.streamers.as_deref(), &args.stream, gateway).map(Box::new).map_err(Exit::config)
}

#[cfg(feature = "demo")]
fn test_streamer(
    mut args: TestStreamerArgs,
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Box<TestStreamerConfig>, Exit> {
    args.token = args.token.or_else(|| env("PIXELGATE_TOKEN")?.into_string().ok());
    TestStreamerConfig::read(&args).map(Box::new).map_err(Exit::config)
}

/// clap's description, with the defaults in the help.
fn command() -> clap::Command {
    let command = Cli::command().mut_subcommand("serve", |serve| serve.mut_args(with_default));
    let command = command.mut_subcommand("check", |check| check.mut_args(with_default));
    #[cfg(feature = "demo")]
    let command = command.mut_subcommand("demo", |demo| demo.mut_args(with_default));
    command
}

fn with_default(arg: Arg) -> Arg {
    let Some(default) = arg.get_long().and_then(defaults::of) else { return arg };
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    arg.help(format!("{help} [default: {default}]"))
}

/// Help and version are no errors; everything else is one line.
fn refusal(command: &str, error: &clap::Error) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit { text: error.to_string(), code: 0, stdout: true },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Exit { text: error.to_string(), code: USAGE, stdout: false }
        }
        ErrorKind::UnknownArgument => {
            Exit::config(unknown(command, "flag", error, ContextKind::InvalidArg, ContextKind::SuggestedArg))
        }
        ErrorKind::InvalidSubcommand => {
            let (name, near) = (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand);
            Exit::config(unknown(command, "command", error, name, near))
        }
        _ => Exit::config(format_args!("{}; pixelgate {command} --help says how", first_line(error))),
    }
}

fn unknown(command: &str, what: &str, error: &clap::Error, name: ContextKind, near: ContextKind) -> String {
    let name = word(error, name).unwrap_or_default();
    match word(error, near) {
        Some(near) => format!("{name}: unknown {what}; did you mean {near}?"),
        None if what == "flag" => format!("{name}: unknown flag; pixelgate {command} --help lists them"),
        None => format!("{name}: unknown command; pixelgate --help lists them"),
    }
}

fn word(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(word) => Some(word.clone()),
        ContextValue::Strings(words) => words.first().cloned(),
        _ => None,
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
