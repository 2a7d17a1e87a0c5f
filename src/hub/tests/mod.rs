//! Tests of the rules.

mod driven;
mod effects;
mod invariants;
mod model;
mod model_scenarios;
mod ops;
mod props;
mod rows;
mod scenarios;
mod shrink;
mod trial;
