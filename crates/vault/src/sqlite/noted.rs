//! The names of all notes about persons. Nearly everybody that is asked about has none: that is known here, without a look
//! at the file. Notes about events are asked for once, and stand in the file alone.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use rusqlite::Connection;

use super::bound;
use crate::note::{NoteKind, NoteName};
use crate::store::Change;

/// A name as it is stored: authority, kind, token.
type Stored = (u16, u8, [u8; 16]);

/// The names. One may stand here whose note is gone or was never committed; none is missing, or all are: when there are too
/// many.
pub(super) struct Noted {
    names: RwLock<Option<HashSet<Stored>>>,
    names_max: usize,
}

/// The names in a file, from their index alone.
const NAMES: &str = "SELECT authority, kind, token FROM notes INDEXED BY notes_about_persons \
                     WHERE kind NOT IN (1, 3) LIMIT ?1";

/// Whether notes of a kind are about persons, who are asked about again and again.
fn is_about_a_person(kind: NoteKind) -> bool {
    match kind {
        NoteKind::Event | NoteKind::Quarantined => false,
        NoteKind::Standing
        | NoteKind::Protected
        | NoteKind::Reference
        | NoteKind::Asked
        | NoteKind::Household
        | NoteKind::Member => true,
    }
}

impl Noted {
    /// The names in a file, when there are no more than so many.
    pub(super) fn load(connection: &Connection, names_max: usize) -> Result<Self, rusqlite::Error> {
        let names = connection
            .prepare(NAMES)?
            .query_map([bound(names_max.saturating_add(1))], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<Result<HashSet<_>, _>>()?;
        let names = (names.len() <= names_max).then_some(names);
        Ok(Self {
            names: RwLock::new(names),
            names_max,
        })
    }

    /// Before a group is committed: whoever reads right after it must find what it wrote.
    pub(super) fn before<'a>(&self, group: impl Iterator<Item = &'a Change>) {
        let written = group.filter_map(|change| {
            if let Change::Note(note) = change
                && is_about_a_person(note.name.kind)
            {
                return Some(stored(note.name));
            }
            None
        });
        let mut written = written.peekable();
        if written.peek().is_none() {
            return;
        }
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.as_mut() {
            known.extend(written);
            if known.len() > self.names_max {
                *names = None;
            }
        }
    }

    /// After it was: what it removed, and did not write again, is there no more.
    pub(super) fn after<'a>(&self, group: impl Iterator<Item = &'a Change>) {
        let mut removed = HashSet::new();
        for change in group {
            if let Change::RemoveNote(name) = change {
                removed.insert(stored(*name));
            } else if let Change::Note(note) = change {
                removed.remove(&stored(note.name));
            }
        }
        if removed.is_empty() {
            return;
        }
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.as_mut() {
            known.retain(|name| !removed.contains(name));
        }
    }

    /// Whether there may be a note under any of some names.
    pub(super) fn may_have(&self, any: &[NoteName]) -> bool {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = names.as_ref() else {
            return true;
        };
        any.iter()
            .any(|name| !is_about_a_person(name.kind) || known.contains(&stored(*name)))
    }
}

fn stored(name: NoteName) -> Stored {
    (name.authority.number(), name.kind.number(), name.token)
}

#[cfg(test)]
mod tests {
    use domain::municipality::MunicipalityCode;

    use super::*;
    use crate::note::NoteRow;
    use crate::sqlite::schema;

    fn name(kind: NoteKind, token: u8) -> NoteName {
        NoteName {
            authority: MunicipalityCode::parse("0184").expect("a code"),
            kind,
            token: [token; 16],
        }
    }

    fn note(kind: NoteKind, token: u8) -> Change {
        Change::Note(NoteRow {
            name: name(kind, token),
            after: 0,
            sealed: Vec::new(),
        })
    }

    /// A file with notes under some names.
    fn file(notes: &[NoteName]) -> Connection {
        let connection = Connection::open_in_memory().expect("a database");
        schema::migrate(&connection, &schema::MIGRATIONS).expect("a schema");
        for name in notes {
            let (authority, kind) = (name.authority.number(), name.kind.number());
            let sql = "INSERT INTO notes VALUES (?1, ?2, ?3, 1, zeroblob(9))";
            let values = (authority, kind, name.token);
            connection.execute(sql, values).expect("put");
        }
        connection
    }

    const STANDING: NoteKind = NoteKind::Standing;

    #[test]
    fn who_has_no_note_is_known_without_the_file_as_long_as_the_names_fit() {
        let notes = [1, 2, 3].map(|token| name(STANDING, token));
        for (names_max, asks) in [(3, false), (2, true)] {
            let noted = Noted::load(&file(&notes), names_max).expect("loaded");
            assert!(notes.iter().all(|name| noted.may_have(&[*name])));
            assert_eq!(noted.may_have(&[name(STANDING, 9)]), asks, "{names_max}");
        }
        // one more than fits, written while it runs
        let noted = Noted::load(&file(&notes), 3).expect("loaded");
        noted.before([note(STANDING, 3)].iter());
        assert!(!noted.may_have(&[name(STANDING, 9)]), "it was there before");
        noted.before([note(STANDING, 4)].iter());
        assert!(noted.may_have(&[name(STANDING, 9)]));
    }

    #[test]
    fn notes_about_events_are_not_remembered_and_always_looked_for() {
        let events = [name(NoteKind::Event, 1), name(NoteKind::Quarantined, 2)];
        let noted = Noted::load(&file(&events), 0).expect("loaded");
        noted.before([note(NoteKind::Event, 3)].iter());
        assert!(!noted.may_have(&[name(STANDING, 9)]), "nothing took room");
        for kind in [NoteKind::Event, NoteKind::Quarantined] {
            assert!(noted.may_have(&[name(STANDING, 9), name(kind, 9)]));
        }
    }

    #[test]
    fn what_was_removed_and_not_written_again_is_forgotten() {
        let removed = |token| Change::RemoveNote(name(STANDING, token));
        for (group, is_left) in [
            (vec![removed(1)], false),
            (vec![removed(1), note(STANDING, 1)], true),
            (vec![note(STANDING, 1), removed(1)], false),
            (vec![removed(2)], true),
        ] {
            let noted = Noted::load(&file(&[name(STANDING, 1)]), 9).expect("loaded");
            noted.before(group.iter());
            assert!(
                noted.may_have(&[name(STANDING, 1)]),
                "until it is committed"
            );
            noted.after(group.iter());
            assert_eq!(noted.may_have(&[name(STANDING, 1)]), is_left);
        }
    }

    #[test]
    fn the_names_are_read_without_what_the_notes_say() {
        let file = file(&[]);
        let explained = format!("EXPLAIN QUERY PLAN {NAMES}");
        let mut plan = file.prepare(&explained).expect("a plan");
        let steps = plan.query_map([1], |row| row.get::<_, String>(3));
        let steps: Result<Vec<_>, _> = steps.expect("steps").collect();
        let [step] = <[String; 1]>::try_from(steps.expect("steps")).expect("one");
        assert!(
            step.contains("COVERING INDEX notes_about_persons"),
            "{step}"
        );
    }
}
