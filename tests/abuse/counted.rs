//! A gateway in a process of this program, whose allocator counts what is alive.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use pixelgate::config::{Config, Limits};
use pixelgate::gateway::Gateway;

use super::child::Process;
use super::trial::Aim;

#[global_allocator]
static COUNTING: Counting = Counting(AtomicUsize::new(0));

/// The system's allocator, and how many bytes of it are alive.
struct Counting(AtomicUsize);

// SAFETY: every call is the system allocator's own, with the arguments that came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as this function's own.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.0.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as this function's own.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.0.fetch_add(size, Ordering::Relaxed);
        self.0.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as this function's own.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// The process; it ends with this.
pub(crate) struct Counted {
    process: Process,
    aim: Aim,
}

impl Counted {
    pub(crate) fn start() -> Self {
        let (process, addrs) = Process::start("--counted");
        Self { process, aim: Aim { http: addrs[0], https: addrs[1], quic: addrs[2], is_sink: false } }
    }

    pub(crate) fn aim(&self) -> Aim {
        self.aim
    }

    /// Bytes that are alive.
    pub(crate) fn live(&mut self) -> usize {
        self.process.asked().trim().parse().expect("a number")
    }
}

/// The process itself: a gateway, and its live bytes whenever a line comes. It ends with its standard input.
pub(crate) fn process() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let _inside = runtime.enter();
    let mut config = Config::for_tests();
    config.limits = Limits::Loopback;
    let gateway = Gateway::start(&config).expect("the gateway starts");
    let bound = gateway.bound();
    let addrs = [bound.http, bound.https, bound.quic].map(|addr| addr.expect("the listener is on").to_string());
    println!("{}", addrs.join(" "));
    for _ in std::io::stdin().lines() {
        println!("{}", COUNTING.0.load(Ordering::Relaxed));
    }
}
