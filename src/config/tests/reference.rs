//! The reference servers' words, and the file that says the same.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::super::cli::{Command, Exit, parse};
use super::super::{Config, Start};
use super::Places;

fn run(server: &str, args: &[String]) -> Result<Command, Exit> {
    let head = ["pixelgate", server].map(str::to_owned);
    parse(head.into_iter().chain(args.iter().cloned()), &|_| None)
}

fn start(server: &str, args: &[String]) -> Start {
    match run(server, args) {
        Ok(Command::Serve(start)) => *start,
        other => panic!("{args:?}: {other:?}"),
    }
}

/// The file that `--print-config` prints, read as the file of `pixelgate serve`.
fn printed(server: &str, args: &[String]) -> Config {
    let flag = if server == "wilbur" { "--print_config" } else { "--PrintConfig" };
    let exit = run(server, &[args, &[flag.to_owned()]].concat()).unwrap_err();
    assert_eq!((exit.code, exit.stdout), (0, true), "{}", exit.text);
    Places::new().file(&exit.text).config()
}

/// One of many ways to say something, or nothing.
fn words(server: &'static str) -> impl Strategy<Value = Vec<String>> {
    let wilbur: &[&str] = &[
        "--serve",
        "--https",
        "--https_port=8443",
        "--https_redirect",
        "--rest_api",
        "--cors",
        "--cors_allowed_origins=https://a.example,https://b.example:8443",
        "--cors_allowed_methods=get,POST",
        "--cors_allowed_headers=content-type,x-thing",
        "--cors_credentials",
        "--http_root=src",
        "--homepage=a page.html",
        "--reverse-proxy",
        "--reverse-proxy-num-proxies=3",
        "--reverse_proxy_from=10.0.0.0/8,127.0.0.1",
        "--peer_options={\"iceServers\":[{\"urls\":[\"stun:s\"],\"x\":\"quo\\\"te\\\\\"}]}",
        "--log_folder=some where",
        "--log_level_console=warning",
        "--log_level_file=error",
        "--console_messages=formatted",
        "--log_config",
        "--stdin",
        "--turn_secret='''\"",
        "--turn_ttl=999999",
        "--player_token=t",
        "--max_players=7",
        "--streamer_port=1",
        "--player_port=2",
        "--sfu_port=3",
        "--dialect=wilbur-5.5",
        "--admin=localhost:9",
        "--admin-token=secret",
        "--admin_hosts=a.example,b.example",
        "--allowed_origins=https://a.example",
        "--announce=-",
        "--limits=loopback",
        "--drain-grace=1s",
        "--unheard-of=1",
    ];
    let cirrus: &[&str] = &[
        "--UseHTTPS=true",
        "--UseMatchmaker",
        "--MatchmakerAddress=::1",
        "--MatchmakerPort=1",
        "--MatchmakerRetryInterval=9",
        "--PublicIp=play.example",
        "--LogToFile=false",
        "--LogVerbose=false",
        "--HomepageFile=a.html",
        "--HttpRoot=src",
        "--AdditionalRoutes={\"/a\":\"src\",\"/b/c\":\"web\"}",
        "--EnableWebserver=false",
        "--HttpPort=4",
        "--HttpsPort=5",
        "--StreamerPort=6",
        "--SFUPort=7",
        "--MaxPlayerCount=8",
        "--DisableSSLCert=false",
        "--peerConnectionOptions={\"a\":1}",
        "--dialect=wilbur",
        "--UseFrontend",
    ];
    let all = if server == "wilbur" { wilbur } else { cirrus };
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    let most = all.len();
    subsequence(all, 0..=most).prop_shuffle()
}

fn cases() -> ProptestConfig {
    ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    /// The file says the same as the command line.
    #[test]
    fn what_is_printed_is_what_takes_effect(
        (server, args) in select(vec!["wilbur", "cirrus"]).prop_flat_map(|server| (Just(server), words(server)))
    ) {
        let mut args = args;
        if server == "cirrus" && !args.iter().any(|arg| arg.starts_with("--dialect")) {
            args.push("--dialect=standard".to_owned());
        }
        prop_assert_eq!(printed(server, &args), start(server, &args).config);
    }

    /// Whatever is written, there is an answer.
    #[test]
    fn no_words_are_too_strange(args in proptest::collection::vec("(--)?[a-z_]{0,12}(=.{0,8})?", 0..6)) {
        let _ = run("wilbur", &args);
        let _ = run("cirrus", &args);
    }
}

/// The texts of one line.
fn lines(text: &[&str]) -> Vec<String> {
    text.iter().map(ToString::to_string).collect()
}

#[test]
fn words_stand_as_the_servers_take_them() {
    let cirrus = |args: &[&str]| start("cirrus", &[lines(args), lines(&["--dialect", "standard"])].concat()).config;
    let config = cirrus(&["--UseMatchmaker", "true", "--LogToFile", "--MaxPlayerCount", "-1", "--HttpPort", "8080"]);
    assert!(config.matchmaker.is_some() && config.log_folder.is_some() && config.max_players.is_none());
    assert_eq!(config.listener("http").unwrap().addr.port(), Some(8080));
    assert!(cirrus(&["--UseMatchmaker", "false", "--LogToFile=false"]).log_folder.is_none());
    let config = start("wilbur", &lines(&["--console_messages", "--serve", "--https_port", "1"])).config;
    assert_eq!(config.console_messages, super::super::ConsoleMessages::Basic);
    assert!(config.listener("https").unwrap().pages);
    let exit = run("wilbur", &lines(&["--player_port", "--serve"])).unwrap_err();
    assert_eq!(exit.text, "pixelgate: --player_port: its value is missing; write it after the option\n");
}

#[test]
fn the_command_line_overrides_the_file_and_that_the_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.json");
    std::fs::write(&path, r#"{"max_players": 3, "streamer_port": "7001", "sfu_port": 0, "stdin": false}"#).unwrap();
    let file = format!("--config_file={}", path.display());
    let config = start("wilbur", &[file.clone(), "--streamer_port".into(), "7002".into()]).config;
    let port = |name: &str| config.listener(name).unwrap().addr.port().unwrap();
    assert_eq!((config.max_players, port("streamer"), port("sfu"), port("http")), (Some(3), 7002, 8889, 80));
    let without = start("wilbur", &lines(&[&file, "--no_config"])).config;
    assert_eq!(without.max_players, None);
}

/// A saved file names every port; only the command line's implies.
#[test]
fn the_https_port_implies_https_on_the_command_line_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.json");
    std::fs::write(
        &path,
        r#"{"https": false, "https_port": 443, "reverse_proxy": false, "reverse_proxy_num_proxies": 1}"#,
    )
    .unwrap();
    let file = format!("--config_file={}", path.display());
    let config = start("wilbur", std::slice::from_ref(&file)).config;
    assert!(config.listener("https").is_none() && config.proxies.trusted.is_empty());
    let config = start("wilbur", &lines(&[&file, "--https_port", "8443", "--reverse-proxy-num-proxies", "2"])).config;
    assert!(config.listener("https").unwrap().quic && !config.proxies.trusted.is_empty());
    assert_eq!(config.proxies.hops, 2);
}

#[test]
fn what_is_not_known_is_ignored_with_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.json");
    std::fs::write(&path, r#"{"frobnicate": [1]}"#).unwrap();
    let file = format!("--config_file={}", path.display());
    let start = start("wilbur", &lines(&[&file, "--public_ip", "1.2.3.4", "--matchmaker", "stray", "--serve"]));
    for expected in
        ["config.json: frobnicate: unknown, ignored", "--public_ip: unknown, ignored", "--matchmaker: unknown"]
    {
        assert!(start.warnings.iter().any(|warning| warning.contains(expected)), "{expected}: {:?}", start.warnings);
    }
    assert!(start.config.listener("http").unwrap().pages, "--serve is no value of what is not known");
}

#[test]
fn mistakes_are_named_in_its_own_words() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.json");
    let file = format!("--config_file={}", path.display());
    let cases = [
        ("{}", "--player_port=http", r#"--player_port: "http" is no port; write a number from 0 to 65535"#),
        (
            "{}",
            "--max_players=x",
            r#"--max_players: "x" is no number of players; write a whole number, 0 for no limit"#,
        ),
        ("{}", "--log_level_file=loud", r#"--log_level_file: "loud" is no level; write one of debug, info"#),
        ("{}", "--console_messages=x", r#"--console_messages: "x" is none of off, basic"#),
        ("{}", "--peer_options=[]", "--peer_options: not a JSON object;"),
        ("{}", "--turn_ttl=soon", r#"--turn_ttl: "soon" is no number of seconds;"#),
        (r#"{"max_players":-1}"#, "", r#"config.json: max_players: "-1" is no number of players;"#),
        ("[]", "", "config.json: not a JSON object ("),
        ("{", "", "config.json: not a JSON object ("),
    ];
    for (text, arg, expected) in cases {
        std::fs::write(&path, text).unwrap();
        let exit = run("wilbur", &lines(&[&file, arg])).unwrap_err();
        assert_eq!((exit.code, exit.stdout), (64, false));
        let said = exit.text.replace(&format!("{}/", dir.path().display()), "");
        assert!(said.starts_with(&format!("pixelgate: {expected}")), "{said}");
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for server in ["wilbur", "cirrus"] {
        for (arg, expected) in [("--help", "Usage: pixelgate "), ("-h", "Options:"), ("--version", "pixelgate 0")] {
            let exit = run(server, &lines(&[arg])).unwrap_err();
            assert_eq!((exit.code, exit.stdout), (0, true));
            assert!(exit.text.contains(expected), "{}", exit.text);
        }
    }
}

#[test]
fn what_has_no_effect_is_said() {
    let said = start("wilbur", &lines(&["--turn_secret=hunter2"]));
    let about = |what: &str| said.warnings.iter().any(|warning| warning.contains(what));
    assert!(about("turn secret has no effect"), "{:?}", said.warnings);
    assert!(!format!("{:?}", said.options).contains("hunter"), "{:?}", said.options);
}

/// As the reference servers' are: but it is said.
#[test]
fn the_ports_are_open_and_that_is_said() {
    for (server, arg, whom) in [
        ("wilbur", "--serve", "streamers, SFUs and players need no token"),
        ("wilbur", "--player_token=t", "streamers and SFUs need no token"),
        ("cirrus", "--LogVerbose=true", "streamers, SFUs and players need no token"),
    ] {
        let said = start(server, &lines(&[arg]));
        assert!(said.warnings.iter().any(|warning| warning.starts_with(whom)), "{:?}", said.warnings);
        assert_eq!(said.config.auth.open, crate::config::Roles::ALL);
    }
    let asked = start("wilbur", &lines(&["--player_token=t"])).config.auth;
    let has_rule = |role| asked.has_rule(role);
    assert!(has_rule(crate::wire::Role::Player) && !has_rule(crate::wire::Role::Streamer));
}
