use super::super::cli::{Command, Exit, parse};
use super::super::{DemoConfig, Size, StreamConfig, TestStreamerConfig, Trust};

fn run(args: &[&str]) -> Result<Command, Exit> {
    parse(std::iter::once("pixelgate").chain(args.iter().copied()), &|_| None)
}

fn test_streamer(args: &[&str]) -> TestStreamerConfig {
    match run(&[&["test-streamer"], args].concat()) {
        Ok(Command::TestStreamer(config)) => *config,
        other => panic!("{other:?}"),
    }
}

fn demo(args: &[&str]) -> DemoConfig {
    match run(&[&["demo"], args].concat()) {
        Ok(Command::Demo(config)) => *config,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_flags_there_are_defaults() {
    let config = test_streamer(&[]);
    assert_eq!((config.url.to_string().as_str(), config.id.as_str()), ("ws://localhost:8888/", "TestStreamer"));
    assert_eq!(config.stream, StreamConfig::default());
    assert_eq!((config.trust, config.token), (Trust::System, None));
    let StreamConfig { size, fps, bitrate, max_players, simulcast } = StreamConfig::default();
    assert_eq!((size, fps, bitrate), (Size { width: 1280, height: 720 }, 30, 4_000_000));
    assert_eq!((max_players, simulcast), (16, false));
    assert_eq!((demo(&[]).streamers, demo(&[]).gateway), (1, super::super::Config::default()));
}

#[test]
fn everything_can_be_said() {
    let config = test_streamer(&[
        "--url=quic://[::1]:8443/streamer",
        "--id=Rückseite",
        "--size=640x360",
        "--fps=25",
        "--bitrate=1.5M",
        "--max-players=3",
        "--simulcast",
        "--token=secret",
        "--insecure",
        "--log=debug",
    ]);
    let size = Size { width: 640, height: 360 };
    let stream = StreamConfig { size, fps: 25, bitrate: 1_500_000, max_players: 3, simulcast: true };
    assert_eq!((config.stream, config.id.as_str()), (stream, "Rückseite"));
    assert_eq!((config.token.as_deref(), &config.trust), (Some("secret"), &Trust::Anything));
    assert!(!format!("{config:?}").contains("secret"));

    let hash = "0a".repeat(32);
    assert_eq!(test_streamer(&["--cert-hash", &hash]).trust, Trust::Hash([10; 32]));
    assert_eq!(test_streamer(&["--cert-hash", &vec!["0A"; 32].join(":")]).trust, Trust::Hash([10; 32]));
}

#[test]
fn a_token_may_stand_in_the_environment() {
    let parsed = parse(["pixelgate", "test-streamer"], &|name| (name == "PIXELGATE_TOKEN").then(|| "t".into()));
    let Ok(Command::TestStreamer(config)) = parsed else { panic!("{parsed:?}") };
    assert_eq!(config.token.as_deref(), Some("t"));
}

#[test]
fn a_demo_takes_the_flags_of_serve_too() {
    let config = demo(&["--streamers=2", "--fps=15", "--http=localhost:0", "--max-players=5"]);
    assert_eq!((config.streamers, config.stream.fps, config.stream.max_players), (2, 15, 5));
    assert_eq!(config.gateway.max_players, Some(5));
    assert_eq!(demo(&[]).stream.max_players, 256);
}

#[test]
fn a_mistake_is_one_line_with_the_remedy() {
    let url_remedy = "write ws://HOST:PORT, wss://…, https://… (WebTransport) or quic://…";
    let id_remedy = "write 1 to 128 characters, none of them control characters";
    let long = "x".repeat(129);
    let table = [
        ("--url=localhost:8888", format!("--url: \"localhost:8888\" is no URL; {url_remedy}")),
        ("--url=", format!("--url: \"\" is no URL; {url_remedy}")),
        ("--url=http://h/", format!("--url: http cannot be spoken; {url_remedy}")),
        ("--id=", format!("--id: not an id; {id_remedy}")),
        (&format!("--id={long}"), format!("--id: not an id; {id_remedy}")),
        ("--size=big", "--size: \"big\" is no size; write width and height, such as 1280x720".into()),
        ("--size=32x32", "--size: 32x32 is out of range; write 160x90 to 1920x1080".into()),
        ("--size=7680x4320", "--size: 7680x4320 is out of range; write 160x90 to 1920x1080".into()),
        ("--size=641x361", "--size: 641x361 is odd; write 640x360".into()),
        ("--fps=0", "--fps: 0 is out of range; write 1 to 60".into()),
        ("--fps=-1", "--fps: \"-1\" is no number; write 1 to 60".into()),
        ("--bitrate=1k", "--bitrate: 1k is out of range; write 100000 to 50000000".into()),
        ("--bitrate=9000M", "--bitrate: 9000M is out of range; write 100000 to 50000000".into()),
        ("--bitrate=fast", "--bitrate: \"fast\" is no number; write 100000 to 50000000".into()),
        ("--max-players=0", "--max-players: 0 is out of range; write 1 to 256".into()),
        ("--cert-hash=00", "--cert-hash: \"00\" is no SHA-256; write 64 hexadecimal digits".into()),
        ("--sise=3", "--sise: unknown flag; did you mean --size?".into()),
        ("--xyz=3", "--xyz: unknown flag; pixelgate test-streamer --help lists them".into()),
    ];
    for (flag, expected) in table {
        let exit = run(&["test-streamer", flag]).unwrap_err();
        assert_eq!((exit.text.as_str(), exit.code), (format!("pixelgate: {expected}\n").as_str(), 64));
    }
    let exit = run(&["demo", "--streamers=99"]).unwrap_err();
    assert_eq!(exit.text, "pixelgate: --streamers: 99 is out of range; write 1 to 16\n");
}
