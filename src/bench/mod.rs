//! `pixelgate bench`: a load generator for any signalling server of this protocol, ours or the reference's, with a
//! yardstick beside it.
//!
//! A scenario is measured in rounds; figures are medians, with their spread. Where there is something to compare with
//! ([`limit`]), server and yardstick take turns, so that whatever else the machine does meets both. The generator says
//! when it is itself the bottleneck, and which limit of the machine was met.

#![allow(dead_code, reason = "the other scenarios come next")]

mod child;
mod dial;
mod error;
mod histogram;
mod idle;
mod limit;
mod link;
mod machine;
mod message;
mod peer;
mod progress;
mod relay;
mod report;
mod scenarios;
mod site;
mod streamer;
mod subject;
mod targets;

use std::pin::pin;

use self::error::Failure;
use self::progress::Progress;
use self::report::Report;
use self::subject::{Subject, Yardstick};
use crate::config::cli::Exit;
use crate::config::{BenchConfig, LogFormat, Scenario, Settings};
use crate::serve::stop_signal;
use crate::telemetry;

/// What a scenario stands on.
struct Ground {
    settings: Settings,
    progress: Progress,
    subject: Subject,
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
    report.publish(config.settings.json.as_ref()).map_err(exit)
}

async fn measure(config: &BenchConfig) -> Result<Report, Failure> {
    let subject = Subject::reach(&config.server, &config.settings)?;
    let ground = Ground { settings: config.settings.clone(), progress: Progress::new(), subject };
    let site = ground.subject.site()?;
    let outcome = match &config.scenario {
        Scenario::Relay { load, rate, against_limit: false } => scenarios::relay(&ground, &site, *load, *rate).await?,
        Scenario::Relay { load, .. } => scenarios::relay_against(&ground, &site, &Yardstick::start()?, *load).await?,
        Scenario::Limit(load) => scenarios::limit(&ground, &Yardstick::start()?, *load).await?,
        Scenario::Idle { sessions, waves, watching } => {
            idle::measure(&ground, &site, *sessions, *waves, *watching).await?
        }
        _ => return Err(Failure::Asked("not yet".into())),
    };
    Ok(Report::new(vec![outcome]))
}

fn exit(failure: Failure) -> Exit {
    match failure {
        Failure::Asked(_) => Exit::config(failure),
        _ => Exit::failure(failure),
    }
}
