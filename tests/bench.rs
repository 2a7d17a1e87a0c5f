//! `pixelgate bench`: every scenario over every transport, for moments. Nothing here is about how long something takes.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use pixelgate::hub::Dialect;
use pixelgate::wire::Role;
use serde_json::Value;
use support::{Lab, Via};

/// What it says, and how it ends.
fn bench(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pixelgate"));
    command.arg("bench").args(args).stdin(Stdio::null()).output().expect("the binary runs")
}

/// The report of a run, which is as it is documented.
fn report(args: &[&str]) -> Value {
    let output = bench(&[args, &["--json", "-"]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    let report = serde_json::from_slice(&output.stdout).expect("JSON alone on standard output");
    Documented::read().check(&report);
    report
}

/// One round of a moment.
fn moment(args: &[&str]) -> Value {
    report(&[args, &["--rounds", "1", "--time", "100ms"]].concat())
}

fn figure(report: &Value, name: &str) -> f64 {
    let figure = report["results"][0]["figures"][name]["median"].as_f64();
    figure.unwrap_or_else(|| panic!("{name} in {report:#}"))
}

/// What docs/performance.md says of the report.
struct Documented {
    members: BTreeSet<String>,
    scenarios: BTreeSet<String>,
    figures: BTreeMap<String, String>,
}

impl Documented {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
        let text = fs::read_to_string(path).expect("the page is there");
        let table = |head: &str| {
            let rows = text.split_once(head).expect("the table is there").1.lines().skip(1);
            let rows = rows.skip_while(|line| line.starts_with("|-")).take_while(|line| line.starts_with('|'));
            rows.map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>())
                .map(|cells| (cells[1].clone(), cells[2].clone()))
                .collect::<BTreeMap<_, _>>()
        };
        Self {
            members: table("| member | what |").into_keys().collect(),
            scenarios: table("| scenario | what happens |").into_keys().collect(),
            figures: table("| figure | unit | what |"),
        }
    }

    fn check(&self, report: &Value) {
        let members: BTreeSet<_> = report.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(members, self.members);
        assert_eq!(report["format"], 1);
        for result in report["results"].as_array().expect("a list") {
            let scenario = result["scenario"].as_str().expect("a name");
            assert!(self.scenarios.contains(scenario), "{scenario}");
            assert!(result["setup"]["players_over"].is_string(), "{result:#}");
            assert!(result["notes"].as_array().expect("a list").iter().all(Value::is_string));
            for (name, figure) in result["figures"].as_object().expect("an object") {
                self.check_figure(name, figure);
            }
        }
        for row in report["targets"].as_array().expect("a list") {
            let members: Vec<_> = row.as_object().expect("an object").keys().map(String::as_str).collect();
            assert_eq!(members, ["at_least", "max", "measure", "min", "reached", "stretch", "target", "value"]);
        }
    }

    fn check_figure(&self, name: &str, figure: &Value) {
        let plain = name.strip_prefix("ratio_").or(name.strip_prefix("limit_")).unwrap_or(name);
        let unit = self.figures.get(plain).unwrap_or_else(|| panic!("{name} is not documented"));
        assert_eq!(figure["unit"], if name.starts_with("ratio_") { "" } else { unit }, "{name}");
        let rounds: Vec<_> = figure["rounds"].as_array().expect("a list").iter().filter_map(Value::as_f64).collect();
        let of = |what: &str| figure[what].as_f64().expect("a number");
        let least = rounds.iter().copied().fold(f64::MAX, f64::min);
        let most = rounds.iter().copied().fold(f64::MIN, f64::max);
        assert_eq!((of("min"), of("max")), (least, most), "{name}");
        assert!((least..=most).contains(&of("median")), "{name}: {figure}");
    }
}

fn every_scenario(via: Via) {
    let over = ["--streamer-via", via.name(), "--player-via", via.name()];
    let moment = |args: &[&str]| moment(&[args, &over].concat());
    let crowd = ["--streamers", "2", "--players", "2"];

    let closed = moment(&[&["relay", "--against-limit"], &crowd[..]].concat());
    for name in ["messages_per_s", "limit_messages_per_s", "latency_p50_us"] {
        assert!(figure(&closed, name) > 0.0, "{name}");
    }
    for name in ["lost", "reordered", "duplicated", "limit_lost"] {
        assert!(figure(&closed, name) == 0.0, "{name}");
    }

    let open = moment(&[&["relay", "--rate", "1000"], &crowd[..]].concat());
    // What is due in the round and its warm-up: 125 and some.
    assert!(figure(&open, "sent") >= 100.0);
    for name in ["lost", "reordered", "duplicated"] {
        assert!(figure(&open, name) == 0.0, "{name}");
    }

    assert!(figure(&moment(&["join", "--at-once", "2", "--against-limit"]), "joins_per_s") > 0.0);
    assert!(figure(&moment(&["fanout", "--players", "10"]), "fanout_last_ms") > 0.0);
    assert!(figure(&moment(&["growth", "--sizes", "10"]), "register_p50_us") > 0.0);
    assert!(figure(&moment(&["slow", "--players", "2"]), "slow_latency_p50_us") > 0.0);
    if cfg!(target_os = "linux") {
        let idle = moment(&["idle", "--sessions", "10", "--waves", "2", "--watching"]);
        assert!(figure(&idle, "held_mib") > 0.0);
        assert_eq!(idle["results"][0]["figures"]["held_mib"]["rounds"].as_array().map(Vec::len), Some(2));
        assert!(figure(&closed, "server_cpu_us_per_message") > 0.0);
    }
}

#[test]
fn every_scenario_over_ws() {
    every_scenario(Via::Ws);
}

#[test]
fn every_scenario_over_wss() {
    every_scenario(Via::Wss);
}

#[test]
fn every_scenario_over_webtransport() {
    every_scenario(Via::WebTransport);
}

#[test]
fn every_scenario_over_quic() {
    every_scenario(Via::Quic);
}

#[test]
fn the_yardstick_is_measured_itself() {
    let report = moment(&["limit", "--streamers", "1", "--players", "2"]);
    for name in ["messages_per_s", "bytes_messages_per_s", "of_bytes"] {
        assert!(figure(&report, name) > 0.0, "{name}");
    }
}

/// `all` makes every figure that is documented, judges each measure, and draws.
#[cfg(target_os = "linux")]
#[test]
fn everything_at_once() {
    let plots = tempfile::tempdir().expect("a folder");
    let report = report(&["all", "--quick", "--plots", plots.path().to_str().expect("UTF-8")]);
    let results = report["results"].as_array().expect("a list");
    let made = results.iter().flat_map(|result| result["figures"].as_object().expect("an object").keys().cloned());
    let made: BTreeSet<_> = made.filter(|name| !name.starts_with("ratio_") && !name.starts_with("limit_")).collect();
    assert_eq!(made, Documented::read().figures.into_keys().collect());
    // Relaying, the open loop and idle players over each transport, joins, fan-out, and names of two kinds.
    let targets = report["targets"].as_array().expect("a list");
    assert_eq!(targets.len(), 5 + 8 + 8 + 1 + 1 + 4, "{targets:#?}");
    for name in ["latency.svg", "growth.svg"] {
        let text = fs::read_to_string(plots.path().join(name)).expect("a plot");
        assert!(text.starts_with("<svg") && text.contains("<polyline"), "{name}");
    }
}

/// A server that runs already, and greets as the reference server does: identify before config, no playerCount.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_kind() {
    let lab = Lab::speaking(Dialect::WILBUR);
    let hashes = lab.gateway().certificates().expect("one of its own").published_hashes();
    let hash = hashes[0].to_string();
    let pid = std::process::id().to_string();
    for (streamers, players) in [(Via::Ws, Via::Wss), (Via::Wss, Via::Ws), (Via::Quic, Via::WebTransport)] {
        let (streamers, players) = (lab.url(streamers, Role::Streamer), lab.url(players, Role::Player));
        let place = ["--streamer-url", &streamers, "--player-url", &players, "--cert-hash", &hash];
        let args = [&["relay", "--players", "2", "--server-pid", &pid, "--rounds", "1", "--time", "100ms"], &place[..]];
        let args: Vec<_> = args.concat().into_iter().map(str::to_owned).collect();
        let run = tokio::task::spawn_blocking(move || report(&args.iter().map(String::as_str).collect::<Vec<_>>()));
        let report = run.await.expect("the run ends");
        assert!(figure(&report, "messages_per_s") > 0.0);
        assert!(figure(&report, "lost") == 0.0);
    }
}

#[test]
fn nobody_there_is_said_so() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/player", nobody.local_addr().expect("bound"));
    drop(nobody);
    let output = bench(&["relay", "--streamer-url", &url, "--player-url", &url]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("refused") && said.contains("listen there?"), "{said}");
}
