//! One attack: a gateway, a good pair, the waves, and what is asked of the gateway.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::attacks::Attack;
use super::counted::Counted;
use super::pair::{Pair, Trips};
use super::served::Served;
use super::sink::Sink;
use super::table::Row;

/// Identical waves of each attack.
const WAVES: usize = 3;

/// Processes that attack.
const ATTACKERS: usize = 2;

/// How long nothing may be left of the attackers after the last has gone: the longest are QUIC sessions whose peers are
/// gone without a word, for the keepalive's timeout.
const AFTERMATH: Duration = Duration::from_secs(60);

/// How long the allocator keeps what is free: a second, and what its thread needs.
const GIVEN_BACK: Duration = Duration::from_secs(3);

/// What the gateway may have resident at most, whatever comes: what it needs by itself, `buffer-memory`, and the
/// sessions of as many attackers as there are descriptors for.
const MOST_MEMORY: usize = 512 << 20;

/// The pair's 99th percentile: so many times a quiet gateway's, which counts as this at least …
const SLOWER: u32 = 5;
const QUIET: Duration = Duration::from_millis(2);

/// … or so many times that beside the same attack on a bare sink, where the machine alone costs more.
const SLOWER_THAN_SINK: f64 = 1.5;

/// What memory may have grown by.
const GROWTH: f64 = 1.1;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    /// A moment of each wave: what is no matter of time is looked at.
    Short,
    /// So long in all waves together: everything is looked at.
    Long(Duration),
}

impl Form {
    fn wave(self) -> Duration {
        match self {
            Self::Short => Duration::from_millis(800),
            Self::Long(all) => all / WAVES as u32,
        }
    }

    fn quiet(self) -> Duration {
        match self {
            Self::Short => Duration::from_millis(200),
            Self::Long(all) => (all / 6).min(Duration::from_secs(10)),
        }
    }

    fn is_long(self) -> bool {
        self != Self::Short
    }

    /// The sizes that attacks are described with; a tenth of them for a moment.
    fn tenths(self) -> usize {
        if self.is_long() { 10 } else { 1 }
    }
}

/// Where attackers aim.
#[derive(Clone, Copy)]
pub(crate) struct Aim {
    pub(crate) http: SocketAddr,
    pub(crate) https: SocketAddr,
    pub(crate) quic: SocketAddr,
    pub(crate) is_sink: bool,
}

pub(crate) struct Trial {
    attack: &'static Attack,
    form: Form,
}

impl Trial {
    pub(crate) fn of(attack: &'static Attack, form: Form) -> Self {
        Self { attack, form }
    }

    pub(crate) fn run(&self) {
        let served = Served::start(self.form.is_long());
        let aim = served.aim();
        let pair = Pair::of(aim.http);
        let quiet = pair.measures(|| std::thread::sleep(self.form.quiet()));
        let (mut during, mut resident) = (Trips::default(), Vec::new());
        for _ in 0..WAVES {
            during.add(pair.measures(|| self.wave(aim)));
            if self.form.is_long() {
                pair.measures(|| {
                    served.is_left_alone_within(AFTERMATH);
                    std::thread::sleep(GIVEN_BACK);
                });
                resident.push(served.resident());
            }
        }
        let after = pair.measures(|| std::thread::sleep(self.form.quiet()));
        pair.measures(|| served.is_left_alone_within(AFTERMATH));
        let done = served.has_done();
        let peak = served.peak();
        let sink = self.form.is_long().then(|| {
            let sink = Sink::start();
            pair.measures(|| self.wave(sink.aim()))
        });
        pair.leaves();
        served.is_empty();
        served.ends_well();
        let heap = self.form.is_long().then(|| self.heap());
        let row = Row { attack: self.attack.name, done, peak, quiet, during, after, sink, resident, heap };
        row.keep();
        self.judge(&row);
    }

    /// All attackers at once, for the time of a wave; then they are gone.
    fn wave(&self, aim: Aim) {
        let time = self.form.wave();
        let mut attackers: Vec<Child> = (0..ATTACKERS).map(|number| self.attacker(aim, time, number)).collect();
        // They stop by themselves; one that does not is stopped.
        let last = Instant::now() + time + Duration::from_secs(20);
        for attacker in &mut attackers {
            while attacker.try_wait().expect("our child").is_none() {
                if Instant::now() > last {
                    let _ = attacker.kill();
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    fn attacker(&self, aim: Aim, time: Duration, number: usize) -> Child {
        let Aim { http, https, quic, is_sink } = aim;
        let size = self.attack.size * self.form.tenths() / 10 / ATTACKERS;
        Command::new(std::env::current_exe().expect("this program"))
            .args(["--attacker", self.attack.name])
            .args([http, https, quic].map(|addr| addr.to_string()))
            .args([time.as_millis().to_string(), size.max(1).to_string(), number.to_string(), is_sink.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("an attacker")
    }

    /// Live heap bytes before a wave, and after its aftermath.
    fn heap(&self) -> (usize, usize) {
        let mut counted = Counted::start();
        let aim = counted.aim();
        let pair = Pair::of(aim.http);
        pair.measures(|| std::thread::sleep(self.form.quiet()));
        let before = counted.live();
        pair.measures(|| self.wave(aim));
        let mut after = 0;
        pair.measures(|| {
            let deadline = Instant::now() + AFTERMATH;
            loop {
                std::thread::sleep(Duration::from_millis(200));
                after = counted.live();
                if after as f64 <= before as f64 * GROWTH || Instant::now() > deadline {
                    return;
                }
            }
        });
        pair.leaves();
        (before, after)
    }

    fn judge(&self, row: &Row) {
        assert!(row.peak <= MOST_MEMORY, "{} MiB at its peak", row.peak >> 20);
        assert!(row.during.count() > 0 && row.after.count() > 0, "the pair was not answered");
        if !self.form.is_long() {
            return;
        }
        let (quiet, during) = (row.quiet.p99().max(QUIET), row.during.p99());
        let sink = row.sink.as_ref().map_or(Duration::ZERO, Trips::p99);
        let bound = (quiet * SLOWER).max(sink.mul_f64(SLOWER_THAN_SINK));
        assert!(during <= bound, "p99 is {during:?}; {quiet:?} when quiet, {sink:?} beside the sink");
        let first = row.resident[0] as f64;
        let grown = row.resident.iter().any(|&wave| wave as f64 > first * GROWTH);
        assert!(!grown, "resident after each wave: {:?}", row.resident);
        let (before, after) = row.heap.expect("counted in the long form");
        assert!(after as f64 <= before as f64 * GROWTH, "live heap bytes: {before}, then {after}");
    }
}
