//! A process of this program that serves something: it begins with a line of addresses, and ends with its handle.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub(crate) struct Process {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Process {
    /// What that word on the command line starts, and where it is.
    pub(crate) fn start(word: &str) -> (Self, Vec<SocketAddr>) {
        let program = std::env::current_exe().expect("this program");
        let started = Command::new(program).arg(word).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = started.expect("a process");
        let (asks, answers) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let mut process = Self { child, asks, answers: BufReader::new(answers) };
        let line = process.line();
        (process, line.split_whitespace().map(|addr| addr.parse().expect("an address")).collect())
    }

    /// What it says to an empty line.
    pub(crate) fn asked(&mut self) -> String {
        self.asks.write_all(b"\n").expect("it lives");
        self.line()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("a line");
        line
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
