//! What an entry says in the clear. The words for it stand in `words`.

use api::v1::EntryKind;
use domain::entry::{Entry, Event};
use domain::municipality::{self, MunicipalityCode};
use domain::subject::{Subject, Version};
use serde::Serialize;

/// What an entry says.
#[derive(Debug, Serialize)]
pub(super) struct Envelope {
    /// `relocations/…`.
    pub(super) name: String,
    pub(super) version: u32,
    #[serde(skip)]
    pub(super) kind: EntryKind,
    /// Its name in `flyttbud.v1`.
    #[serde(rename = "kind")]
    kind_name: &'static str,
    /// Municipalities that the entry itself names, each with its code and name.
    pub(super) municipalities: Vec<String>,
    /// By the service's clock.
    pub(super) recorded_at: String,
    /// Sealed parts: their number, nothing of what is inside.
    pub(super) sealed_parts: usize,
}

impl Envelope {
    pub(super) fn of(entry: &Entry) -> Self {
        let kind = api::record::kind(&entry.event);
        Self {
            name: entry.subject.to_string(),
            version: entry.version.0,
            kind,
            kind_name: kind.as_str_name(),
            municipalities: named(&entry.event)
                .into_iter()
                .flatten()
                .map(shown)
                .collect(),
            recorded_at: entry.recorded_at.to_string(),
            sealed_parts: entry.sealed.len(),
        }
    }
}

/// What ended a receiver's reading: of which relocation, and of all that it said before this version.
#[derive(Clone, Debug)]
pub(super) struct Recall {
    subject: Subject,
    version: Version,
    pub(super) recorded_at: String,
}

impl Recall {
    /// When consent is revoked, and when it was a mistake, the receiver's keys are erased.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        entry.event.ends_reading().then(|| Self {
            subject: entry.subject,
            version: entry.version,
            recorded_at: entry.recorded_at.to_string(),
        })
    }

    /// Whether it ended the reading of this entry.
    pub(super) fn ends(&self, entry: &Entry) -> bool {
        self.subject == entry.subject && self.version > entry.version
    }
}

fn shown(code: MunicipalityCode) -> String {
    let name = municipality::find(code).map(|found| found.name);
    format!("{code} {}", name.unwrap_or_default())
        .trim_end()
        .to_owned()
}

/// The municipalities in an event, the acting one first.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others name nobody")]
fn named(event: &Event) -> [Option<MunicipalityCode>; 2] {
    match event {
        Event::RelocationRegistered {
            sender, recipient, ..
        } => [Some(*sender), Some(*recipient)],
        Event::ArrivalReported {
            municipality,
            previous,
            ..
        } => [Some(*municipality), Some(*previous)],
        Event::AlertRaised { asking, asked, .. } => [Some(*asking), Some(*asked)],
        Event::RelocationReplied { by, .. }
        | Event::RelocationRestricted { by, .. }
        | Event::RelocationReleased { by, .. }
        | Event::RelocationRedacted { by }
        | Event::IdentityReferred { by, .. } => [Some(*by), None],
        Event::NoticesConfirmed { recipient, .. } => [Some(*recipient), None],
        _ => [None, None],
    }
}
