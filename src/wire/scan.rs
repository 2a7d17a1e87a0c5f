//! The head scan: one pass over a message, its top level only.

/// Why a text is no message (protocol.md §5.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not UTF-8.
    #[error("not UTF-8")]
    Utf8,
    /// Not JSON; the byte where that showed.
    #[error("not JSON at byte {0}")]
    Json(usize),
    /// JSON, but not an object.
    #[error("not a JSON object")]
    NotAnObject,
    /// Nested deeper than 256 levels.
    #[error("nested deeper than 256 levels")]
    TooDeep,
}
