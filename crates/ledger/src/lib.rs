//! The rules: what commands may do, what the ledger finds. Pure: the same journal gives the same state and
//! the same findings, on any machine.
//!
//! Invariant: no I/O, clock, randomness, threads, floats, hash order or logging. Time comes in entries.
#![deny(clippy::float_arithmetic)]

mod command;
mod fold;
pub mod limits;
mod machine;
mod unannounced;

pub use command::{
    AlertCaller, AlertCommand, ArrivalCommand, Decision, MunicipalityCommand, RelocationCommand,
    Said, alert, arrival, drill_written, municipality, relocation,
};
pub use fold::{
    AlertFold, AlertState, ArrivalFold, ArrivalState, Drill, MunicipalityFold, RelocationFold,
    Transfer, erased, erased_replies, may_read, recalled,
};
pub use machine::{
    Duty, Finding, Flag, Flagged, Machine, StateDigest, Trial, Variation, answer_due_on, covers,
    duties, late_days,
};
pub use unannounced::unannounced;

use domain::subject::{Position, Subject};

/// The question about an arrival, whether or not anybody was asked yet.
pub fn question_about(arrival: uuid::Uuid) -> Subject {
    Subject::alert(machine::unannounced_id(arrival))
}

/// The record contradicts itself or goes beyond what this program knows. The reader must stop: nothing
/// after this position can be trusted to be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {} cannot be applied: {what}", position.0)]
pub struct Halt {
    /// Where.
    pub position: Position,
    /// What is wrong.
    pub what: &'static str,
}
