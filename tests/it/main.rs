//! The integration tests: real processes, real NATS, real TLS. Each test has a world of its own.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "steps that tests share fail the test that takes them"
)]

mod apart;
mod canary;
mod confirming;
mod evidence;
mod flagging;
mod following;
mod foreign;
mod guarding;
mod health;
mod load;
mod oracle;
mod outage;
mod recalling;
mod receipts;
mod refusing;
mod registering;
mod repeating;
mod restart;
mod slowness;
mod tenancy;
mod witnessing;
