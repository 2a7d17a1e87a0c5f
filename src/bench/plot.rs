//! Plots of a report, as SVG.

use std::path::Path;

use plotters::prelude::*;

use super::error::Failure;
use super::report::{Outcome, Report};

const SIZE: (u32, u32) = (960, 480);

/// The width of the plot; beside it is what its lines are.
const PLOT: i32 = 760;

type Drawn = Result<(), Box<dyn std::error::Error>>;

/// A line: its name, and its points.
type Line = (String, Vec<(f64, f64)>);

/// Writes what the report has the figures of: `latency.svg` and `growth.svg`.
pub(super) fn write(report: &Report, folder: &Path) -> Result<(), Failure> {
    let fail = |why: String| Failure::Write { path: folder.display().to_string(), why };
    std::fs::create_dir_all(folder).map_err(|error| fail(error.to_string()))?;
    let drawn = latency(report, &folder.join("latency.svg")).and_then(|()| growth(report, &folder.join("growth.svg")));
    drawn.map_err(|error| fail(error.to_string()))
}

/// Round trips over WebSocket, the yardstick's beside them, and those of the open loop over each transport.
fn latency(report: &Report, path: &Path) -> Drawn {
    const QUANTILES: [(&str, f64); 4] = [("p50_us", 0.5), ("p90_us", 0.9), ("p99_us", 0.99), ("p999_us", 0.999)];
    let line = |outcome: &Outcome, prefix: &str, name: &str| -> Option<Line> {
        let point = |(figure, quantile): (&str, f64)| {
            // Each nine is as far from the next.
            Some((1.0 / (1.0 - quantile), outcome.median(&format!("{prefix}latency_{figure}"))?))
        };
        let points: Vec<_> = QUANTILES.into_iter().filter_map(point).collect();
        (!points.is_empty()).then(|| (name.to_owned(), points))
    };
    let shown = |outcome: &&Outcome| outcome.setup.contains_key("rate") || outcome.setup["players_over"] == "ws";
    let relays = report.results.iter().filter(|outcome| outcome.scenario == "relay" && !outcome.figures.is_empty());
    let relays = relays.filter(shown);
    let lines: Vec<_> = relays
        .flat_map(|outcome| {
            let name = |key| outcome.setup.get(key).map(|value| value.to_string().replace('"', "")).unwrap_or_default();
            let load = if outcome.setup.contains_key("rate") {
                format!("{}/s", name("rate"))
            } else {
                format!("{}x{}x{}", name("streamers"), name("players_each"), name("in_flight"))
            };
            let name = format!("{} {load}", name("players_over"));
            [line(outcome, "", &name), line(outcome, "limit_", &format!("{name}, limit"))]
        })
        .flatten()
        .collect();
    draw(path, "Round trips", ("1 in so many is longer", "microseconds"), &lines)
}

/// Registrations and round trips among more and more streamers.
fn growth(report: &Report, path: &Path) -> Drawn {
    let sizes: Vec<_> = report.results.iter().filter(|outcome| outcome.scenario == "growth").collect();
    let line = |names: &str, figure: &str, what: &str| -> Line {
        let points = sizes.iter().filter(|outcome| outcome.setup["names"] == names);
        let points = points.filter_map(|outcome| Some((outcome.setup["streamers"].as_f64()?, outcome.median(figure)?)));
        (format!("{what}, {names} names"), points.collect())
    };
    let lines: Vec<_> = ["same", "different"]
        .into_iter()
        .flat_map(|names| [line(names, "register_p50_us", "register"), line(names, "latency_p50_us", "round trip")])
        .filter(|(_, points)| !points.is_empty())
        .collect();
    draw(path, "Among many streamers (p50)", ("streamers", "microseconds"), &lines)
}

fn draw(path: &Path, title: &str, (across, up): (&str, &str), lines: &[Line]) -> Drawn {
    let points = || lines.iter().flat_map(|(_, points)| points);
    if points().count() < 2 {
        return Ok(());
    }
    let over = |pick: fn(&(f64, f64)) -> f64| {
        let values = || points().map(pick);
        values().fold(f64::MAX, f64::min).max(1.0)..values().fold(0.0, f64::max) * 1.1 + 1.0
    };
    let (x, y) = (over(|(x, _)| *x), over(|(_, y)| *y));
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let (plot, legend) = area.split_horizontally(PLOT);
    let mut chart = ChartBuilder::on(&plot)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(x.log_scale(), y.log_scale())?;
    chart.configure_mesh().x_desc(across).y_desc(up).light_line_style(WHITE).draw()?;
    for (nth, (name, points)) in lines.iter().enumerate() {
        let colour = Palette99::pick(nth).stroke_width(2);
        chart.draw_series(LineSeries::new(points.iter().copied(), colour))?;
        let at = 60 + 20 * nth as i32;
        legend.draw(&PathElement::new([(4, at), (20, at)], colour))?;
        legend.draw(&Text::new(name.as_str(), (28, at - 5), ("sans-serif", 12)))?;
    }
    area.present()?;
    Ok(())
}
