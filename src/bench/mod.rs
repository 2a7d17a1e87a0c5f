//! `pixelgate bench`: a load generator for any signalling server of this protocol, ours or the reference's, with a
//! yardstick beside it.
//!
//! A scenario is measured in rounds; figures are medians, with their spread. Where there is something to compare with
//! ([`limit`]), server and yardstick take turns, so that whatever else the machine does meets both. The generator says
//! when it is itself the bottleneck, and which limit of the machine was met.

mod all;
mod child;
mod dial;
mod error;
mod fanout;
mod growth;
mod histogram;
mod idle;
mod join;
mod limit;
mod link;
mod machine;
mod message;
mod peer;
mod plot;
mod progress;
mod relay;
mod report;
mod scenarios;
mod site;
mod slow;
mod streamer;
mod subject;
mod targets;

use std::pin::pin;

use self::error::Failure;
use self::progress::Progress;
use self::report::{Outcome, Report};
use self::subject::{Subject, Yardstick};
use crate::config::cli::Exit;
use crate::config::{BenchConfig, LogFormat, Scenario, Settings};
use crate::serve::stop_signal;
use crate::telemetry;

/// What a scenario stands on.
struct Ground {
    settings: Settings,
    progress: Progress,
}

/// Measures, and reports.
///
/// # Errors
/// What kept it from measuring, as the process's last words.
pub fn bench(config: &BenchConfig) -> Result<(), Exit> {
    machine::raise_descriptors();
    if config.scenario == Scenario::LimitServer {
        return limit::serve().map_err(exit);
    }
    telemetry::start(&config.settings.log, LogFormat::Text).map_err(Exit::failure)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Exit::failure)?;
    let report = runtime.block_on(async {
        let stop = stop_signal().map_err(Exit::failure)?;
        let mut stop = pin!(stop);
        tokio::select! {
            measured = measure(config) => measured.map_err(exit),
            () = &mut stop => Err(exit(Failure::Stopped)),
        }
    })?;
    runtime.shutdown_background();
    if let Some(folder) = &config.settings.plots {
        plot::write(&report, folder).map_err(exit)?;
    }
    report.publish(config.settings.json.as_ref()).map_err(exit)
}

async fn measure(config: &BenchConfig) -> Result<Report, Failure> {
    let ground = |settings: Settings| Ground { settings, progress: Progress::new() };
    if let Scenario::All { quick } = config.scenario {
        let settings = if quick { all::quick(&config.settings) } else { config.settings.clone() };
        return all::measure(&ground(settings), config, quick).await;
    }
    let ground = ground(config.settings.clone());
    if let Scenario::Limit(load) = config.scenario {
        return Ok(Report::new(vec![
            scenarios::limit(&ground, &Yardstick::start()?, config.server.vias(), load).await?,
        ]));
    }
    let subject = Subject::reach(&config.server, &config.settings)?;
    one(&ground, &subject, &config.scenario).await.map(Report::new)
}

async fn one(ground: &Ground, subject: &Subject, scenario: &Scenario) -> Result<Vec<Outcome>, Failure> {
    let site = subject.site()?;
    let yardstick = |wanted: bool| wanted.then(Yardstick::start).transpose();
    Ok(match scenario {
        Scenario::Relay { load, rate, against_limit } => match yardstick(*against_limit)? {
            None => vec![scenarios::relay(ground, &site, *load, *rate).await?],
            Some(yardstick) => vec![scenarios::relay_against(ground, &site, &yardstick, *load).await?],
        },
        Scenario::Idle { sessions, waves, watching } => {
            vec![idle::measure(ground, &site, *sessions, *waves, *watching).await?]
        }
        Scenario::Join { at_once, against_limit } => {
            vec![join::measure(ground, &site, yardstick(*against_limit)?.as_ref(), *at_once).await?]
        }
        Scenario::Fanout { players, against_limit } => {
            vec![fanout::measure(ground, &site, yardstick(*against_limit)?.as_ref(), *players).await?]
        }
        Scenario::Growth { sizes } => {
            let mut outcomes = growth::measure(ground, &site, sizes, true).await?;
            outcomes.extend(growth::measure(ground, &site, sizes, false).await?);
            outcomes
        }
        Scenario::Slow { players } => vec![slow::measure(ground, &site, *players).await?],
        // These have no one server.
        Scenario::Limit(_) | Scenario::All { .. } | Scenario::LimitServer => Vec::new(),
    })
}

fn exit(failure: Failure) -> Exit {
    match failure {
        Failure::Asked(_) => Exit::config(failure),
        _ => Exit::failure(failure),
    }
}
