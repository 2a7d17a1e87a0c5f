//! What runs tests expects of a test binary: that it lists them, and runs those that are named.

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::attacks::ATTACKS;
use super::trial::{Form, Trial};

/// What is asked for on the command line.
#[derive(Default)]
struct Asked {
    list: bool,
    ignored: bool,
    exact: bool,
    seconds: Option<f64>,
    names: Vec<String>,
    skipped: Vec<String>,
}

impl Asked {
    fn of(args: &[String]) -> Self {
        let mut asked = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--list" => asked.list = true,
                "--ignored" => asked.ignored = true,
                "--exact" => asked.exact = true,
                "--skip" => asked.skipped.extend(args.next().cloned()),
                "--seconds" => asked.seconds = args.next().and_then(|seconds| seconds.parse().ok()),
                "--attack" => {
                    asked.exact = true;
                    asked.names.extend(args.next().cloned());
                }
                "--format" | "--test-threads" | "--color" | "--logfile" | "-Z" => drop(args.next()),
                flag if flag.starts_with('-') => {}
                name => asked.names.push(name.to_owned()),
            }
        }
        asked
    }

    fn names(&self, name: &str) -> bool {
        let is_meant = |word: &String| if self.exact { word == name } else { name.contains(word.as_str()) };
        // None of them is left out of an ordinary run.
        !self.ignored
            && (self.names.is_empty() || self.names.iter().any(is_meant))
            && !self.skipped.iter().any(is_meant)
    }

    fn form(&self) -> Form {
        let from_env = std::env::var("PIXELGATE_ABUSE_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
        self.seconds.or(from_env).map_or(Form::Short, |seconds| Form::Long(Duration::from_secs_f64(seconds)))
    }
}

pub(crate) fn run(args: &[String]) -> ExitCode {
    let asked = Asked::of(args);
    let meant: Vec<_> = ATTACKS.iter().filter(|attack| asked.names(attack.name)).collect();
    if asked.list {
        meant.iter().for_each(|attack| println!("{}: test", attack.name));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", meant.len());
    let (began, form) = (Instant::now(), asked.form());
    let mut failed = Vec::new();
    for attack in &meant {
        let passed = catch_unwind(|| Trial::of(attack, form).run()).is_ok();
        println!("test {} ... {}", attack.name, if passed { "ok" } else { "FAILED" });
        if !passed {
            failed.push(attack.name);
        }
    }
    println!("\n{}", super::table::all());
    let (verdict, passed) = (if failed.is_empty() { "ok" } else { "FAILED" }, meant.len() - failed.len());
    println!(
        "\ntest result: {verdict}. {passed} passed; {} failed; 0 ignored; 0 measured; {} filtered out; \
         finished in {:.2}s\n",
        failed.len(),
        ATTACKS.len() - meant.len(),
        began.elapsed().as_secs_f64()
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
