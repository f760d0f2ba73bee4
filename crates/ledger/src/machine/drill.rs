//! Drills: with each month one is due at every connected municipality. A gateway, which has keys, seals its word and tells
//! it; a person there takes it in. Who did not is asked about nothing; operators are told that its inbox is silent, also
//! when no gateway wrote the word, or nobody could open it.

use domain::calendar::{day_in_sweden, midnight_in_sweden};
use domain::code::AlertKind;
use domain::entry::{Draft, Event};
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::{Subject, Version};
use jiff::Timestamp;

use super::finding::{Key, raised};
use super::{Finding, Machine, name};
use crate::fold::MunicipalityFold;

impl Machine {
    /// Drills are switched on or off; the first follow with the next month.
    pub(super) fn switch_drills(&mut self, on: bool, at: Timestamp) {
        let month = Month::of(day_in_sweden(at));
        if !on {
            // what was not sent yet is not sent when they are switched on again
            self.pending.retain(|key| !matches!(key, Key::Drill(_)));
        }
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
            // it comes with the word
            notices: Vec::new(),
            sealed: Vec::new(),
        };
        let mut finding = silent.unwrap_or_default();
        finding.drafts.push(drill);
        Some(finding)
    }

    /// The alert about a drill that nobody took in, unless one is looked into already.
    fn silent(&self, known: &MunicipalityFold) -> Option<Finding> {
        let sent = known.drill_sent?;
        let is_taken_in = known
            .drill_acknowledged
            .is_some_and(|taken| taken.month == sent.month);
        let key = name::silent_key(known.code, sent.month);
        if is_taken_in
            || self.raised.contains(&key)
            || self.is_in_question(AlertKind::InboxSilent, known.code)
        {
            return None;
        }
        Some(raised(
            name::silent_id(known.code, sent.month),
            Event::AlertRaised {
                kind: AlertKind::InboxSilent,
                key: key.clone(),
                arrival: None,
                asking: known.code,
                asked: known.code,
                answer_due_on: day_in_sweden(sent.at),
                definition: self.definition.map_or(0, |definition| definition.version),
            },
            key,
            Vec::new(),
        ))
    }
}
