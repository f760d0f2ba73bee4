//! The integration tests: real processes, real NATS, real TLS. Each test has a world of its own.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "steps that tests share fail the test that takes them"
)]

mod access;
mod alarming;
mod apart;
mod asked;
mod auditing;
mod benching;
mod canary;
mod commanding;
mod confirming;
mod damaged;
mod drilling;
mod encrypted;
mod evidence;
mod exposure;
mod extracting;
mod failover;
mod families;
mod flagging;
mod following;
mod foreign;
mod functions;
mod golden;
mod guarding;
mod health;
mod holding;
mod known;
mod load;
mod marked;
mod moving;
mod oracle;
mod outage;
mod recalling;
mod receipts;
mod redacting;
mod references;
mod refusals;
mod refusing;
mod registering;
mod repeating;
mod restart;
mod restoring;
mod restricting;
mod reviewing;
mod rotating;
mod searching;
mod slowness;
mod stopping;
mod story;
mod tenancy;
mod trying;
mod unannounced;
mod vendors;
mod witnessing;
