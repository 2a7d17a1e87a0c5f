//! Tests of the listeners.
