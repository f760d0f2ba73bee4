//! Notes: what an authority keeps beside the journal. Each is sealed under the authority's own key and found by a keyed
//! token; none is ever a part of an entry, and no other authority finds or opens it.

use std::fmt;

use domain::municipality::MunicipalityCode;

use crate::keys::{NO_EPOCH, Purpose};
use crate::limits::SMALL_BYTES_MAX;
use crate::store::Change;
use crate::{Error, SearchTerm, Vault};

/// What a note is about. No token of one kind is one of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// An event of the population register that came in (händelse).
    Event,
    /// Where a person is registered, as the events said (folkbokföringsläge).
    Standing,
    /// An event that nobody here understands yet (karantän).
    Quarantined,
    /// A person whom nothing here may be about (skydd).
    Protected,
    /// The numbers of one person (hänvisning).
    Reference,
    /// The reports about a person about which the authority may be asked (fråga).
    Asked,
    /// Who was announced in a household (hushåll).
    Household,
    /// The households that a person was announced in (hushållsmedlem).
    Member,
}

impl NoteKind {
    /// The number it is stored as, for ever.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Event => 1,
            Self::Standing => 2,
            Self::Quarantined => 3,
            Self::Protected => 4,
            Self::Reference => 5,
            Self::Asked => 6,
            Self::Household => 7,
            Self::Member => 8,
        }
    }
}

/// Which note.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoteName {
    /// Whose.
    pub authority: MunicipalityCode,
    /// About what.
    pub kind: NoteKind,
    /// Under which it is found: a keyed hash, or a time-ordered id.
    pub token: [u8; 16],
}

impl fmt::Debug for NoteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteName({}, {:?}, ..)", self.authority, self.kind)
    }
}

/// What a note may be bound to, by the number of its kind: its place and its revision; earlier programs left the revision
/// out.
pub(crate) fn bound(kind: u8, token: [u8; 16], revision: i64) -> [Vec<u8>; 2] {
    let data = |label: &[u8]| {
        let mut bytes = label.to_vec();
        bytes.push(kind);
        bytes.extend_from_slice(&token);
        bytes
    };
    let mut now = data(b"note/v2\0");
    now.extend_from_slice(&revision.to_be_bytes());
    [now, data(b"note\0")]
}

/// A note as it was read.
#[derive(PartialEq, Eq)]
pub struct Note {
    /// How often it was written, from 1.
    pub revision: i64,
    /// What it says; none when the key to it was deleted.
    pub body: Option<Vec<u8>>,
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Note({}, ..)", self.revision)
    }
}

/// A note to be stored.
pub(crate) struct NoteRow {
    pub(crate) name: NoteName,
    /// The revision that it follows; 0 when there is none yet.
    pub(crate) after: i64,
    pub(crate) sealed: Vec<u8>,
}

impl Vault {
    /// The name of an authority's note about a person.
    pub async fn note_of(
        &self,
        authority: MunicipalityCode,
        kind: NoteKind,
        term: SearchTerm<'_>,
    ) -> Result<NoteName, Error> {
        let token = self.search_token(authority, term).await?;
        self.note_named(authority, kind, &token).await
    }

    /// Likewise, of its notes of some kinds, in their order.
    pub async fn notes_of(
        &self,
        authority: MunicipalityCode,
        kinds: &[NoteKind],
        term: SearchTerm<'_>,
    ) -> Result<Vec<NoteName>, Error> {
        let token = self.search_token(authority, term).await?;
        let mut names = Vec::with_capacity(kinds.len());
        for kind in kinds {
            names.push(self.note_named(authority, *kind, &token).await?);
        }
        Ok(names)
    }

    /// The name of an authority's note about something that has a name of its own.
    pub async fn note_named(
        &self,
        authority: MunicipalityCode,
        kind: NoteKind,
        name: &[u8],
    ) -> Result<NoteName, Error> {
        let key = self.key(authority, NO_EPOCH, Purpose::Search).await?;
        Ok(NoteName {
            authority,
            kind,
            token: key.mac(&[b"flyttbud/note/v1\0", &[kind.number()], name]),
        })
    }

    /// Reads notes with one look at the store, in the order of their names. None where there is none.
    pub async fn notes(&self, names: &[NoteName]) -> Result<Vec<Option<Note>>, Error> {
        let rows = self.inner.store.notes(names).await?;
        let mut notes = Vec::with_capacity(rows.len());
        for (name, row) in names.iter().zip(rows) {
            notes.push(match row {
                None => None,
                Some((revision, sealed)) => Some(Note {
                    revision,
                    body: self.open_note(*name, revision, &sealed).await?,
                }),
            });
        }
        Ok(notes)
    }

    /// Reads a note. None when there is none.
    pub async fn note(&self, name: NoteName) -> Result<Option<Note>, Error> {
        let note = self.notes(&[name]).await?.pop();
        Ok(note.flatten())
    }

    /// Writes a note after the revision that was read, 0 when there was none. False when somebody else wrote meanwhile:
    /// then nothing is changed.
    pub async fn write_note(&self, name: NoteName, after: i64, body: &[u8]) -> Result<bool, Error> {
        let [ad, _before] = bound(name.kind.number(), name.token, after.saturating_add(1));
        let sealed = self
            .seal_small(name.authority, &ad, body, SMALL_BYTES_MAX)
            .await?;
        let row = NoteRow {
            name,
            after,
            sealed,
        };
        Ok(self.inner.store.apply(Change::Note(row)).await? > 0)
    }

    /// Deletes a note, for good.
    pub async fn remove_note(&self, name: NoteName) -> Result<(), Error> {
        self.inner.store.apply(Change::RemoveNote(name)).await?;
        Ok(())
    }

    /// An authority's notes of a kind whose tokens are lower, the highest first, at most `limit`: in the order of time
    /// where tokens are time-ordered ids.
    pub async fn list_notes(
        &self,
        authority: MunicipalityCode,
        kind: NoteKind,
        below: [u8; 16],
        limit: usize,
    ) -> Result<Vec<(NoteName, Option<Vec<u8>>)>, Error> {
        let rows = self
            .inner
            .store
            .list_notes(authority, kind, below, limit)
            .await?;
        let mut notes = Vec::with_capacity(rows.len());
        for (token, revision, sealed) in rows {
            let name = NoteName {
                authority,
                kind,
                token,
            };
            notes.push((name, self.open_note(name, revision, &sealed).await?));
        }
        Ok(notes)
    }

    async fn open_note(
        &self,
        name: NoteName,
        revision: i64,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        let bound = bound(name.kind.number(), name.token, revision);
        self.open_small_as(name.authority, &bound, sealed).await
    }
}
