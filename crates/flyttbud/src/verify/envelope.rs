//! What an entry says in the clear. The words for it stand in `words`.

use api::v1::EntryKind;
use domain::entry::{Entry, Event};
use domain::municipality::{self, MunicipalityCode};
use domain::subject::{Subject, SubjectKind, Version};
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

/// What ended that somebody may read what was told before it, and so obliges the service to erase keys.
#[derive(Clone, Debug)]
pub(super) struct Recall {
    subject: Subject,
    version: Version,
    ends: Ends,
    recorded_at: String,
}

/// Whose reading of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// The receiver's, of all of a relocation: consent was revoked, or it was a mistake.
    Receivers,
    /// The other party's: of all when the sender ended it, of its own replies when the receiver did.
    OtherPartys(MunicipalityCode),
    /// That of whoever asked a question, of what was answered.
    AskingOnes,
}

/// That somebody may read an entry no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Ended {
    /// When that was recorded.
    pub(super) at: String,
    /// Whose keys the service must erase.
    pub(super) whose: Whose,
}

/// Whose keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Whose {
    /// The receiver's, since it was withdrawn.
    Receivers,
    /// Those of the party that did not end it.
    OtherPartys,
    /// Those of the municipality that asked.
    AskingOnes,
}

impl Recall {
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let ends = if let Event::RelocationRedacted { by } = entry.event {
            Ends::OtherPartys(by)
        } else if entry.event == Event::AlertRedacted {
            Ends::AskingOnes
        } else {
            Ends::Receivers
        };
        let is_told = entry.subject.kind != SubjectKind::Arrival;
        (is_told && entry.event.ends_reading()).then(|| Self {
            subject: entry.subject,
            version: entry.version,
            ends,
            recorded_at: entry.recorded_at.to_string(),
        })
    }

    /// Whose reading of an entry it ended. Who sent the relocation is asked where that decides it: what nobody knows is
    /// not told.
    pub(super) fn ended(
        &self,
        entry: &Entry,
        sender: impl Fn(Subject) -> Option<MunicipalityCode>,
    ) -> Option<Ended> {
        if self.subject != entry.subject || self.version <= entry.version {
            return None;
        }
        let whose = match self.ends {
            Ends::Receivers => Some(Whose::Receivers),
            Ends::OtherPartys(by) => {
                let is_by = said_by(&entry.event) == Some(by);
                let is_ended = is_by || sender(self.subject) == Some(by);
                is_ended.then_some(Whose::OtherPartys)
            }
            Ends::AskingOnes => {
                let is_answer = matches!(
                    entry.event,
                    Event::AlertAnswered { .. } | Event::AlertDisputed
                );
                is_answer.then_some(Whose::AskingOnes)
            }
        };
        whose.map(|whose| Ended {
            at: self.recorded_at.clone(),
            whose,
        })
    }
}

/// Who sent the relocation that an entry registers.
pub(super) fn sender(entry: &Entry) -> Option<(Subject, MunicipalityCode)> {
    if let Event::RelocationRegistered { sender, .. } = entry.event {
        Some((entry.subject, sender))
    } else {
        None
    }
}

/// Who told what is in a relocation's entry, when the entry says that.
fn said_by(event: &Event) -> Option<MunicipalityCode> {
    if let Event::RelocationRegistered { sender: by, .. } | Event::RelocationReplied { by, .. } =
        event
    {
        Some(*by)
    } else {
        None
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
