//! The mark of a person's protection, as a sealed note: what the register of a municipality told, and what an officer said
//! by hand. Neither changes the other.

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use domain::disclosure::Protection;
use domain::identity::IdentityNumber;
use jiff::Timestamp;
use vault::{NoteKind, NoteName};

use crate::core::Core;
use crate::note;
use crate::permit::Party;

async fn name(core: &Core, party: Party, number: &IdentityNumber) -> Result<NoteName, Refusal> {
    note::name(core, party.code(), NoteKind::Protected, number).await
}

/// What a mark says. One that cannot be opened any more counts as set, by hand too.
pub(super) fn said(note: Option<sealed::ProtectedNote>) -> sealed::ProtectedNote {
    note.unwrap_or(sealed::ProtectedNote {
        changed_at_micros: i64::MIN,
        protected: true,
        marked: true,
        by_hand_at_micros: 1,
        lifted_at_micros: 0,
    })
}

/// Whether nothing may be about the person: by what a register told, or by an officer's word.
pub(super) fn ends(mark: sealed::ProtectedNote) -> bool {
    mark.protected || is_by_hand(mark)
}

fn is_by_hand(mark: sealed::ProtectedNote) -> bool {
    mark.by_hand_at_micros > mark.lifted_at_micros
}

/// Sets what a register told, or lifts it, which only what tells of no protection at all does. Returns what it is then:
/// nothing is kept of a person who never was protected.
pub(super) async fn told(
    core: &Core,
    party: Party,
    number: &IdentityNumber,
    (changed_at, protection): (Timestamp, Protection),
) -> Result<sealed::ProtectedNote, Refusal> {
    let name = name(core, party, number).await?;
    note::change(core, name, |revision, before| {
        let before = said(before);
        let after = marked(
            revision > 0,
            before,
            changed_at.as_microsecond(),
            protection,
        );
        (after, after.unwrap_or(before))
    })
    .await
}

/// What a mark becomes; none when it stays. What was changed last counts, but that a secrecy marking lifts no stronger
/// protection, whichever of the two comes in first.
fn marked(
    is_known: bool,
    before: sealed::ProtectedNote,
    changed_at_micros: i64,
    protection: Protection,
) -> Option<sealed::ProtectedNote> {
    let (protected, marked) = match protection {
        Protection::ProtectedRegistration => (true, before.marked),
        Protection::SecrecyMarking => (before.protected, true),
        Protection::None => (false, false),
    };
    if !is_known || changed_at_micros > before.changed_at_micros {
        let told = sealed::ProtectedNote {
            changed_at_micros,
            protected,
            marked,
            ..before
        };
        return (is_known || protected || marked).then_some(told);
    }
    // of two events of one instant the stronger stands, in whichever order they come in
    let is_same = changed_at_micros == before.changed_at_micros;
    let stronger = sealed::ProtectedNote {
        protected: before.protected || protected && (is_same || before.marked),
        marked: before.marked || marked && is_same,
        ..before
    };
    (stronger != before).then_some(stronger)
}

/// Sets what an officer said at an instant; what was lifted since stays lifted. Returns what the mark is then.
pub(super) async fn set_by_hand(
    core: &Core,
    party: Party,
    number: &IdentityNumber,
    at: Timestamp,
) -> Result<sealed::ProtectedNote, Refusal> {
    by_hand(core, party, number, |_before| at.as_microsecond()).await
}

/// Sets what an officer says now, whatever was lifted before.
pub(super) async fn say_by_hand(
    core: &Core,
    party: Party,
    number: &IdentityNumber,
) -> Result<(), Refusal> {
    let now = core.journal.now().as_microsecond();
    let over = |before: sealed::ProtectedNote| now.max(before.lifted_at_micros.saturating_add(1));
    by_hand(core, party, number, over).await?;
    Ok(())
}

async fn by_hand(
    core: &Core,
    party: Party,
    number: &IdentityNumber,
    at_micros: impl Fn(sealed::ProtectedNote) -> i64,
) -> Result<sealed::ProtectedNote, Refusal> {
    let name = name(core, party, number).await?;
    note::change(core, name, |_revision, before| {
        let before = said(before);
        let after = sealed::ProtectedNote {
            by_hand_at_micros: at_micros(before).max(before.by_hand_at_micros),
            ..before
        };
        ((after != before).then_some(after), after)
    })
    .await
}

/// Lifts what officers said by hand of a person under a number, under every code of the municipality. What a register told
/// stays.
pub(crate) async fn lift(
    core: &Core,
    party: Party,
    number: &IdentityNumber,
) -> Result<(), Refusal> {
    let now = core.journal.now().as_microsecond();
    for party in party.under_all_codes(core) {
        let name = name(core, party, number).await?;
        note::change(core, name, |_revision, before| {
            let before = said(before);
            let after = sealed::ProtectedNote {
                lifted_at_micros: now.max(before.by_hand_at_micros),
                ..before
            };
            (is_by_hand(before).then_some(after), ())
        })
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Protection = Protection::None;
    const MARKING: Protection = Protection::SecrecyMarking;
    const PROTECTED: Protection = Protection::ProtectedRegistration;

    /// What events of some hours lead to, as they come in: protected, marked; none when nothing is kept.
    fn after(events: &[(i64, Protection)]) -> Option<(bool, bool)> {
        let mut note = None;
        for (hour, protection) in events {
            let before = note.unwrap_or_default();
            note = marked(note.is_some(), before, *hour, *protection).or(note);
        }
        note.map(|it: sealed::ProtectedNote| (it.protected, it.marked))
    }

    #[test]
    fn what_a_register_tells_changes_nothing_that_was_said_by_hand() {
        let by_hand = sealed::ProtectedNote {
            by_hand_at_micros: 5,
            ..sealed::ProtectedNote::default()
        };
        for protection in [NONE, MARKING, PROTECTED] {
            let after = marked(true, by_hand, 9, protection).unwrap_or(by_hand);
            assert!(is_by_hand(after) && ends(after), "{protection:?}");
            let after = marked(true, after, 10, NONE).unwrap_or(after);
            assert!(ends(after) && !after.protected, "{protection:?}");
            let lifted = sealed::ProtectedNote {
                lifted_at_micros: 5,
                ..after
            };
            assert!(!ends(lifted), "{protection:?}");
        }
        // one that cannot be opened any more was perhaps said by hand
        let after = marked(true, said(None), 9, NONE).expect("another one");
        assert!(ends(after) && !after.protected && !after.marked);
    }

    #[test]
    fn what_was_changed_last_counts_and_a_marking_lifts_nothing() {
        for (events, expect) in [
            (&[(1, NONE)][..], None),
            (&[(1, MARKING)], Some((false, true))),
            (&[(1, MARKING), (2, NONE)], Some((false, false))),
            (&[(2, MARKING), (1, NONE)], Some((false, true))),
            (&[(1, PROTECTED), (2, MARKING)], Some((true, true))),
            (&[(2, MARKING), (1, PROTECTED)], Some((true, true))),
            (&[(1, MARKING), (2, PROTECTED)], Some((true, true))),
            (
                &[(1, PROTECTED), (3, MARKING), (2, NONE)],
                Some((true, true)),
            ),
            (
                &[(1, PROTECTED), (2, MARKING), (3, NONE)],
                Some((false, false)),
            ),
            (
                &[(3, MARKING), (4, NONE), (1, PROTECTED)],
                Some((false, false)),
            ),
            (
                &[(2, MARKING), (3, NONE), (3, MARKING)],
                Some((false, true)),
            ),
            (
                &[(2, MARKING), (3, MARKING), (3, NONE)],
                Some((false, true)),
            ),
            (
                &[(2, MARKING), (3, NONE), (3, PROTECTED)],
                Some((true, false)),
            ),
            (
                &[(2, MARKING), (3, PROTECTED), (3, NONE)],
                Some((true, true)),
            ),
            (&[(2, NONE), (1, PROTECTED)], Some((true, false))),
        ] {
            assert_eq!(after(events), expect, "{events:?}");
        }
    }
}
