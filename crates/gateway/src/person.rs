//! A person as far as a party was told: all of the person's numbers (hänvisning), and what the party's notes say under
//! each of them. Read with one look at the key store, and one more for each step from number to number. References and
//! protection hold whichever code of the municipality they were told under; where a person is registered does not.

use std::collections::BTreeSet;

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use domain::identity::IdentityNumber;
use domain::reason::Reason;
use domain::register::Reference;
use prost::Message;
use vault::{Note, NoteKind, SearchTerm};

use crate::core::{Core, no_keys};
use crate::note;
use crate::permit::Party;

/// What a party knows of a person.
pub(crate) struct Person {
    /// Who knows it: nobody else is asked, and nobody else learns of it.
    pub(crate) party: Party,
    /// The number that was asked about.
    pub(crate) number: IdentityNumber,
    /// All numbers, that one first.
    pub(crate) numbers: Vec<IdentityNumber>,
    /// Every reference between them.
    pub(crate) references: BTreeSet<Reference>,
    /// The notes of the kinds that were asked for.
    notes: Vec<(NoteKind, Option<Note>)>,
}

impl Person {
    /// Reads what a party knows under a number, and its notes of some kinds.
    pub(crate) async fn read(
        core: &Core,
        party: Party,
        number: &IdentityNumber,
        kinds: &[NoteKind],
    ) -> Result<Self, Refusal> {
        let mut person = Self {
            party,
            number: number.clone(),
            numbers: vec![number.clone()],
            references: BTreeSet::new(),
            notes: Vec::new(),
        };
        let kinds = [&[NoteKind::Reference], kinds].concat();
        let parties = party.under_all_codes(core);
        let mut followed = 0;
        while followed < person.numbers.len() {
            let (mut under, mut names) = (Vec::new(), Vec::new());
            for number in person.numbers.iter().skip(followed) {
                let term = SearchTerm::Number(number);
                for under in &parties {
                    let mut kinds = kinds.clone();
                    kinds.retain(|kind| *under == party || *kind != NoteKind::Standing);
                    let of = core.vault.notes_of(under.code(), &kinds, term).await;
                    names.extend(of.map_err(no_keys)?);
                }
                under.resize(names.len(), number.clone());
            }
            followed = person.numbers.len();
            let notes = core.vault.notes(&names).await.map_err(no_keys)?;
            for ((number, name), note) in under.into_iter().zip(names).zip(notes) {
                if name.kind == NoteKind::Reference {
                    let note = note::said(note.as_ref())?.unwrap_or_default();
                    person.follow(core, &number, &note)?;
                } else {
                    person.notes.push((name.kind, note));
                }
            }
        }
        Ok(person)
    }

    /// What the notes of a kind say, in the order of the numbers; none for one that cannot be opened any more.
    pub(crate) fn said<N: Message + Default>(
        &self,
        kind: NoteKind,
    ) -> Result<Vec<Option<N>>, Refusal> {
        let notes = self.notes.iter().filter(|(of, _)| *of == kind);
        notes.map(|(_, note)| note::said(note.as_ref())).collect()
    }

    /// The same person, as the municipality has it under another of its codes. No note of it was read.
    pub(crate) fn under(&self, party: Party) -> Self {
        Self {
            party,
            number: self.number.clone(),
            numbers: self.numbers.clone(),
            references: self.references.clone(),
            notes: Vec::new(),
        }
    }

    /// Whether a number comes after another one, by way of any number of references.
    pub(crate) fn is_replaced(&self, number: &IdentityNumber, by: &IdentityNumber) -> bool {
        let mut newer = vec![number];
        let mut next = 0;
        while let Some(from) = newer.get(next).copied() {
            let replaced = self.references.iter().filter(|it| it.replaced == *from);
            let found: Vec<_> = replaced.map(|it| &it.by).collect();
            for number in found {
                if !newer.contains(&number) {
                    newer.push(number);
                }
            }
            next += 1;
        }
        newer.contains(&by)
    }

    fn follow(
        &mut self,
        core: &Core,
        from: &IdentityNumber,
        note: &sealed::ReferenceNote,
    ) -> Result<(), Refusal> {
        let read = |text: &String| {
            let number = IdentityNumber::parse(text, core.today());
            number.map_err(|_fault| Refusal::new(Reason::Internal))
        };
        for text in &note.replaced_by {
            self.learn(read(text)?, |other| Reference {
                replaced: from.clone(),
                by: other,
            });
        }
        for text in &note.replaces {
            self.learn(read(text)?, |other| Reference {
                replaced: other,
                by: from.clone(),
            });
        }
        Ok(())
    }

    fn learn(&mut self, other: IdentityNumber, how: impl FnOnce(IdentityNumber) -> Reference) {
        if !self.numbers.contains(&other) {
            self.numbers.push(other.clone());
        }
        self.references.insert(how(other));
    }
}
