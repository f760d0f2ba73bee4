//! Texts that one party writes to the other: telling is disclosing, so each names a ground of its own.

use std::collections::BTreeSet;

use api::parse::{self, Faults};
use api::v1;
use domain::disclosure::{self, Act, Disclosure, Protection};
use domain::ground::Scope;

use crate::core::Core;

/// What is told.
pub(crate) struct Telling<'a> {
    pub(crate) act: Act,
    pub(crate) actor: Option<&'a v1::Actor>,
    pub(crate) legal_ground: Option<&'a v1::LegalGround>,
    pub(crate) text: &'a str,
    /// Whether the person is under 18.
    pub(crate) minor: bool,
}

impl Core {
    /// Holds a text against the rules of disclosure.
    pub(crate) fn check_telling(&self, faults: &mut Faults, telling: &Telling<'_>) {
        let Some(ground) = parse::legal_ground(faults, telling.legal_ground) else {
            return;
        };
        let filled = BTreeSet::from_iter((!telling.text.is_empty()).then_some(Scope::FreeText));
        faults.extend(disclosure::check(&Disclosure {
            act: telling.act,
            ground: &ground,
            actor_officer: telling.actor.map_or("", |actor| actor.officer_id.as_str()),
            minor: telling.minor,
            wish: None,
            // what may be told of a person with a marking was decided by who may handle the matter
            protection: Protection::None,
            is_marking_confirmed: false,
            filled: &filled,
            today: self.today(),
        }));
    }

    /// Whether a person was under 18 today, by the birth date that was announced. What can no longer be
    /// read tells nothing.
    pub(crate) fn is_minor(&self, person: Option<&v1::Person>) -> bool {
        let birth_date = person.and_then(|person| person.birth_date.parse().ok());
        birth_date.is_some_and(|date| parse::is_minor(date, self.today()))
    }
}
