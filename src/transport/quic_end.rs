//! Why a QUIC connection ended, in the terms of every transport.

use quinn::{ConnectionError, TransportErrorCode};

use super::Ended;
use crate::wire::{Close, CloseCode};

/// Why a connection ended.
pub(crate) fn ended(error: ConnectionError) -> Ended {
    match error {
        ConnectionError::ApplicationClosed(close) => {
            Ended::ByPeer(app_close(close.error_code.into_inner(), &close.reason))
        }
        ConnectionError::ConnectionClosed(close) if close.error_code == TransportErrorCode::NO_ERROR => {
            Ended::ByPeer(Close::EMPTY)
        }
        ConnectionError::TimedOut => Ended::TimedOut,
        other => Ended::Lost(other.to_string()),
    }
}

/// An application close. Code 0 is what a peer's library says for one that gave no code; codes that no WebSocket could
/// carry are accepted too, as the largest number there is.
pub(super) fn app_close(code: u64, reason: &[u8]) -> Close {
    let code = match u16::try_from(code) {
        Ok(0) => CloseCode::EMPTY,
        Ok(code) => CloseCode(code),
        Err(_) => CloseCode(u16::MAX),
    };
    Close::new(code, String::from_utf8_lossy(reason).into_owned())
}
