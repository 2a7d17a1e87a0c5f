use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::super::Lines;

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[test]
fn each_has_so_many_turns_at_once_and_the_others_wait_in_line() {
    let lines = Lines::new(2);
    let (one, _two) = (poll(pin!(lines.turn("a"))).unwrap(), poll(pin!(lines.turn("a"))).unwrap());
    let (mut third, mut fourth) = (pin!(lines.turn("a")), pin!(lines.turn("a")));
    assert!(poll(third.as_mut()).is_none() && poll(fourth.as_mut()).is_none());
    assert!(poll(pin!(lines.turn("b"))).is_some(), "another has its own");
    drop(one);
    assert!(poll(fourth.as_mut()).is_none(), "first come first served");
    assert!(poll(third.as_mut()).is_some());
}

#[test]
fn who_waits_no_more_holds_up_nobody() {
    let lines = Lines::new(1);
    let turn = poll(pin!(lines.turn(1))).unwrap();
    let mut last = Box::pin(lines.turn(1));
    {
        let mut gone = Box::pin(lines.turn(1));
        assert!(poll(gone.as_mut()).is_none() && poll(last.as_mut()).is_none());
    }
    drop(turn);
    assert!(poll(last.as_mut()).is_some());
}

#[test]
fn nobody_is_remembered_who_waits_for_nothing() {
    let lines = Lines::new(1);
    let turns: Vec<_> = (0..100).map(|key| poll(pin!(lines.turn(key))).unwrap()).collect();
    let mut waiting = Box::pin(lines.turn(0));
    assert!(poll(waiting.as_mut()).is_none());
    assert_eq!(lines.keys(), 100);
    drop(turns);
    assert_eq!(lines.keys(), 1);
    drop(waiting);
    assert_eq!(lines.keys(), 0);
}
