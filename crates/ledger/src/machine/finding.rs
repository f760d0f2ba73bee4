//! Findings: what the rules say must be appended next. Built from the present state each time, so that their
//! versions are always those of now.

use domain::calendar::day_in_sweden;
use domain::code::{AlertKind, AnswerCode, CloseReason, NoticeKind};
use domain::definition::Definition;
use domain::entry::{Draft, Event};
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::relocation_state::RelocationState;
use domain::subject::{NoticeNumber, Pseudonym, Subject, Version};
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use super::{Machine, Relocation, later, name};
use crate::command::closed;
use crate::fold::{AlertFold, AlertState, ArrivalFold, ArrivalState, RelocationFold};

/// What may have to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// An arrival may be covered by an announcement.
    Match(Uuid),
    /// An arrival may be unannounced.
    Ask(Uuid),
    /// An alert's cause may be gone.
    Close(Uuid),
    /// A relocation may have come to nothing.
    NotArrived(Uuid),
    /// A duty about a relocation may be overdue.
    Overdue(Uuid),
    /// A relocation may stand otherwise than the arrivals that it covers say.
    Reopen(Uuid),
    /// A recipient's chain differs from ours.
    Chain(MunicipalityCode, NoticeNumber),
    /// A month's drill may be due.
    Drill(MunicipalityCode),
}

/// What the leader must append, in one batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// Happens once for ever, where versions do not say so already: an alert's key.
    pub unique_key: Option<String>,
    /// The entries.
    pub drafts: Vec<Draft>,
    /// Sender, recipient and person whose open relocation came to its end.
    pub release: Option<(MunicipalityCode, MunicipalityCode, Pseudonym)>,
    /// Sender, recipient and person whose relocation is the open one again.
    pub claim: Option<(MunicipalityCode, MunicipalityCode, Pseudonym)>,
}

impl Finding {
    /// One entry, which its version makes once.
    pub(super) fn of(draft: Draft) -> Self {
        Self {
            drafts: vec![draft],
            ..Self::default()
        }
    }
}

impl Machine {
    /// What must be appended now, in a stable order. Empty when all is settled.
    pub fn findings(&self) -> Vec<Finding> {
        self.pending
            .iter()
            .filter_map(|key| self.build(*key))
            .collect()
    }

    pub(super) fn review(&mut self, key: Key) {
        if self.build(key).is_some() {
            self.pending.insert(key);
        } else {
            self.pending.remove(&key);
        }
    }

    pub(super) fn build(&self, key: Key) -> Option<Finding> {
        match key {
            Key::Match(arrival) => self.build_match(arrival),
            Key::Ask(arrival) => self.build_ask(arrival),
            Key::Close(alert) => self.build_close(alert),
            Key::NotArrived(relocation) => self.build_not_arrived(relocation),
            Key::Overdue(relocation) => self.build_overdue(relocation),
            Key::Reopen(relocation) => self.build_reopen(relocation),
            Key::Chain(recipient, number) => self.build_chain(recipient, number),
            Key::Drill(code) => self.build_drill(code),
        }
    }

    /// The announcement that covers an arrival: same person, same pair, inside the window of the definition
    /// it was reported under. One that is still open comes first, then the nearest planned month, then the
    /// older. One that has come to its end still was an announcement, so a second or a late report of what
    /// it announced is no question; only a withdrawn one announces nothing. A placement covers whenever it is.
    fn covering(&self, id: Uuid) -> Option<Uuid> {
        let arrival = self.arrivals.get(&id)?;
        let fold = &arrival.fold;
        if fold.state != ArrivalState::Reported {
            return None;
        }
        self.announced_for(fold)
            .filter_map(|(id, relocation)| {
                let rank = rank(relocation.fold.state)?;
                let months = fold.arrived.since(relocation.fold.planned).abs();
                covers(&relocation.fold, fold.arrived, &arrival.definition).then_some((
                    rank,
                    months,
                    relocation.position,
                    id,
                ))
            })
            .min()
            .map(|(.., id)| id)
    }

    /// The announcements of an arrival's person and pair, whatever codes the two had.
    fn announced_for(&self, fold: &ArrivalFold) -> impl Iterator<Item = (Uuid, &Relocation)> {
        let (previous, here) = (fold.previous, fold.municipality);
        self.between(&self.announced, previous, here, &fold.pseudonyms)
            .into_iter()
            .filter_map(|id| Some((id, self.relocations.get(&id)?.as_ref())))
            .filter(|(_, known)| self.is_of_pair(&known.fold, fold))
    }

    fn build_match(&self, id: Uuid) -> Option<Finding> {
        let relocation_id = self.covering(id)?;
        let arrival = &self.arrivals.get(&id)?.fold;
        let relocation = &self.relocations.get(&relocation_id)?.fold;
        let mut drafts = vec![Draft {
            subject: Subject::arrival(id),
            version: arrival.version.next(),
            event: Event::ArrivalMatched {
                relocation: relocation_id,
            },
            notices: vec![(arrival.municipality, NoticeKind::ArrivalMatched)],
            sealed: Vec::new(),
        }];
        let open = !relocation.state.is_final();
        if open {
            drafts.push(has_arrived(relocation_id, relocation, id));
        }
        Some(Finding {
            drafts,
            release: open.then_some(open_key(relocation)),
            ..Finding::default()
        })
    }

    fn build_ask(&self, id: Uuid) -> Option<Finding> {
        let arrival = self.arrivals.get(&id)?;
        let now = self.now.filter(|now| *now >= arrival.grace_until)?;
        let fold = &arrival.fold;
        if fold.state != ArrivalState::Reported
            || fold.is_exempt
            || arrival.alert.is_some()
            || self.covering(id).is_some()
            || self.is_one_by(fold, now)
            || self.is_redacted(fold)
        {
            return None;
        }
        let key = name::unannounced_key(id);
        Some(raised(
            name::unannounced_id(id),
            Event::AlertRaised {
                kind: AlertKind::UnannouncedArrival,
                key: key.clone(),
                arrival: Some(id),
                asking: fold.municipality,
                asked: fold.previous,
                answer_due_on: day_in_sweden(later(now, arrival.definition.answer_days)),
                definition: arrival.definition.version,
            },
            key,
            vec![(fold.previous, NoticeKind::QuestionAsked)],
        ))
    }

    /// Whether a party ended an announcement of this person between the two for the other: nothing is asked about it.
    fn is_redacted(&self, fold: &ArrivalFold) -> bool {
        self.announced_for(fold)
            .any(|(_, known)| !known.fold.redacted_by.is_empty())
    }

    fn build_close(&self, id: Uuid) -> Option<Finding> {
        let alert = self
            .alerts
            .get(&id)
            .filter(|alert| alert.state != AlertState::Closed)?;
        let reason = match self.arrivals.get(&alert.arrival?)?.fold.state {
            ArrivalState::Reported => self.expired(id, alert)?,
            ArrivalState::Matched { .. } => CloseReason::AnnouncedLate,
            ArrivalState::Withdrawn => CloseReason::ArrivalWithdrawn,
        };
        Some(Finding::of(Draft {
            subject: Subject::alert(id),
            version: alert.version.next(),
            event: Event::AlertClosed {
                reason,
                operator: None,
            },
            notices: closed(alert),
            sealed: Vec::new(),
        }))
    }

    /// When a question expires, by the definition its arrival was reported under; none when it never does.
    pub(super) fn expiry_of(&self, id: Uuid) -> Option<Timestamp> {
        let alert = self.alerts.get(&id)?;
        let definition = self.arrivals.get(&alert.arrival?)?.definition;
        let days = Some(definition.expiry_days).filter(|days| *days > 0)?;
        Some(later(alert.raised_at, days))
    }

    /// Why a question is closed when its time is over: by its answer, or because there was none.
    fn expired(&self, id: Uuid, alert: &AlertFold) -> Option<CloseReason> {
        let is_over = self.expiry_of(id) <= self.now && self.expiry_of(id).is_some();
        is_over.then_some(match alert.answer {
            None => CloseReason::Expired,
            Some(AnswerCode::OwnClearWish) => CloseReason::OwnClearWish,
            Some(AnswerCode::PlacementDecision) => CloseReason::PlacementDecision,
            Some(AnswerCode::OtherActor) => CloseReason::OtherActor,
            Some(AnswerCode::ShouldHaveBeenAnnounced) => CloseReason::ConfirmedUnannounced,
            Some(AnswerCode::NotKnownHere | AnswerCode::Other) => CloseReason::NotConfirmed,
        })
    }

    /// What had arrived by reports that were all withdrawn is open again; and what was opened while another report was
    /// matched with it has arrived. Not while the sender has announced the person anew: one open relocation per pair and
    /// person.
    fn build_reopen(&self, id: Uuid) -> Option<Finding> {
        let fold = &self.relocations.get(&id)?.fold;
        if let Some(arrival) = self.covers.get(&id).and_then(|it| it.first()) {
            return (!fold.state.is_final()).then(|| Finding {
                release: Some(open_key(fold)),
                ..Finding::of(has_arrived(id, fold, *arrival))
            });
        }
        if fold.state != RelocationState::Arrived || self.is_announced_anew(fold) {
            return None;
        }
        let finding = Finding::of(Draft {
            subject: Subject::relocation(id),
            version: fold.version.next(),
            event: Event::RelocationReopened,
            notices: vec![
                (fold.sender, NoticeKind::RelocationReopened),
                (fold.recipient, NoticeKind::RelocationReopened),
            ],
            sealed: Vec::new(),
        });
        Some(Finding {
            claim: Some(open_key(fold)),
            ..finding
        })
    }

    /// Whether another relocation of the same pair and person is open.
    fn is_announced_anew(&self, fold: &RelocationFold) -> bool {
        self.of_the_same_person(fold)
            .iter()
            .filter_map(|id| self.relocations.get(id))
            .any(|known| !known.fold.state.is_final())
    }

    /// Whether the person was asked about by another municipality than the one it was announced to.
    fn is_elsewhere(&self, fold: &RelocationFold) -> bool {
        let elsewhere = self.sent_by(&self.asked, fold.sender, &[fold.pseudonym]);
        elsewhere
            .into_iter()
            .filter(|(recipient, _)| !self.is_reached(fold, fold.recipient, *recipient))
            .filter_map(|(_, arrival)| self.arrivals.get(&arrival))
            .any(|arrival| {
                // who was announced after that may be on the way from there
                let was_announced = fold.recorded_at <= arrival.fold.recorded_at;
                arrival.fold.state == ArrivalState::Reported && was_announced
            })
    }

    fn build_not_arrived(&self, id: Uuid) -> Option<Finding> {
        let relocation = self.relocations.get(&id)?;
        let fold = &relocation.fold;
        let is_over = relocation
            .ends_at
            .is_some_and(|ends_at| self.now.is_some_and(|now| ends_at <= now));
        if fold.state.is_final() || !(is_over || self.is_elsewhere(fold)) {
            return None;
        }
        let draft = Draft {
            subject: Subject::relocation(id),
            version: fold.version.next(),
            event: Event::RelocationNotArrived,
            notices: vec![
                (fold.sender, NoticeKind::RelocationNotArrived),
                (fold.recipient, NoticeKind::RelocationNotArrived),
            ],
            sealed: Vec::new(),
        };
        Some(Finding {
            release: Some(open_key(fold)),
            ..Finding::of(draft)
        })
    }

    /// Whether a recipient's chain is being looked at already, or is about to be.
    pub(super) fn is_chain_in_question(&self, recipient: MunicipalityCode) -> bool {
        let is_pending = self
            .pending
            .iter()
            .any(|key| matches!(key, Key::Chain(of, _) if *of == recipient));
        is_pending || self.is_in_question(AlertKind::ChainDiffers, recipient)
    }

    /// Whether an alert of a kind about a municipality is open.
    pub(super) fn is_in_question(&self, kind: AlertKind, asked: MunicipalityCode) -> bool {
        self.alerts.values().any(|alert| {
            alert.kind == kind && alert.asked == asked && alert.state != AlertState::Closed
        })
    }

    fn build_chain(&self, recipient: MunicipalityCode, number: NoticeNumber) -> Option<Finding> {
        let since = self.differing.get(&(recipient, number))?;
        let key = name::chain_key(recipient, number);
        if self.raised.contains(&key) {
            return None;
        }
        Some(raised(
            name::chain_id(recipient, number),
            Event::AlertRaised {
                kind: AlertKind::ChainDiffers,
                key: key.clone(),
                arrival: None,
                asking: recipient,
                asked: recipient,
                answer_due_on: *since,
                definition: self.definition.map_or(0, |definition| definition.version),
            },
            key,
            vec![(recipient, NoticeKind::ChainDiffers)],
        ))
    }
}

fn has_arrived(id: Uuid, fold: &RelocationFold, arrival: Uuid) -> Draft {
    Draft {
        subject: Subject::relocation(id),
        version: fold.version.next(),
        event: Event::RelocationArrived { arrival },
        notices: vec![(fold.sender, NoticeKind::RelocationArrived)],
        sealed: Vec::new(),
    }
}

/// How many Swedish days after the last one of grace somebody was announced whose arrival was reported; 0 when that was in time,
/// or before the report.
pub fn late_days(reported_at: Timestamp, grace_days: u32, announced_at: Timestamp) -> i32 {
    let last = day_in_sweden(reported_at).saturating_add(i64::from(grace_days).days());
    let late = day_in_sweden(announced_at).since(last);
    late.map_or(0, |late| late.get_days().max(0))
}

/// Whether an announcement of the same person and pair covers an arrival in a month: inside the window of the
/// definition, or whenever for a placement. What was withdrawn announces nothing.
pub fn covers(fold: &RelocationFold, arrived: Month, definition: &Definition) -> bool {
    is_in_time(fold, arrived, definition) && rank(fold.state).is_some()
}

/// Whether an arrival in a month is inside an announcement's window, whatever became of the announcement.
pub(crate) fn is_in_time(fold: &RelocationFold, arrived: Month, definition: &Definition) -> bool {
    let early = -i64::from(definition.early_months);
    let late = i64::from(definition.late_months);
    let months = i64::from(arrived.since(fold.planned));
    fold.kind.rule().always_covers || (early..=late).contains(&months)
}

/// In which order announcements cover; none when it announces nothing.
fn rank(state: RelocationState) -> Option<u8> {
    match state {
        RelocationState::Registered
        | RelocationState::Acknowledged
        | RelocationState::Replied
        | RelocationState::Objected => Some(0),
        RelocationState::Arrived => Some(1),
        RelocationState::NotArrived => Some(2),
        RelocationState::Withdrawn => None,
    }
}

/// Sender, recipient and person: of these one relocation is open.
fn open_key(fold: &RelocationFold) -> (MunicipalityCode, MunicipalityCode, Pseudonym) {
    (fold.sender, fold.recipient, fold.pseudonym)
}

pub(super) fn raised(
    id: Uuid,
    event: Event,
    key: String,
    notices: Vec<(MunicipalityCode, NoticeKind)>,
) -> Finding {
    let draft = Draft {
        subject: Subject::alert(id),
        version: Version(1),
        event,
        notices,
        sealed: Vec::new(),
    };
    Finding {
        unique_key: Some(key),
        ..Finding::of(draft)
    }
}
