//! Who may connect, as what, to which streamers and for how long.
//!
//! A peer shows a token ([`Credentials`]), the [`Policy`] says yes with a [`Grant`] or no with a [`Refusal`]. For each
//! role there is a rule (a shared token, signed tokens, a webhook) or none: then it is open to everybody.
//!
//! Tokens are compared in constant time and are never logged or repeated; their types show nothing.

mod credentials;
mod grant;
mod policy;
mod refusal;
#[cfg(test)]
mod tests;

pub use credentials::{Credentials, Token, is_bearer};
pub use grant::{Grant, Until};
pub use policy::{Ask, Policy};
pub use refusal::Refusal;
