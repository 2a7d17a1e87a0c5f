//! Everything that docs/performance.md has a figure of, with what is to be reached. Each scenario has a fresh gateway:
//! none meets the memory that another left.

use std::time::Duration;

use super::error::Failure;
use super::report::{Outcome, Report};
use super::subject::{Subject, Yardstick};
use super::targets::Aim;
use super::{Ground, fanout, growth, idle, join, scenarios, slow};
use crate::config::{BenchConfig, Load, Settings, Via};

/// How much of everything.
struct Scale {
    crowd: Load,
    /// Over QUIC.
    deep: Load,
    rate: u32,
    idle: usize,
    idle_quic: usize,
    fanout: usize,
    sizes: &'static [usize],
    slow: usize,
}

const FULL: Scale = Scale {
    crowd: Load { streamers: 2, players: 40, in_flight: 4, size: 240 },
    deep: Load { streamers: 2, players: 40, in_flight: 8, size: 240 },
    rate: 5000,
    idle: 5000,
    idle_quic: 2000,
    fanout: 5000,
    sizes: &[10, 100, 1000, 5000, 10_000, 20_000],
    slow: 5,
};

const QUICK: Scale = Scale {
    crowd: Load { streamers: 1, players: 2, in_flight: 4, size: 240 },
    deep: Load { streamers: 1, players: 2, in_flight: 8, size: 240 },
    rate: 500,
    idle: 20,
    idle_quic: 10,
    fanout: 20,
    sizes: &[10, 100],
    slow: 2,
};

const PAIR: Load = Load { streamers: 1, players: 1, in_flight: 1, size: 240 };

const WAVES: usize = 3;

fn at_least(measure: impl Into<String>, figure: &'static str, target: f64, stretch: f64) -> Aim {
    Aim { measure: measure.into(), figure, target, stretch, at_least: true }
}

fn at_most(measure: impl Into<String>, figure: &'static str, target: f64, stretch: f64) -> Aim {
    Aim { measure: measure.into(), figure, target, stretch, at_least: false }
}

/// How rounds are made when only whether it works is to be seen.
pub(super) fn quick(settings: &Settings) -> Settings {
    Settings { rounds: 2, time: Duration::from_millis(200), ..settings.clone() }
}

/// Measures everything.
pub(super) async fn measure(ground: &Ground, config: &BenchConfig, quick: bool) -> Result<Report, Failure> {
    let scale = if quick { QUICK } else { FULL };
    let mut all = All { ground, config, scale, report: Report::new(Vec::new()), yardstick: Yardstick::start()? };
    // One that fails does not take the figures of the others with it.
    let tried = [
        ("relay", all.relay().await),
        ("relay", all.open_loop().await),
        ("idle", all.idle().await),
        ("join", all.join().await),
        ("fanout", all.fanout().await),
        ("growth", all.growth().await),
        ("slow", all.slow().await),
    ];
    for (scenario, done) in tried {
        if let Err(failure) = done {
            let mut outcome = Outcome::new(scenario, []);
            outcome.note(format!("not measured: {failure}"));
            all.report.results.push(outcome);
        }
    }
    Ok(all.report)
}

struct All<'a> {
    ground: &'a Ground,
    config: &'a BenchConfig,
    scale: Scale,
    report: Report,
    yardstick: Yardstick,
}

impl All<'_> {
    fn fresh(&self) -> Result<Subject, Failure> {
        Subject::reach(&self.config.server, &self.config.settings)
    }

    fn add(&mut self, outcome: Outcome, aims: &[Aim]) {
        let rows = aims.iter().filter_map(|aim| aim.row(&outcome));
        self.report.targets.extend(rows);
        self.report.results.push(outcome);
    }

    /// The transports that can be had: all of the generator's own gateway, else those that were named.
    fn vias(&self, subject: &Subject) -> Vec<(Via, Via)> {
        if subject.is_own() { Via::ALL.map(|via| (via, via)).into() } else { vec![subject.vias()] }
    }

    async fn relay(&mut self) -> Result<(), Failure> {
        let cpu = |what: &str, target, stretch| {
            let measure = format!("relay {what}: CPU per message, to limit");
            at_most(measure, "ratio_server_cpu_us_per_message", target, stretch)
        };
        let aims = |via: Via| match via {
            Via::Ws => {
                vec![at_least("relay ws: messages/s, to limit", "ratio_messages_per_s", 0.8, 0.95), cpu("ws", 1.3, 1.1)]
            }
            Via::Wss => vec![],
            Via::WebTransport | Via::Quic => vec![cpu(via.name(), 1.2, 1.05)],
        };
        let subject = self.fresh()?;
        for vias in self.vias(&subject) {
            let load = if matches!(vias.1, Via::WebTransport | Via::Quic) { self.scale.deep } else { self.scale.crowd };
            let site = subject.site_over(vias)?;
            let outcome = scenarios::relay_against(self.ground, &site, &self.yardstick, load).await?;
            self.add(outcome, &aims(vias.1));
        }
        let site = subject.site()?;
        let outcome = scenarios::relay_against(self.ground, &site, &self.yardstick, PAIR).await?;
        self.add(outcome, &[at_most("relay, one pair: round trip p50, to limit", "ratio_latency_p50_us", 1.15, 1.05)]);
        Ok(())
    }

    async fn open_loop(&mut self) -> Result<(), Failure> {
        let subject = self.fresh()?;
        for vias in self.vias(&subject) {
            let site = subject.site_over(vias)?;
            let outcome = scenarios::relay(self.ground, &site, self.scale.crowd, Some(self.scale.rate)).await?;
            let none = |figure| at_most(format!("open loop {}: {figure}", vias.1.name()), figure, 0.0, 0.0);
            let aims = [none("lost"), none("reordered")];
            self.add(outcome, &aims);
        }
        Ok(())
    }

    async fn idle(&mut self) -> Result<(), Failure> {
        let memory = |via: Via| match via {
            Via::Ws => (10.0, 7.0),
            Via::Wss => (18.0, 14.0),
            Via::Quic => (45.0, 36.0),
            Via::WebTransport => (78.0, 60.0),
        };
        let vias = self.vias(&self.fresh()?);
        for vias in vias {
            let quic = matches!(vias.1, Via::WebTransport | Via::Quic);
            let sessions = if quic { self.scale.idle_quic } else { self.scale.idle };
            let subject = self.fresh()?;
            let site = subject.site_over(vias)?;
            let outcome = idle::measure(self.ground, &site, sessions, WAVES, false).await?;
            let (name, (target, stretch)) = (vias.1.name(), memory(vias.1));
            let aims = [
                at_most(format!("idle player, {name}: KiB"), "memory_per_session_kib", target, stretch),
                at_most(format!("waves, {name}: memory, to the first"), "held_ratio", 1.1, 1.02),
            ];
            self.add(outcome, &aims);
        }
        Ok(())
    }

    async fn join(&mut self) -> Result<(), Failure> {
        let subject = self.fresh()?;
        let outcome = join::measure(self.ground, &subject.site()?, Some(&self.yardstick), 8).await?;
        self.add(outcome, &[at_least("join ws, 8 at once: joins/s, to limit", "ratio_joins_per_s", 0.5, 0.8)]);
        Ok(())
    }

    async fn fanout(&mut self) -> Result<(), Failure> {
        let subject = self.fresh()?;
        let outcome = fanout::measure(self.ground, &subject.site()?, Some(&self.yardstick), self.scale.fanout).await?;
        self.add(outcome, &[at_most("fan-out ws: the last player, to a bare loop", "ratio_fanout_last_ms", 1.3, 1.1)]);
        Ok(())
    }

    async fn slow(&mut self) -> Result<(), Failure> {
        let subject = self.fresh()?;
        let outcome = slow::measure(self.ground, &subject.site()?, self.scale.slow).await?;
        self.add(outcome, &[]);
        Ok(())
    }

    async fn growth(&mut self) -> Result<(), Failure> {
        for same in [true, false] {
            let subject = self.fresh()?;
            let outcomes = growth::measure(self.ground, &subject.site()?, self.scale.sizes, same).await?;
            let names = if same { "same names" } else { "different names" };
            let aims = [
                at_most(format!("{names}: the last registration, to the 100th"), "register_growth", 1.5, 1.1),
                at_most(format!("{names}: round trip, to that among few"), "latency_growth", 1.2, 1.05),
            ];
            outcomes.into_iter().for_each(|outcome| self.add(outcome, &aims));
        }
        Ok(())
    }
}
