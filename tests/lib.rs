//! Real processes for the integration tests and the load test: NATS, `flyttbud serve`, certificates, callers.
//!
//! Invariant: nothing here fakes a part of Flyttbud, and only processes that were started here are ended.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a world that cannot be built fails the test that asked for it, and says why"
)]

mod harness;

pub use harness::*;
