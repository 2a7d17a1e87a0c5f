//! The `pixelgate` binary.

use std::process::ExitCode;

use pixelgate::config::cli::{self, Command};
use pixelgate::{health, serve, token};

/// What it is told is in `.cargo/config.toml`.
#[cfg(all(feature = "jemalloc", target_os = "linux"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let done = match cli::parse_process() {
        Ok(Command::Serve(config)) => serve::serve(&config),
        Ok(Command::Health(url)) => health::health(&url),
        #[cfg(feature = "bench")]
        Ok(Command::Bench(config)) => pixelgate::bench::bench(&config),
        Ok(Command::Token(config)) => token::token(&config),
        #[cfg(feature = "demo")]
        Ok(Command::Demo(config)) => pixelgate::demo::demo(&config),
        #[cfg(feature = "demo")]
        Ok(Command::TestStreamer(config)) => pixelgate::demo::test_streamer(&config),
        Err(exit) => Err(exit),
    };
    done.map_or_else(|exit| exit.report(), |()| ExitCode::SUCCESS)
}
