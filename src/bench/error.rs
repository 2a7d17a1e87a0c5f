//! Why a measurement cannot be made, and what to do.

use std::io;

use crate::client::ConnectError;
use crate::transport::Ended;

/// Why a measurement cannot be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The server is not reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server is not reached by the generator's own driver.
    #[error("no connection to {at}: {why}. Does a server of this protocol listen there?")]
    Dial {
        /// Host and port.
        at: String,
        /// What was met.
        why: String,
    },
    /// A limit of the machine.
    #[error("out of descriptors: this process may have {0}. Raise the limit (ulimit -n), also for the server")]
    Descriptors(u64),
    /// A limit of the machine.
    #[error(
        "out of local ports towards {0}. Widen net.ipv4.ip_local_port_range, or wait until old connections are over"
    )]
    Ports(String),
    /// The server did something else than the protocol says.
    #[error("waited for {awaited}: {why}")]
    Unexpected {
        /// The message that was awaited.
        awaited: &'static str,
        /// What came instead.
        why: String,
    },
    /// The session ended.
    #[error("a session ended: {0}. Is the server healthy, and are its limits off?")]
    Ended(#[from] Ended),
    /// A child process.
    #[error("{what} does not start: {why}")]
    Child {
        /// Which.
        what: &'static str,
        /// What was met.
        why: String,
    },
    /// What was asked for makes no sense together.
    #[error("{0}")]
    Asked(String),
    /// A report that cannot be written.
    #[error("{path} cannot be written: {why}; choose another place")]
    Write {
        /// The file.
        path: String,
        /// What was met.
        why: String,
    },
    /// It was told to stop.
    #[error("stopped")]
    Stopped,
}

impl Failure {
    /// What an error of a socket means.
    pub(super) fn of_socket(error: &io::Error, at: &str) -> Self {
        match error.kind() {
            io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse => Self::Ports(at.into()),
            _ if out_of_descriptors(error) => Self::Descriptors(super::machine::descriptors().unwrap_or(0)),
            _ => Self::Dial { at: at.into(), why: error.to_string() },
        }
    }

    /// Whether the machine has no more to give: what was reached until then may still count.
    pub(super) fn is_machine_limit(&self) -> bool {
        match self {
            Self::Descriptors(_) | Self::Ports(_) => true,
            Self::Connect(ConnectError::Network { source, .. }) => out_of_descriptors(source),
            _ => false,
        }
    }
}

/// EMFILE and ENFILE, of which the standard library has no kind.
fn out_of_descriptors(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}
