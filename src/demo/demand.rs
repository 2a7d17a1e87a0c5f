//! Whether anybody watches: what an encoder's thread waits for, so that it rests when nobody does.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

/// Shared by one encoder's thread and those who want its output.
#[derive(Debug, Default)]
pub(super) struct Demand {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    viewers: usize,
    keyframe: bool,
    stopped: bool,
}

/// What the encoder does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The time has come.
    Encode,
    /// It had rested: the time begins anew.
    Resume,
    /// End.
    Stop,
}

/// As long as this is held, the encoder works.
#[derive(Debug)]
pub(super) struct Viewer(Arc<Demand>);

impl Demand {
    /// Begins to want output. The first of it is a keyframe.
    pub(super) fn join(self: &Arc<Self>) -> Viewer {
        let mut state = self.state.lock();
        state.viewers += 1;
        state.keyframe = true;
        self.changed.notify_all();
        Viewer(Arc::clone(self))
    }

    /// Asks for a keyframe.
    pub(super) fn want_keyframe(&self) {
        self.state.lock().keyframe = true;
    }

    /// Whether a keyframe was asked for since the last time.
    pub(super) fn take_keyframe(&self) -> bool {
        std::mem::take(&mut self.state.lock().keyframe)
    }

    /// How many want output.
    pub(super) fn viewers(&self) -> usize {
        self.state.lock().viewers
    }

    /// Ends the encoder's thread.
    pub(super) fn stop(&self) {
        self.state.lock().stopped = true;
        self.changed.notify_all();
    }

    /// Blocks until `due`, or, when nobody watches, until somebody does.
    pub(super) fn wait(&self, due: Instant) -> Next {
        let mut state = self.state.lock();
        if state.viewers == 0 && !state.stopped {
            self.changed.wait_while(&mut state, |state| state.viewers == 0 && !state.stopped);
            return if state.stopped { Next::Stop } else { Next::Resume };
        }
        while !state.stopped && !self.changed.wait_until(&mut state, due).timed_out() {}
        if state.stopped { Next::Stop } else { Next::Encode }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.0.state.lock().viewers -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::{Demand, Next};

    #[test]
    fn it_rests_until_somebody_watches() {
        let demand = Arc::new(Demand::default());
        let waiting = thread::spawn({
            let demand = Arc::clone(&demand);
            move || demand.wait(Instant::now())
        });
        // It has passed its time long ago when the viewer comes: it can only have rested.
        thread::sleep(Duration::from_millis(50));
        assert!(!waiting.is_finished());
        let viewer = demand.join();
        assert_eq!(waiting.join().unwrap(), Next::Resume);
        assert!(demand.take_keyframe() && !demand.take_keyframe());
        assert_eq!(demand.wait(Instant::now() + Duration::from_millis(5)), Next::Encode);
        drop(viewer);
        assert_eq!(demand.viewers(), 0);
    }

    #[test]
    fn it_ends_whether_it_rests_or_works() {
        for watched in [false, true] {
            let demand = Arc::new(Demand::default());
            let viewer = watched.then(|| demand.join());
            let waiting = thread::spawn({
                let demand = Arc::clone(&demand);
                move || demand.wait(Instant::now() + Duration::from_secs(600))
            });
            demand.stop();
            assert_eq!(waiting.join().unwrap(), Next::Stop);
            drop(viewer);
        }
    }
}
