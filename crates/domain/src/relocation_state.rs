//! Where a relocation stands, and who may take which step. The published table is docs/states.md; a test
//! holds this file against it, cell by cell.

/// Where a relocation stands (läge).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RelocationState {
    /// Recorded, the receiver is being notified (registrerad).
    Registered,
    /// A person at the receiver took it in (kvitterad).
    Acknowledged,
    /// The receiver replied (besvarad).
    Replied,
    /// The receiver objected (invändning).
    Objected,
    /// An arrival was matched with it (ankommen). Final.
    Arrived,
    /// Nobody arrived in time (ej ankommen). Final.
    NotArrived,
    /// Withdrawn by the sender, or ended by either party (återtagen). Final.
    Withdrawn,
}

impl RelocationState {
    /// All, in the order of their numbers from 1.
    pub const ALL: [Self; 7] = [
        Self::Registered,
        Self::Acknowledged,
        Self::Replied,
        Self::Objected,
        Self::Arrived,
        Self::NotArrived,
        Self::Withdrawn,
    ];

    /// Its number on the wire.
    pub fn number(self) -> i32 {
        match self {
            Self::Registered => 1,
            Self::Acknowledged => 2,
            Self::Replied => 3,
            Self::Objected => 4,
            Self::Arrived => 5,
            Self::NotArrived => 6,
            Self::Withdrawn => 7,
        }
    }

    /// The state with a number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// Whether it is open no more: it neither waits for an arrival nor can be called off. It can still be written about.
    pub fn is_final(self) -> bool {
        match self {
            Self::Registered | Self::Acknowledged | Self::Replied | Self::Objected => false,
            Self::Arrived | Self::NotArrived | Self::Withdrawn => true,
        }
    }
}

/// Who takes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The sending municipality.
    Sender,
    /// The receiving municipality.
    Recipient,
    /// The ledger, by its rules.
    Ledger,
}

impl Side {
    /// All.
    pub const ALL: [Self; 3] = [Self::Sender, Self::Recipient, Self::Ledger];
}

/// What can be done to a relocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A text is added (komplettering).
    Supplement,
    /// It is withdrawn: the move will not take place (återtagande).
    Withdraw,
    /// It is withdrawn since the receiver may read it no more: consent was revoked, or it was a mistake (återkallat samtycke).
    Revoke,
    /// A person takes it in (kvittens).
    Acknowledge,
    /// A text is written back (svar).
    Reply,
    /// The description is contradicted (invändning).
    Object,
    /// An arrival is matched with it (ankomst).
    Arrive,
    /// The time for an arrival runs out (ej ankommen).
    NotArrive,
    /// The registration of the move was reversed (återöppnad).
    Reopen,
    /// It went to the wrong municipality (återkallad).
    Recall,
    /// A party ends it for the other (avidentifierad).
    Redact,
}

impl Step {
    /// All.
    pub const ALL: [Self; 11] = [
        Self::Supplement,
        Self::Withdraw,
        Self::Revoke,
        Self::Acknowledge,
        Self::Reply,
        Self::Object,
        Self::Arrive,
        Self::NotArrive,
        Self::Reopen,
        Self::Recall,
        Self::Redact,
    ];
}

/// The state after a step; none when that side may not take it from that state. No step changes a final one, but for
/// four: what arrived by a registration that was reversed is open again, where somebody had taken it in; what
/// went to the wrong municipality is called back whenever that is found out; so is what the receiver may read no more; and
/// either party ends it for the other. Until somebody ended it, the two go on writing to each other about it: that the
/// register was quicker than an officer takes nobody's answer away.
pub fn step(state: RelocationState, step: Step, side: Side) -> Option<RelocationState> {
    let is_senders_end = side == Side::Sender && matches!(step, Step::Recall | Step::Revoke);
    if step == Step::Redact && side != Side::Ledger || is_senders_end {
        return Some(RelocationState::Withdrawn);
    }
    if state.is_final() {
        let is_reopened =
            (state, step, side) == (RelocationState::Arrived, Step::Reopen, Side::Ledger);
        if is_reopened {
            return Some(RelocationState::Acknowledged);
        }
        return goes_on(state, step, side).then_some(state);
    }
    let taken_in = state != RelocationState::Registered;
    match (side, step) {
        (Side::Sender, Step::Supplement) => Some(state),
        (Side::Sender, Step::Withdraw) => Some(RelocationState::Withdrawn),
        (Side::Sender, Step::Reply) if taken_in => Some(state),
        (Side::Recipient, Step::Acknowledge) if !taken_in => Some(RelocationState::Acknowledged),
        (Side::Recipient, Step::Reply) if taken_in => Some(RelocationState::Replied),
        (Side::Recipient, Step::Object) if taken_in => Some(RelocationState::Objected),
        (Side::Ledger, Step::Arrive) => Some(RelocationState::Arrived),
        (Side::Ledger, Step::NotArrive) => Some(RelocationState::NotArrived),
        (Side::Sender | Side::Recipient | Side::Ledger, _) => None,
    }
}

/// Whether a side may still write about what has come to its end by itself.
fn goes_on(state: RelocationState, step: Step, side: Side) -> bool {
    let is_writing = match side {
        Side::Sender => step == Step::Reply,
        Side::Recipient => matches!(step, Step::Acknowledge | Step::Reply | Step::Object),
        Side::Ledger => false,
    };
    is_writing && state != RelocationState::Withdrawn
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = include_str!("../../../docs/states.md");

    /// `NotArrived` as "not arrived".
    fn words(name: &impl std::fmt::Debug) -> String {
        let mut words = String::new();
        for sign in format!("{name:?}").chars() {
            if sign.is_uppercase() && !words.is_empty() {
                words.push(' ');
            }
            words.extend(sign.to_lowercase());
        }
        words
    }

    /// The cells of the table under a side's heading, the head row first.
    fn published(side: Side) -> Vec<Vec<&'static str>> {
        let heading = format!("## What the {} may do", words(&side));
        PUBLISHED
            .lines()
            .skip_while(|line| *line != heading)
            .skip(1)
            .take_while(|line| !line.starts_with("## "))
            .filter(|line| line.starts_with('|') && !line.starts_with("|-"))
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect()
    }

    #[test]
    fn every_cell_of_the_published_table_is_what_step_says() {
        for side in Side::ALL {
            let table = published(side);
            let mut head = vec!["from".to_owned()];
            head.extend(Step::ALL.iter().map(words));
            assert_eq!(table.first().expect("a table"), &head, "{side:?}");
            assert_eq!(table.len(), 1 + RelocationState::ALL.len(), "{side:?}");
            for (state, row) in RelocationState::ALL.into_iter().zip(table.iter().skip(1)) {
                let mut expected = vec![words(&state)];
                expected.extend(Step::ALL.into_iter().map(|taken| {
                    step(state, taken, side).map_or_else(|| "–".to_owned(), |after| words(&after))
                }));
                assert_eq!(row, &expected, "{side:?}");
            }
        }
    }

    #[test]
    fn no_other_step_changes_what_is_final() {
        for state in RelocationState::ALL
            .into_iter()
            .filter(|state| state.is_final())
        {
            for taken in Step::ALL.into_iter().filter(|taken| {
                let at_any_time = [Step::Reopen, Step::Recall, Step::Revoke, Step::Redact];
                !at_any_time.contains(taken)
            }) {
                assert!(
                    Side::ALL
                        .into_iter()
                        .all(|side| step(state, taken, side).is_none_or(|after| after == state))
                );
            }
        }
    }

    #[test]
    fn a_sender_never_objects_and_nobody_else_withdraws() {
        for state in RelocationState::ALL {
            assert_eq!(step(state, Step::Object, Side::Sender), None);
            assert_eq!(step(state, Step::Withdraw, Side::Recipient), None);
            assert_eq!(step(state, Step::Withdraw, Side::Ledger), None);
            for senders in [Step::Recall, Step::Revoke] {
                assert_eq!(step(state, senders, Side::Recipient), None);
                assert_eq!(step(state, senders, Side::Ledger), None);
            }
            assert_eq!(step(state, Step::Redact, Side::Ledger), None);
        }
    }

    #[test]
    fn numbers_are_read_back() {
        for (index, state) in (1..).zip(RelocationState::ALL) {
            assert_eq!(state.number(), index);
            assert_eq!(RelocationState::from_number(index), Some(state));
        }
        assert_eq!(RelocationState::from_number(0), None);
    }
}
