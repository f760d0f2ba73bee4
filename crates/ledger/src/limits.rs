//! The rules' own numbers, with the law or agreement they follow.

/// Working days of silence before the receiver is reminded, and again before its second contact is. By agreement:
/// no statute obliges anybody to take an announcement in.
pub const REMINDER_WORKING_DAYS: u32 = 10;

/// Working days in which the receiver should answer an announcement. By agreement.
pub const ANSWER_WORKING_DAYS: u32 = 10;

/// Months in which the receiver must have answered the request of a transfer; after that the sender may turn to
/// the inspectorate. SoL 29:11.
pub const TRANSFER_ANSWER_MONTHS: u32 = 1;

/// Months in which the inspectorate decides a transfer. SoL 29:11.
pub const DECISION_MONTHS: u32 = 3;
