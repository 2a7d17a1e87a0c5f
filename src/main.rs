//! The `pixelgate` binary.

fn main() {}
