//! The scenes by the clock: `cargo bench --package pixelgate-benches`. For orientation; the budget counts instructions.

use divan::Bencher;
use divan::counter::ItemsCount;
use pixelgate_benches::scenes::{OPERATIONS, SCENES};

#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

#[divan::bench(args = SCENES.iter().map(|scene| scene.name))]
fn scene(bencher: Bencher<'_, '_>, name: &str) {
    let scene = SCENES.iter().find(|scene| scene.name == name).expect("it is one of them");
    let run = (scene.build)();
    bencher.counter(ItemsCount::new(OPERATIONS)).bench_local(run);
}
