//! The attacks. Each runs in processes of its own, at the lowest priority, for a bounded time, from a few dozen addresses
//! of 127.0.0.0/8 for each process, and ends by itself.

mod connections;
mod datagrams;
mod frames;
mod sessions;
mod wire;

use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::time::{Duration, Instant};

use rustix::process::setpriority_process;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use super::trial::Aim;

/// Addresses of each process.
const ADDRESSES: usize = 32;

/// How long an attacker takes to hang up in good order where its connections would outlive it: QUIC's.
const GOODBYE: Duration = Duration::from_millis(300);

type Attacking = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// Its sessions, or whatever it has many of, in all processes.
    pub(crate) size: usize,
    run: fn(Attacker) -> Attacking,
}

macro_rules! attacks {
    ($($module:ident::$name:ident($size:expr)),* $(,)?) => {
        pub(crate) const ATTACKS: &[Attack] = &[$(Attack {
            name: stringify!($name),
            size: $size,
            run: |attacker| Box::pin($module::$name(attacker)),
        }),*];
    };
}

attacks! {
    connections::connection_flood(2_000),
    connections::slow_header_drip(1_000),
    connections::half_open_tls(1_000),
    datagrams::quic_initial_flood(2_000),
    connections::upgrade_then_silence(1_000),
    frames::one_byte_frames(100),
    frames::ping_flood(100),
    frames::frames_of_1_mib(40),
    frames::frames_of_16_mib(40),
    frames::deep_nesting(100),
    frames::unknown_types(100),
    sessions::subscribe_storm(100),
    sessions::list_storm(5_000),
    sessions::connect_disconnect_storm(64),
    sessions::players_that_never_read(200),
    datagrams::streams_without_end(100),
    datagrams::datagram_flood(100),
    frames::close_with_a_huge_reason(64),
    frames::hostile_sessions(1_000),
}

/// One process of an attack.
#[derive(Clone, Copy)]
pub(crate) struct Attacker {
    aim: Aim,
    until: Instant,
    size: usize,
    number: usize,
}

impl Attacker {
    /// One of this process's addresses.
    fn address(self, number: usize) -> Ipv4Addr {
        Ipv4Addr::new(127, 10, self.number as u8, 1 + (number % ADDRESSES) as u8)
    }

    fn is_over(self) -> bool {
        Instant::now() >= self.until
    }

    /// So many at once, each again and again, until the time is over.
    async fn crew<F>(self, many: usize, act: impl Fn(Self, usize) -> F + Clone + Send + 'static)
    where
        F: Future<Output = ()> + Send,
    {
        let mut crew = JoinSet::new();
        for number in 0..many {
            let act = act.clone();
            crew.spawn(async move {
                while !self.is_over() {
                    act(self, number).await;
                    // Who is refused at once must not keep the others of this process from their turns.
                    tokio::task::yield_now().await;
                }
            });
        }
        let _ = timeout_at(self.until.into(), async { while crew.join_next().await.is_some() {} }).await;
    }
}

/// The process itself: what attack, at which addresses, for how long, how large, which process of how many.
pub(crate) fn process(args: &[String]) {
    let _ = setpriority_process(None, 19);
    let [name, http, https, quic, time, size, number, sink] = args else { panic!("eight words: {args:?}") };
    let attack = ATTACKS.iter().find(|attack| attack.name == name).expect("a known attack");
    let addr = |text: &String| text.parse().expect("an address");
    let aim = Aim { http: addr(http), https: addr(https), quic: addr(quic), is_sink: sink == "true" };
    let number_of = |text: &String| text.parse::<usize>().expect("a number");
    let until = Instant::now() + Duration::from_millis(number_of(time) as u64);
    let attacker = Attacker { aim, until, size: number_of(size), number: number_of(number) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on((attack.run)(attacker));
}
