//! Tells the program which compiler made it: instruction counts are its.

use std::process::Command;

fn main() {
    let rustc = std::env::var_os("RUSTC").expect("cargo names the compiler");
    let version = Command::new(rustc).arg("--version").output().expect("the compiler runs");
    let version = String::from_utf8(version.stdout).expect("the version is text");
    let number = version.split(' ').nth(1).expect("rustc 1.95.0 (…)");
    println!("cargo::rustc-env=COMPILED_BY={number}");
    println!("cargo::rerun-if-changed=build.rs");
}
