//! The state as one hash, by which two ledgers are compared: which one differs, and from which position on. It
//! finds rules that differ, not forgers: what was recorded is proven by the root of the Merkle log.
//!
//! Each relocation, arrival, alert, key of an alert and deadline is a member with a hash of its own; the exclusive
//! or of all of them is kept with each entry, so a digest costs the same however large the state is. docs/audit.md
//! has the bytes. Who waits for whom is left out: it follows from the members, and a test holds it to them.

mod bytes;

use std::ops::BitXorAssign;

use domain::code::{AnswerCode, CloseReason};
use domain::entry::{Entry, Event};
use domain::function::FunctionId;
use domain::subject::SubjectKind;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Arrival, Machine, Reference, Relocation};
use crate::fold::{
    AlertFold, AlertState, ArrivalFold, ArrivalState, MunicipalityFold, RelocationFold,
};
use bytes::Bytes;

/// SHA-256 over the state after an entry. Shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StateDigest([u8; 32]);

impl StateDigest {
    /// Reads 64 hexadecimal digits, small or capital.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .map(|sign| sign.to_digit(16).and_then(|digit| digit.try_into().ok()))
            .collect();
        let bytes: Vec<u8> = digits?
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect();
        let is_whole = text.len() == 64;
        bytes.try_into().ok().filter(|_bytes| is_whole).map(Self)
    }
}

impl std::fmt::Display for StateDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for StateDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// The exclusive or of members' hashes: a member that is taken in twice is out again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Members([u8; 32]);

impl BitXorAssign for Members {
    fn bitxor_assign(&mut self, other: Self) {
        for (byte, other) in self.0.iter_mut().zip(other.0) {
            *byte ^= other;
        }
    }
}

impl FromIterator<Self> for Members {
    fn from_iter<T: IntoIterator<Item = Self>>(members: T) -> Self {
        members
            .into_iter()
            .fold(Self::default(), |mut all, member| {
                all ^= member;
                all
            })
    }
}

impl Machine {
    /// The digest of the state as it is.
    pub fn digest(&self) -> StateDigest {
        let mut bytes = Bytes::new("flyttbud state v3");
        bytes.number(self.position.0);
        bytes.maybe(self.recorded_at, Bytes::instant);
        bytes.maybe(self.now, Bytes::instant);
        bytes.small(self.system_version.0);
        bytes.maybe(self.definition, Bytes::definition);
        bytes.count(self.relocations.len());
        bytes.count(self.arrivals.len());
        bytes.count(self.alerts.len());
        bytes.count(self.raised.len());
        bytes.count(self.municipalities.len());
        bytes.count(self.references.len());
        bytes.put(&self.members.0);
        bytes.put(&self.grace.members().0);
        bytes.put(&self.ends.members().0);
        bytes.put(&self.duties.members().0);
        bytes.put(&self.expiries.members().0);
        bytes.count(self.differing.len());
        for ((recipient, number), since) in &self.differing {
            bytes.municipality(*recipient);
            bytes.number(number.0);
            bytes.date(*since);
        }
        if let Some(month) = self.drilled {
            bytes.month(month);
            bytes.count(self.connected.len());
            for code in &self.connected {
                bytes.municipality(*code);
            }
        }
        bytes.count(self.pending.len());
        for key in &self.pending {
            bytes.key(*key);
        }
        StateDigest(bytes.hash())
    }

    /// Whether the hashes that were kept are those of what is in memory. Takes as long as the state is large.
    pub fn is_whole(&self) -> bool {
        let relocations = self.relocations.iter();
        let arrivals = self.arrivals.iter();
        let alerts = self.alerts.iter();
        let all: Members = relocations
            .map(|(id, relocation)| relocation_member(*id, relocation))
            .chain(arrivals.map(|(id, arrival)| arrival_member(*id, arrival)))
            .chain(alerts.map(|(id, alert)| alert_member(*id, alert)))
            .chain(self.municipalities.values().map(municipality_member))
            .chain(
                self.references
                    .iter()
                    .map(|(id, known)| reference_member(*id, known)),
            )
            .chain(self.raised.iter().map(|key| key_member(key)))
            .collect();
        let deadlines = [&self.grace, &self.ends, &self.duties, &self.expiries];
        all == self.members && deadlines.iter().all(|deadlines| deadlines.is_whole())
    }

    /// The members that an entry touches, as they are.
    pub(super) fn members_of(&self, entry: &Entry) -> Members {
        let id = entry.subject.id;
        match entry.subject.kind {
            SubjectKind::System => Members::default(),
            SubjectKind::Relocation => self.relocation_of(id),
            SubjectKind::Arrival => self.arrival_of(id),
            SubjectKind::Municipality => entry
                .subject
                .municipality_code()
                .and_then(|code| self.municipalities.get(&code))
                .map(municipality_member)
                .unwrap_or_default(),
            SubjectKind::RegisterEvent => {
                let known = self.references.get(&id);
                known
                    .map(|known| reference_member(id, known))
                    .unwrap_or_default()
            }
            SubjectKind::Alert => {
                let alert = self.alerts.get(&id);
                let mut members = alert
                    .map(|alert| alert_member(id, alert))
                    .unwrap_or_default();
                if let Event::AlertRaised { key, arrival, .. } = &entry.event {
                    members ^= self
                        .raised
                        .get(key)
                        .map(|key| key_member(key))
                        .unwrap_or_default();
                    members ^= arrival.map(|id| self.arrival_of(id)).unwrap_or_default();
                }
                members
            }
        }
    }

    fn relocation_of(&self, id: Uuid) -> Members {
        let known = self.relocations.get(&id);
        known
            .map(|known| relocation_member(id, known))
            .unwrap_or_default()
    }

    fn arrival_of(&self, id: Uuid) -> Members {
        let known = self.arrivals.get(&id);
        known
            .map(|known| arrival_member(id, known))
            .unwrap_or_default()
    }
}

fn relocation_member(id: Uuid, relocation: &Relocation) -> Members {
    let Relocation {
        fold,
        position,
        ends_at,
    } = relocation;
    let RelocationFold {
        sender,
        recipient,
        kind,
        pseudonym,
        planned,
        answer_due_on,
        recorded_at,
        state,
        version,
        taken_in,
        arrival,
        function,
        reminded,
        restrictions,
        redacted_by,
        transfer,
    } = fold;
    let mut bytes = Bytes::new("relocation");
    bytes.id(id);
    bytes.municipality(*sender);
    bytes.municipality(*recipient);
    bytes.code(kind.number());
    bytes.pseudonym(*pseudonym);
    bytes.month(*planned);
    bytes.date(*answer_due_on);
    bytes.instant(*recorded_at);
    bytes.code(state.number());
    bytes.small(version.0);
    bytes.maybe(*arrival, Bytes::id);
    bytes.maybe(function.as_ref().map(FunctionId::as_str), Bytes::text);
    bytes.maybe(*reminded, |bytes, (contact, at)| {
        bytes.code(contact.number());
        bytes.instant(at);
    });
    bytes.count(restrictions.len());
    for (by, restriction) in restrictions {
        bytes.municipality(*by);
        bytes.code(restriction.number());
    }
    // what nobody ended digests as before there was an end
    if !redacted_by.is_empty() {
        bytes.count(redacted_by.len());
        for by in redacted_by {
            bytes.municipality(*by);
        }
    }
    bytes.put(&[u8::from(*taken_in)]);
    bytes.transfer(*transfer);
    bytes.number(position.0);
    bytes.maybe(*ends_at, Bytes::instant);
    Members(bytes.hash())
}

fn arrival_member(id: Uuid, arrival: &Arrival) -> Members {
    let Arrival {
        fold,
        definition,
        grace_until,
        alert,
    } = arrival;
    let ArrivalFold {
        municipality,
        previous,
        pseudonyms,
        arrived,
        is_exempt,
        recorded_at,
        state,
        version,
    } = fold;
    let mut bytes = Bytes::new("arrival");
    bytes.id(id);
    bytes.municipality(*municipality);
    bytes.municipality(*previous);
    bytes.count(pseudonyms.len());
    for pseudonym in pseudonyms {
        bytes.pseudonym(*pseudonym);
    }
    bytes.month(*arrived);
    bytes.put(&[u8::from(*is_exempt)]);
    bytes.instant(*recorded_at);
    let (code, relocation) = match state {
        ArrivalState::Reported => (1, None),
        ArrivalState::Matched { relocation } => (2, Some(*relocation)),
        ArrivalState::Withdrawn => (3, None),
    };
    bytes.code(code);
    bytes.maybe(relocation, Bytes::id);
    bytes.small(version.0);
    bytes.definition(*definition);
    bytes.instant(*grace_until);
    bytes.maybe(*alert, Bytes::id);
    Members(bytes.hash())
}

fn alert_member(id: Uuid, alert: &AlertFold) -> Members {
    let AlertFold {
        kind,
        arrival,
        asking,
        asked,
        answer_due_on,
        definition,
        raised_at,
        state,
        disputed,
        redacted,
        answer,
        close_reason,
        assignee,
        comments,
        version,
        position,
    } = alert;
    let mut bytes = Bytes::new("alert");
    bytes.id(id);
    bytes.code(kind.number());
    bytes.maybe(*arrival, Bytes::id);
    bytes.municipality(*asking);
    bytes.municipality(*asked);
    bytes.date(*answer_due_on);
    bytes.small(*definition);
    bytes.instant(*raised_at);
    bytes.code(match state {
        AlertState::Open => 1,
        AlertState::Acknowledged => 2,
        AlertState::Answered => 3,
        AlertState::Closed => 4,
    });
    bytes.put(&[u8::from(*disputed)]);
    // what nobody ended digests as before there was an end
    if *redacted {
        bytes.put(&[1]);
    }
    bytes.maybe(answer.map(AnswerCode::number), Bytes::code);
    bytes.maybe(close_reason.map(CloseReason::number), Bytes::code);
    bytes.maybe(assignee.as_deref(), Bytes::text);
    bytes.count(comments.len());
    for (at, operator, text) in comments {
        bytes.instant(*at);
        bytes.text(operator);
        bytes.text(text);
    }
    bytes.small(version.0);
    bytes.number(position.0);
    Members(bytes.hash())
}

fn municipality_member(fold: &MunicipalityFold) -> Members {
    let MunicipalityFold {
        code,
        functions,
        vendors,
        drill_sent,
        drill_written,
        drill_acknowledged,
        version,
    } = fold;
    let mut bytes = Bytes::new("municipality");
    bytes.municipality(*code);
    bytes.count(functions.len());
    for function in functions.values() {
        bytes.function(function);
    }
    bytes.count(vendors.len());
    for grant in vendors.values() {
        bytes.grant(grant);
    }
    for drill in [drill_sent, drill_acknowledged] {
        bytes.maybe(*drill, |bytes, drill| {
            bytes.month(drill.month);
            bytes.instant(drill.at);
        });
    }
    bytes.small(version.0);
    // behind the rest, and only if there is one: what was recorded before drills were sealed has the digest of then
    if let Some(drill) = drill_written {
        bytes.month(drill.month);
        bytes.instant(drill.at);
    }
    Members(bytes.hash())
}

fn reference_member(id: Uuid, reference: &Reference) -> Members {
    let Reference {
        by,
        scope,
        previous,
        current,
    } = reference;
    let mut bytes = Bytes::new("reference");
    bytes.id(id);
    bytes.municipality(*by);
    bytes.municipality(*scope);
    for pseudonyms in [previous, current] {
        bytes.count(pseudonyms.len());
        for pseudonym in pseudonyms {
            bytes.pseudonym(*pseudonym);
        }
    }
    Members(bytes.hash())
}

fn key_member(key: &str) -> Members {
    let mut bytes = Bytes::new("key");
    bytes.text(key);
    Members(bytes.hash())
}

pub(super) fn deadline_member(at: Timestamp, id: Uuid) -> Members {
    let mut bytes = Bytes::new("deadline");
    bytes.instant(at);
    bytes.id(id);
    Members(bytes.hash())
}
