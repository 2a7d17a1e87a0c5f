use std::time::Duration;

use super::super::cli::{Command, Exit, parse};
use super::super::{BenchConfig, Load, Output, Scenario, Server, Trust, Via};

fn run(args: &[&str]) -> Result<BenchConfig, Exit> {
    let args = ["pixelgate", "bench"].into_iter().chain(args.iter().copied());
    match parse(args, &|name| (name == "PIXELGATE_TOKEN").then(|| "from the environment".into())) {
        Ok(Command::Bench(config)) => Ok(*config),
        Ok(other) => panic!("{other:?}"),
        Err(exit) => Err(exit),
    }
}

#[test]
fn without_flags_there_are_defaults() {
    let config = run(&["relay"]).unwrap();
    let load = Load { streamers: 2, players: 40, in_flight: 4, size: 240 };
    assert_eq!(config.scenario, Scenario::Relay { load, rate: None, against_limit: false });
    assert_eq!(config.server, Server::Own { binary: None, streamers: Via::Ws, players: Via::Ws });
    let settings = config.settings;
    assert_eq!((settings.rounds, settings.time), (5, Duration::from_secs(2)));
    assert_eq!((settings.trust, settings.json, settings.plots), (Trust::System, None, None));
    assert_eq!(settings.token.as_deref(), Some("from the environment"));
    let sizes = vec![10, 100, 1000, 5000, 10_000, 20_000];
    assert_eq!(run(&["growth"]).unwrap().scenario, Scenario::Growth { sizes });
    assert_eq!(run(&["limit-server"]).unwrap().scenario, Scenario::LimitServer);
}

#[test]
fn everything_can_be_said() {
    let config = run(&[
        "join",
        "--at-once=3",
        "--against-limit",
        "--streamer-url=ws://h:8888",
        "--player-url=https://h:8443/player",
        "--server-pid=77",
        "--token=mine",
        "--insecure",
        "--rounds=7",
        "--time=300ms",
        "--json=-",
        "--plots=here",
    ])
    .unwrap();
    assert_eq!(config.scenario, Scenario::Join { at_once: 3, against_limit: true });
    assert_eq!(config.server.vias(), (Via::Ws, Via::WebTransport));
    let Server::At(place) = config.server else { panic!("{:?}", config.server) };
    assert_eq!(place.pid, Some(77));
    let settings = config.settings;
    assert_eq!((settings.rounds, settings.time), (7, Duration::from_millis(300)));
    assert_eq!((settings.trust, settings.json), (Trust::Anything, Some(Output::Stdout)));
    assert_eq!(settings.token.as_deref(), Some("mine"));
}

#[test]
fn what_cannot_be_used_is_refused_with_the_remedy() {
    let table: &[(&[&str], &str)] = &[
        (&["relay", "--players=0"], "pixelgate: --players: 0 is out of range; write 1 to 10000\n"),
        (&["relay", "--players=x"], "pixelgate: --players: \"x\" is no number; write 1 to 10000\n"),
        (
            &["relay", "--player-via=quick"],
            "pixelgate: --player-via: \"quick\" is no transport; did you mean \"quic\"?\n",
        ),
        (&["idle", "--time=2"], "pixelgate: --time: \"2\" has no unit; write 2s for seconds, 2ms for milliseconds\n"),
        (&["growth", "--sizes=10,0"], "pixelgate: --sizes: 0 is out of range; write 1 to 100000\n"),
        (&["slow", "--cert-hash=12"], "pixelgate: --cert-hash: \"12\" is no SHA-256; write 64 hexadecimal digits\n"),
    ];
    for (args, said) in table {
        let exit = run(args).unwrap_err();
        assert_eq!((exit.text.as_str(), exit.code), (*said, 64), "{args:?}");
    }
}

#[test]
fn secrets_stay_out_of_what_is_printed() {
    let config = run(&["relay", "--token=secret", "--streamer-url=ws://h/?token=secret", "--player-url=ws://h/p"]);
    let printed = format!("{:?}", config.unwrap());
    assert!(!printed.contains("secret"), "{printed}");
}
