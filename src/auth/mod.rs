//! Who may connect, as what, to which streamers and for how long.
//!
//! A peer shows a token ([`Credentials`]), the [`Policy`] says yes with a [`Grant`] or no with a [`Refusal`]. For each
//! role there is a rule (a shared token, signed tokens, a webhook) or none: then it is open to everybody. What cannot be
//! asked, or does not answer in time, lets nobody in.
//!
//! Tokens are compared in constant time and are never logged or repeated; their types show nothing.
//!
//! | file | what |
//! |---|---|
//! | `credentials` | what a peer shows, and where |
//! | `policy` | the rule of each role |
//! | `jwt`, `attributes` | signed tokens, and what they grant. Pure |
//! | `keyset`, `jwks` | the keys of issuers (the first is pure), and how they are read |
//! | `webhook`, `http` | asking others |
//! | `issue` | making tokens |
//! | `origin` | whose pages are let in |
//! | `turn` | credentials for TURN servers, in each session's `config` |

mod attributes;
mod credentials;
#[cfg(any(test, fuzzing))]
mod fuzzed;
mod grant;
mod http;
mod issue;
mod jwks;
mod jwt;
mod keyset;
mod origin;
mod policy;
mod refusal;
#[cfg(test)]
mod tests;
mod turn;
mod webhook;

pub use credentials::{Credentials, Token, is_bearer};
#[cfg(any(test, fuzzing))]
pub(crate) use fuzzed::credentials;
pub use grant::{Grant, Until};
pub use issue::{IssueError, Signer, issue};
pub use jwt::NewClaims;
pub use origin::{OriginCheck, own_host};
pub use policy::{Ask, Policy};
pub use refusal::Refusal;
pub use turn::Greetings;
