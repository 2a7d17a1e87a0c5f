//! Tests of the rules. The fuzzer plays the same courses of events, made of its bytes.

mod bytes;
mod driven;
mod effects;
mod invariants;
mod model;
#[cfg(test)]
mod model_scenarios;
mod ops;
#[cfg(test)]
mod props;
mod rows;
#[cfg(test)]
mod scenarios;
mod shrink;
mod trial;

pub(crate) use bytes::play;
