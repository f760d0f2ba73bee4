//! What an entry changes in the read tables: states, as the rules see them after it, and whose entry it is.

use api::v1;
use domain::entry::{Entry, Event};
use domain::municipality::MunicipalityCode;
use domain::subject::{Subject, SubjectKind};
use journal::views::Change;
use ledger::{AlertState, ArrivalState, Machine};

/// Changes by an entry that the machine has applied.
pub(crate) fn changes(machine: &Machine, entry: &Entry) -> Vec<Change> {
    let own = owners(machine, entry).into_iter().flatten();
    own.map(Change::Own).chain(states(machine, entry)).collect()
}

/// Whose entry it is: its parties', and the operators' when it is about an alert or the system. What operators do
/// with an alert before they close it is theirs alone.
fn owners(machine: &Machine, entry: &Entry) -> [Option<MunicipalityCode>; 3] {
    let id = entry.subject.id;
    let operators = Some(MunicipalityCode::HOUSE);
    match entry.subject.kind {
        SubjectKind::Relocation => match machine.relocation(id) {
            Some(fold) => [Some(fold.sender), Some(fold.recipient), None],
            None => [None; 3],
        },
        SubjectKind::Arrival => {
            let fold = machine.arrival(id);
            [fold.map(|(fold, _asked)| fold.municipality), None, None]
        }
        SubjectKind::Alert => {
            let fold = machine.alert(id);
            let fold = fold.filter(|_| !entry.event.is_operators_own());
            let (asking, asked) = (fold.map(|fold| fold.asking), fold.map(|fold| fold.asked));
            [operators, asking, asked]
        }
        SubjectKind::System => {
            let Event::NoticesConfirmed { recipient, .. } = &entry.event else {
                return [operators, None, None];
            };
            [operators, Some(*recipient), None]
        }
        SubjectKind::Municipality => [operators, entry.subject.municipality_code(), None],
        SubjectKind::RegisterEvent => {
            let Event::IdentityReferred { by, .. } = &entry.event else {
                return [None; 3];
            };
            [Some(*by), None, None]
        }
    }
}

fn states(machine: &Machine, entry: &Entry) -> Vec<Change> {
    let id = entry.subject.id;
    match entry.subject.kind {
        SubjectKind::System | SubjectKind::Municipality | SubjectKind::RegisterEvent => Vec::new(),
        // a new one has its row in its first state
        SubjectKind::Relocation if matches!(entry.event, Event::RelocationRegistered { .. }) => {
            Vec::new()
        }
        SubjectKind::Relocation => machine
            .relocation(id)
            .map(|fold| Change::Relocation {
                state: fold.state.number(),
            })
            .into_iter()
            .collect(),
        SubjectKind::Arrival => arrival(machine, entry.subject).into_iter().collect(),
        SubjectKind::Alert => machine
            .alert(id)
            .map(|fold| Change::Alert {
                state: alert_state(fold.state).into(),
            })
            .into_iter()
            .chain(about(entry).and_then(|subject| arrival(machine, subject)))
            .collect(),
    }
}

/// The arrival that an alert's first entry is about.
fn about(entry: &Entry) -> Option<Subject> {
    if let Event::AlertRaised {
        arrival: Some(id), ..
    } = entry.event
    {
        Some(Subject::arrival(id))
    } else {
        None
    }
}

fn arrival(machine: &Machine, subject: Subject) -> Option<Change> {
    let (fold, asked) = machine.arrival(subject.id)?;
    let state = match fold.state {
        ArrivalState::Reported if asked => v1::ArrivalState::Asked,
        ArrivalState::Reported => v1::ArrivalState::Reported,
        ArrivalState::Matched { .. } => v1::ArrivalState::Matched,
        ArrivalState::Withdrawn => v1::ArrivalState::Withdrawn,
    };
    Some(Change::Arrival {
        arrival: subject,
        state: state.into(),
    })
}

fn alert_state(state: AlertState) -> v1::AlertState {
    match state {
        AlertState::Open => v1::AlertState::Open,
        AlertState::Acknowledged => v1::AlertState::Acknowledged,
        AlertState::Answered => v1::AlertState::Answered,
        AlertState::Closed => v1::AlertState::Closed,
    }
}
