//! A group of batches as the columns that the function `flyttbud.append` takes.

use domain::subject::Position;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::packed::{Packed, PackedDraft};
use crate::sqlite::{kind_number, scope_number};

/// The function's arguments, in its order. Batches, drafts and notices are counted from 1.
#[derive(Debug, Default)]
pub(super) struct Columns<'a> {
    known_edge: i64,
    batch_kinds: Vec<i32>,
    batch_subjects: Vec<Uuid>,
    request_scopes: Vec<Option<i32>>,
    request_ids: Vec<Option<Uuid>>,
    fingerprints: Vec<Option<&'a [u8]>>,
    keys: Vec<Option<&'a [u8]>>,
    advances: Vec<i64>,
    person_batches: Vec<i32>,
    persons: Vec<&'a [u8]>,
    person_roles: Vec<i32>,
    draft_batches: Vec<i32>,
    draft_subjects: Vec<Uuid>,
    draft_versions: Vec<i32>,
    draft_bytes: Vec<&'a [u8]>,
    notice_drafts: Vec<i32>,
    notice_recipients: Vec<i32>,
    notice_kinds: Vec<i32>,
    notice_subjects: Vec<String>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(group: impl Iterator<Item = &'a Packed>, known: Position) -> Self {
        let mut columns = Self {
            known_edge: known.0.cast_signed(),
            ..Self::default()
        };
        for packed in group {
            columns.push(packed);
        }
        columns
    }

    fn push(&mut self, packed: &'a Packed) {
        let request = packed.request.as_ref();
        self.batch_kinds
            .push(small(kind_number(packed.subject.kind)));
        self.batch_subjects.push(packed.subject.id);
        self.request_scopes
            .push(request.map(|request| small(scope_number(request.scope))));
        self.request_ids.push(request.map(|request| request.id));
        self.fingerprints
            .push(request.map(|request| request.fingerprint.as_slice()));
        self.keys
            .push(packed.unique_key.as_ref().map(String::as_bytes));
        self.advances.push(packed.advance_seconds);
        let batch = small(self.batch_kinds.len());
        for (person, role) in &packed.persons {
            self.person_batches.push(batch);
            self.persons.push(person);
            self.person_roles.push(*role);
        }
        for draft in &packed.drafts {
            self.draft_batches.push(batch);
            self.push_draft(draft);
        }
    }

    fn push_draft(&mut self, packed: &'a PackedDraft) {
        let draft = &packed.draft;
        self.draft_subjects.push(draft.subject.id);
        self.draft_versions.push(small(draft.version.0));
        self.draft_bytes.push(&packed.bytes);
        for (recipient, kind) in &draft.notices {
            self.notice_drafts.push(small(self.draft_batches.len()));
            self.notice_recipients.push(i32::from(recipient.number()));
            self.notice_kinds.push(kind.number());
            self.notice_subjects.push(draft.subject.to_string());
        }
    }

    pub(super) fn values(&self) -> [&(dyn ToSql + Sync); 19] {
        [
            &self.known_edge,
            &self.batch_kinds,
            &self.batch_subjects,
            &self.request_scopes,
            &self.request_ids,
            &self.fingerprints,
            &self.keys,
            &self.advances,
            &self.person_batches,
            &self.persons,
            &self.person_roles,
            &self.draft_batches,
            &self.draft_subjects,
            &self.draft_versions,
            &self.draft_bytes,
            &self.notice_drafts,
            &self.notice_recipients,
            &self.notice_kinds,
            &self.notice_subjects,
        ]
    }
}

/// A number that is small; one that is not fits nothing that is stored, and is refused for it.
fn small(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
