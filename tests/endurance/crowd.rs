//! Many clients of one gateway, set up a few at a time.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

/// Connections that are set up at the same time.
const ABREAST: usize = 64;

/// What setting up so many may take, machine and all.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs `arrives` for each number and gives what became of it, in no order.
pub(crate) async fn gather<T, F>(count: usize, arrives: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let gathering = async {
        let (mut arriving, mut there, mut next) = (JoinSet::new(), Vec::with_capacity(count), 0);
        while there.len() < count {
            while next < count && arriving.len() < ABREAST {
                arriving.spawn(arrives(next));
                next += 1;
            }
            there.push(arriving.join_next().await.expect("somebody is on the way").expect("no panic"));
        }
        there
    };
    timeout(LIMIT, gathering).await.unwrap_or_else(|_| panic!("waited {LIMIT:?} for {count} clients"))
}
