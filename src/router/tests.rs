//! Tests of the router and its outboxes.
