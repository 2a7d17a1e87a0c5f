//! The rule of each role, and who is let in by it.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

use super::{Grant, Refusal, Token};
use crate::config::{Auth, Secret};
use crate::wire::Role;

/// What somebody asks for who comes.
#[derive(Clone, Debug)]
pub struct Ask {
    /// As what.
    pub role: Role,
    /// From where.
    pub remote: IpAddr,
    /// The token that was shown.
    pub token: Option<Token>,
}

/// Who is let in. It may change while the gateway runs: live sessions keep what they were granted.
#[derive(Debug)]
pub struct Policy(ArcSwap<Auth>);

impl Policy {
    /// As it was configured.
    pub fn new(auth: &Auth) -> Arc<Self> {
        Arc::new(Self(ArcSwap::from_pointee(auth.clone())))
    }

    /// Another from now on.
    pub fn change(&self, auth: &Auth) {
        self.0.store(Arc::new(auth.clone()));
    }

    /// Whether somebody may come in.
    ///
    /// # Errors
    /// Why not.
    pub async fn authorise(&self, ask: Ask) -> Result<Grant, Refusal> {
        let auth = self.0.load_full();
        let Some(shared) = auth.token(ask.role) else { return Ok(Grant::default()) };
        let token = ask.token.ok_or(Refusal::NoToken)?;
        if is(shared, &token) { Ok(Grant::default()) } else { Err(Refusal::Wrong) }
    }
}

/// In constant time, whatever the lengths are.
fn is(secret: &Secret, token: &Token) -> bool {
    let [secret, token] = [secret.as_str(), token.as_str()].map(|text| digest(&SHA256, text.as_bytes()));
    verify_slices_are_equal(secret.as_ref(), token.as_ref()).is_ok()
}
