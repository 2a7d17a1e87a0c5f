use super::super::cli::{Command, Exit, parse};
use super::super::{ServeArgs, defaults, env_name};

fn run(args: &[&str]) -> Result<Command, Exit> {
    parse(std::iter::once("pixelgate").chain(args.iter().copied()), &|_| None)
}

fn refusal(args: &[&str]) -> String {
    let exit = run(args).unwrap_err();
    assert_eq!((exit.code, exit.stdout), (64, false), "{}", exit.text);
    exit.text
}

#[test]
fn without_a_command_there_is_help_and_64() {
    let text = refusal(&[]);
    assert!(
        text.contains("Usage: pixelgate") && text.contains("  serve ") && text.contains("  Run the gateway"),
        "{text}"
    );
}

#[test]
fn help_and_version_are_no_errors() {
    for args in [&["--help"][..], &["help"], &["--version"], &["serve", "--help"], &["serve", "-h"]] {
        let exit = run(args).unwrap_err();
        assert_eq!((exit.code, exit.stdout), (0, true), "{args:?}");
    }
    let version = run(&["--version"]).unwrap_err().text;
    assert_eq!(version, format!("pixelgate {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_help_names_every_flag_with_its_default() {
    let help = run(&["serve", "--help"]).unwrap_err().text;
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for key in ServeArgs::keys() {
        let flag = format!("--{key}");
        assert!(words.contains(&format!("{flag} ")) || words.contains(&format!("{flag}[")), "{key}");
    }
    for (_, default) in defaults::DEFAULTS {
        assert!(words.contains(&format!("[default: {default}]")), "{default}");
    }
}

#[test]
fn every_flag_has_its_variable() {
    assert_eq!(env_name("max-players"), "PIXELGATE_MAX_PLAYERS");
}

#[test]
fn a_mistake_is_one_line_and_64() {
    let table: [(&[&str], &str); 8] = [
        (&["serve", "--htp", "off"], "--htp: unknown flag; did you mean --http?"),
        (&["serve", "--colour"], "--colour: unknown flag; pixelgate serve --help lists them"),
        (&["serve", "-x"], "-x: unknown flag; pixelgate serve --help lists them"),
        (&["serv"], "serv: unknown command; did you mean serve?"),
        (&["dance"], "dance: unknown command; pixelgate --help lists them"),
        (
            &["serve", "--http"],
            "a value is required for '--http <ADDRESS|off>' but none was supplied; pixelgate serve --help says how",
        ),
        (
            &["serve", "--http", "off", "--http", "off"],
            "the argument '--http <ADDRESS|off>' cannot be used multiple times; pixelgate serve --help says how",
        ),
        (
            &["serve", "--max-players", "-1"],
            "--max-players: \"-1\" is no number of players; write a whole number, 0 for no limit",
        ),
    ];
    for (args, expected) in table {
        assert_eq!(refusal(args), format!("pixelgate: {expected}\n"));
    }
}

#[test]
fn health_is_asked_of_the_operators_listener_unless_told_otherwise() {
    let asked = |args: &[&str]| run(args).unwrap();
    let at = |url: &str| Command::Health(url.parse().unwrap());
    assert_eq!(asked(&["health"]), at(&format!("http://{}/healthz", defaults::of("admin").unwrap())));
    assert_eq!(asked(&["health", "--url", "http://[::1]:9/readyz"]), at("http://[::1]:9/readyz"));
    for url in ["https://localhost/healthz", "localhost:9090", "/healthz", "http:///healthz", "http://a b/", ""] {
        let expected = format!("pixelgate: --url: {url:?} cannot be asked; write http://HOST:PORT/healthz\n");
        assert_eq!(refusal(&["health", "--url", url]), expected);
    }
}

#[test]
fn other_failures_are_not_called_configuration() {
    let exit = Exit::failure("port in use");
    assert_eq!((exit.code, exit.text.as_str()), (1, "pixelgate: port in use\n"));
}
