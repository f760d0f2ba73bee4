//! Drills: with each month every connected municipality is sent one, and a person there takes it in. Who did not is
//! asked about nothing; operators are told that its inbox is silent.

use domain::calendar::{day_in_sweden, midnight_in_sweden};
use domain::code::{AlertKind, NoticeKind};
use domain::entry::{Draft, Event};
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::{Subject, Version};
use jiff::Timestamp;

use super::finding::Key;
use super::{Finding, Machine, name};
use crate::fold::{AlertState, MunicipalityFold};

impl Machine {
    /// Drills are switched on or off; the first follow with the next month.
    pub(super) fn switch_drills(&mut self, on: bool, at: Timestamp) {
        let month = Month::of(day_in_sweden(at));
        self.drilled = on.then(|| self.drilled.unwrap_or(month));
    }

    /// When the next drills are due: the first instant of the month after those before.
    pub(super) fn next_drill(&self) -> Option<Timestamp> {
        let month = self.drilled.filter(|_| !self.connected.is_empty())?;
        midnight_in_sweden(month.plus(1).first_day()?)
    }

    /// A month began. One that passed while nobody looked has no drill: it would ask for what is past.
    pub(super) fn pass_drills(&mut self, now: Timestamp) {
        let month = Month::of(day_in_sweden(now));
        if self.drilled.is_none_or(|before| month <= before) {
            return;
        }
        self.drilled = Some(month);
        for code in self.connected.clone() {
            self.review(Key::Drill(code));
        }
    }

    /// The month's drill, and with it what became of the one before.
    pub(super) fn build_drill(&self, code: MunicipalityCode) -> Option<Finding> {
        let month = self.drilled?;
        let today = month.first_day()?;
        let known = self.municipalities.get(&code);
        let sent = known.and_then(|known| known.drill_sent);
        let is_sent = sent.is_some_and(|sent| sent.month >= month);
        // what became another is drilled under the other's code
        if is_sent || self.lineage.current(code, today) != code {
            return None;
        }
        let silent = known.and_then(|known| self.silent(known));
        let drill = Draft {
            subject: Subject::municipality(code),
            version: known.map_or(Version(0), |known| known.version).next(),
            event: Event::DrillSent { month },
            notices: vec![(code, NoticeKind::Drill)],
            sealed: Vec::new(),
        };
        let (unique_key, alert) = silent.unzip();
        Some(Finding {
            unique_key,
            drafts: alert.into_iter().chain([drill]).collect(),
            ..Finding::default()
        })
    }

    /// The alert about a drill that nobody took in, unless one is looked into already.
    fn silent(&self, known: &MunicipalityFold) -> Option<(String, Draft)> {
        let sent = known.drill_sent?;
        let is_taken_in = known
            .drill_acknowledged
            .is_some_and(|taken| taken.month == sent.month);
        let is_open = self.alerts.values().any(|alert| {
            alert.kind == AlertKind::InboxSilent
                && alert.asked == known.code
                && alert.state != AlertState::Closed
        });
        let key = name::silent_key(known.code, sent.month);
        if is_taken_in || is_open || self.raised.contains(&key) {
            return None;
        }
        let draft = Draft {
            subject: Subject::alert(name::silent_id(known.code, sent.month)),
            version: Version(1),
            event: Event::AlertRaised {
                kind: AlertKind::InboxSilent,
                key: key.clone(),
                arrival: None,
                asking: known.code,
                asked: known.code,
                answer_due_on: day_in_sweden(sent.at),
                definition: self.definition.map_or(0, |definition| definition.version),
            },
            notices: Vec::new(),
            sealed: Vec::new(),
        };
        Some((key, draft))
    }
}
