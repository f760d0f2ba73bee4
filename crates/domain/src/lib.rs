//! The words of Flyttbud, pure: municipalities, identity numbers, legal grounds, states, events.
//!
//! Invariant: no I/O, clock, randomness, threads, floats, hash order or logging. Time comes in values.
#![deny(clippy::float_arithmetic)]

pub mod address;
pub mod calendar;
pub mod code;
pub mod definition;
pub mod disclosure;
pub mod drill;
pub mod entry;
pub mod exposure;
pub mod function;
pub mod ground;
pub mod identity;
pub mod kind;
pub mod lineage;
pub mod month;
pub mod municipality;
pub mod person_name;
pub mod reason;
pub mod register;
pub mod relocation_state;
pub mod sample;
pub mod subject;
pub mod text;
