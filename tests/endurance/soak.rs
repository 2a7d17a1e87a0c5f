//! Sessions of all kinds come and go: nothing of them stays.
//!
//! `PIXELGATE_SOAK_SECONDS` asks for the long form. A run is cut into 20 bins (minutes, when it lasts 20 of them). After
//! the fifth, the medians of resident memory and of descriptors must not grow (see [`trend`]).
//!
//! glibc's allocator keeps what a process had at its busiest moment, in use or not: its resident memory is a record, and
//! records only grow. The long form is for a gateway with the feature `jemalloc`, as it is packaged, which gives back:
//! what is resident is what is in use, and a leak shows.

#[path = "soak/parts.rs"]
mod parts;
#[path = "soak/places.rs"]
mod places;
#[path = "soak/trend.rs"]
mod trend;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pixelgate::client::{Client, Options};
use pixelgate::transport::Keepalive;
use pixelgate::wire::Role;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::parts::Cast;
use self::places::{Exit, Pace, Place, Tally, World};
use self::trend::{Trend, median};
use crate::figures::{Scrape, Table, asked};
use crate::support::binary::{Binary, Start};
use crate::support::process::needs_descriptors;
use crate::support::{PATIENCE, Via, get, within};

const BINS: u32 = 20;

/// Those before are the time in which pools and tables reach their size.
const SETTLED: usize = 5;

/// How a run is shaped.
struct Shape {
    places: usize,
    lasts: Duration,
    ramp: Duration,
    keepalive: Keepalive,
    pace: Pace,
}

impl Shape {
    fn long(seconds: u64) -> Self {
        let second = Duration::from_secs(1);
        Self {
            places: 3_000,
            lasts: Duration::from_secs(seconds),
            ramp: 45 * second,
            keepalive: Keepalive { interval: 5 * second, timeout: 15 * second },
            pace: Pace { life: 45 * second, pause: second, beat: 8 * second, ghosts: 20 * second },
        }
    }

    fn short() -> Self {
        let ms = Duration::from_millis;
        Self {
            places: 300,
            lasts: ms(5_000),
            ramp: ms(800),
            keepalive: Keepalive { interval: ms(500), timeout: ms(1_500) },
            pace: Pace { life: ms(800), pause: ms(100), beat: ms(200), ghosts: ms(2_000) },
        }
    }

    fn cast(&self) -> Cast {
        Cast { streamers: self.places / 50, sfus: self.places / 150 }
    }

    /// Streamers and SFUs first: the rest are players.
    fn place(&self, number: usize) -> Place {
        let Cast { streamers, sfus } = self.cast();
        let (role, number_of_role) = match number {
            n if n < streamers => (Role::Streamer, n),
            n if n < streamers + sfus => (Role::Sfu, n - streamers),
            n => (Role::Player, n),
        };
        Place { role, number: number_of_role, via: Via::ALL[number % 4] }
    }

    fn start(&self) -> Binary {
        let ms = |time: Duration| format!("{}ms", time.as_millis());
        Start::serve()
            .arg("--keepalive-interval")
            .arg(ms(self.keepalive.interval))
            .arg("--keepalive-timeout")
            .arg(ms(self.keepalive.timeout))
            .arg("--log")
            .arg("warn")
            .spawn()
    }
}

/// What is seen of the process at one moment.
#[derive(Clone, Copy)]
struct Sample {
    resident: f64,
    descriptors: f64,
}

impl Sample {
    fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says so");
        let resident: f64 = resident.trim().trim_end_matches(" kB").parse().expect("a number");
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).expect("it runs").count();
        Self { resident: resident / 1024.0, descriptors: descriptors as f64 }
    }
}

/// What was seen in one bin.
struct Bin {
    resident: f64,
    descriptors: f64,
    scrape: Scrape,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_stays_of_sessions_that_come_and_go() {
    let _machine = crate::MACHINE.lock().await;
    let long = asked("PIXELGATE_SOAK_SECONDS");
    let shape = long.map_or_else(Shape::short, Shape::long);
    needs_descriptors(3 * shape.places as u64 + 500);
    let mut binary = shape.start();
    let announced = binary.announced();
    let (process, admin) = (binary.id(), announced.admin);
    let options = Options { connect_timeout: PATIENCE, keepalive: shape.keepalive, ..announced.options() };
    let world = Arc::new(World {
        client: Client::new(options.clone()).expect("the options are good"),
        announced,
        options,
        cast: shape.cast(),
        pace: shape.pace,
        over: std::array::from_fn(|_| CancellationToken::new()),
        ghosts: TaskTracker::new(),
        tally: Tally::default(),
    });

    let before = Sample::of(process);
    let mut crowd: BTreeMap<&str, JoinSet<()>> = BTreeMap::new();
    for place in (0..shape.places).map(|number| shape.place(number)) {
        crowd.entry(place.role.name()).or_default().spawn(place.is_taken(Arc::clone(&world), shape.ramp));
    }
    let bins = watch(process, &shape, &world).await;

    // Players first, so that the others can be told.
    for role in [Role::Player, Role::Sfu, Role::Streamer] {
        world.over[role as usize].cancel();
        let all = crowd.remove(role.name()).expect("there are some").join_all();
        tokio::time::timeout(world.pace.ghosts * 4 + PATIENCE, all).await.expect("they leave when they are told to");
    }
    world.ghosts.close();
    tokio::time::timeout(world.pace.ghosts + PATIENCE, world.ghosts.wait()).await.expect("ghosts do not stay");
    let last = is_empty(admin).await;
    let after = Sample::of(process);

    let series = |of: fn(&Bin) -> f64| bins[SETTLED..].iter().map(of).collect::<Vec<_>>();
    let (memory, descriptors) = (Trend::of(&series(|bin| bin.resident)), Trend::of(&series(|bin| bin.descriptors)));
    if long.is_some() {
        publish(&shape, &bins, &world.tally, (memory, descriptors), (before, after));
        let fewest = bins[SETTLED..].iter().map(|bin| bin.scrape.sum("sessions")).min().expect("some");
        let stalled = "a machine that stalls makes all leave and come at once: then this says nothing, run it alone";
        assert!(!memory.grows(), "memory grows, in MiB a bin: {memory}; fewest sessions: {fewest} ({stalled})");
        assert!(!descriptors.grows(), "descriptors grow, by so many a bin: {descriptors}");
    }
    consistent(&last, &world);
    // Keep-alive connections of the scrapes may still be there.
    assert!(
        after.descriptors <= before.descriptors + 4.0,
        "{} descriptors, then {}",
        before.descriptors,
        after.descriptors
    );

    binary.signal("TERM");
    let over = tokio::task::spawn_blocking(|| binary.over()).await.expect("it ends");
    assert_eq!(over.status.code(), Some(0), "{over:?}");
    assert!(!over.stderr.contains("panicked") && !over.stderr.contains("ERROR"), "{over:?}");
}

/// Lets time pass, and looks at the process.
async fn watch(process: u32, shape: &Shape, world: &World) -> Vec<Bin> {
    const LOOKS: u32 = 30;
    let mut bins = Vec::new();
    let begun = Instant::now();
    for bin in 0..BINS {
        let mut samples = Vec::new();
        for look in 1..=LOOKS {
            tokio::time::sleep_until(begun + shape.lasts * (bin * LOOKS + look) / (BINS * LOOKS)).await;
            samples.push(Sample::of(process));
        }
        let middle = |of: fn(&Sample) -> f64| median(&samples.iter().map(of).collect::<Vec<_>>());
        let scrape = Scrape::at(world.announced.admin).await;
        bins.push(Bin { resident: middle(|s| s.resident), descriptors: middle(|s| s.descriptors), scrape });
    }
    bins
}

/// Waits until no session is left, in what is counted and in what is listed.
async fn is_empty(admin: std::net::SocketAddr) -> Scrape {
    let looking = async {
        loop {
            let scrape = Scrape::at(admin).await;
            if scrape.sum("sessions") == 0 {
                return scrape;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    let scrape = within("every session to be over", looking).await;
    for list in ["/api/streamers", "/api/players"] {
        assert_eq!(get(admin, list).await, "[]", "{list}");
    }
    scrape
}

/// What began has ended, as the gateway and its clients count.
fn consistent(last: &Scrape, world: &World) {
    let tally = &world.tally;
    assert_eq!(*tally.faults.lock(), Vec::<String>::new());
    assert_eq!(last.sum("sessions_opened_total"), last.sum("sessions_closed_total"));
    assert_eq!(last.sum("joins_total"), last.sum("leaves_total") + last.sum("orphans_total"));
    // Every client that was greeted was a session; some were sessions whose client had given up by then.
    let (greeted, opened) = (tally.greeted.load(Ordering::Relaxed), last.sum("sessions_opened_total"));
    assert!(greeted > 0 && greeted <= opened, "{greeted} clients were greeted, {opened} sessions opened");
    for exit in Exit::ALL {
        assert!(tally.left[exit as usize].load(Ordering::Relaxed) > 0, "nobody {exit:?}");
    }
    assert!(tally.seen_out.load(Ordering::Relaxed) > 0, "no streamer stayed to the end");
    for family in ["joins_total", "leaves_total", "orphans_total", "messages_relayed_total"] {
        assert!(last.sum(family) > 0, "{family}");
    }
}

fn publish(
    shape: &Shape,
    bins: &[Bin],
    tally: &Tally,
    (memory, descriptors): (Trend, Trend),
    (before, after): (Sample, Sample),
) {
    let mut table = Table::new(&[
        "minute",
        "sessions",
        "opened",
        "closed",
        "joins",
        "leaves",
        "orphans",
        "relayed",
        "memory (MiB)",
        "descriptors",
    ]);
    for (at, bin) in bins.iter().enumerate() {
        let minutes = (shape.lasts * (at as u32 + 1) / BINS).as_secs_f64() / 60.0;
        let counts = [
            "sessions",
            "sessions_opened_total",
            "sessions_closed_total",
            "joins_total",
            "leaves_total",
            "orphans_total",
            "messages_relayed_total",
        ];
        let mut cells = vec![format!("{minutes:.1}")];
        cells.extend(counts.iter().map(|family| bin.scrape.sum(family).to_string()));
        cells.extend([format!("{:.1}", bin.resident), format!("{:.0}", bin.descriptors)]);
        table.row(&cells);
    }
    let count = |of: &std::sync::atomic::AtomicU64| of.load(Ordering::Relaxed);
    let notes = format!(
        "Medians of 30 looks in each bin. From bin {} on, per bin:\n\n* memory (MiB): {memory}\n* descriptors: \
         {descriptors}\n\nBefore: {:.1} MiB, {} descriptors; when all had left: {:.1} MiB, {} descriptors.\n\
         {} places; {} clients were greeted, {} not let in; {} closed, {} dropped, {} died, {} vanished, {} were ended; \
         {} streamers saw everybody out.\n",
        SETTLED + 1,
        before.resident,
        before.descriptors,
        after.resident,
        after.descriptors,
        shape.places,
        count(&tally.greeted),
        count(&tally.refused),
        count(&tally.left[0]),
        count(&tally.left[1]),
        count(&tally.left[2]),
        count(&tally.left[3]),
        count(&tally.ended),
        count(&tally.seen_out),
    );
    table.publish("soak", &format!("Soak: {} s, {} sessions", shape.lasts.as_secs(), shape.places), &notes);
}
