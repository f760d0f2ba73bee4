//! The rules' own numbers, with the law or agreement they follow.

/// Working days of silence before the receiver is reminded, and again before its second contact is. By agreement:
/// no statute obliges anybody to take an announcement in.
pub const REMINDER_WORKING_DAYS: u32 = 10;

/// Working days in which the receiver should answer an announcement. By agreement.
pub const ANSWER_WORKING_DAYS: u32 = 10;

/// Functions of one municipality, closed ones too: the largest cities have some thirty boards and districts.
pub const FUNCTIONS_MAX: usize = 100;

/// Vendors' systems of one municipality at once: one for each board is many.
pub const VENDORS_MAX: usize = 50;

/// Months in which the receiver must have answered the request of a transfer; after that the sender may turn to
/// the inspectorate. SoL 29:11.
pub const TRANSFER_ANSWER_MONTHS: u32 = 1;

/// Events of one relocation or alert after which neither takes more texts. A conversation of two municipalities has a
/// handful; all of it is read at once, and must fit into one answer (4 MiB at many clients, 4000 signs a text).
pub const EVENTS_MAX: u32 = 200;

/// Months in which the inspectorate decides a transfer. SoL 29:11.
pub const DECISION_MONTHS: u32 = 3;
