//! Tests of the session loop over the in-memory transport.
