//! Whether the law lets this be told: the rules of secrecy, consent and protection, as one pure check.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::code::RelocationKind;
use crate::ground::{CareLimb, Consent, Demand, Ground, Scope};
use crate::reason::{Reason, Violation};

/// Signs that a motivation or an assessment has at least: fewer say nothing.
const WRITTEN_SIGNS_MIN: usize = 20;

/// Protection in the population register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protection {
    /// None (saknas).
    None,
    /// Secrecy marking (sekretessmarkering).
    SecrecyMarking,
    /// Protected registration (skyddad folkbokföring).
    ProtectedRegistration,
}

impl Protection {
    /// The level with a number on the wire.
    pub fn from_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::None),
            2 => Some(Self::SecrecyMarking),
            3 => Some(Self::ProtectedRegistration),
            _ => None,
        }
    }

    /// Whether it goes the manual route alone. An announcement of a person with a secrecy marking may be made, with the
    /// sender's confirmation; nothing else about that person may, and nothing at all about one with protected registration.
    pub fn is_manual(self, is_announcement: bool) -> bool {
        match self {
            Self::None => false,
            Self::SecrecyMarking => !is_announcement,
            Self::ProtectedRegistration => true,
        }
    }
}

/// The person's own expressed wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    /// A clear wish to move.
    Clear,
    /// No clear wish.
    NotClear,
    /// Not asked.
    NotAsked,
}

impl Wish {
    /// The wish with a number on the wire.
    pub fn from_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Clear),
            2 => Some(Self::NotClear),
            3 => Some(Self::NotAsked),
            _ => None,
        }
    }
}

/// What is disclosed. Asking is disclosing too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// An announcement of this kind.
    Relocation(RelocationKind),
    /// An arrival report, which may become a question.
    Arrival,
    /// An answer to a question.
    Answer,
    /// A reply to an announcement of this kind.
    Reply(RelocationKind),
}

/// Everything the check needs.
#[derive(Clone, Copy, Debug)]
pub struct Disclosure<'a> {
    /// What.
    pub act: Act,
    /// On which ground.
    pub ground: &'a Ground,
    /// By which officer.
    pub actor_officer: &'a str,
    /// Whether the person is under 18.
    pub minor: bool,
    /// The person's own wish, if stated.
    pub wish: Option<Wish>,
    /// Protection in the population register.
    pub protection: Protection,
    /// Whether the sender confirmed that a secrecy marking was heeded: the careful harm test was made (noggrann menprövning).
    pub is_marking_confirmed: bool,
    /// Which parts are filled that a partial consent must cover.
    pub filled: &'a BTreeSet<Scope>,
    /// The record's date.
    pub today: Date,
}

/// All violations; none when the ground carries. What goes the manual route yields one, and nothing that tells why.
///
/// Their order: the ground's code, then what the ground demands in the order of the proto's fields, then the
/// parts that a partial consent does not cover, then the wish against the kind, then the secrecy marking.
pub fn check(disclosure: &Disclosure<'_>) -> Vec<Violation> {
    let is_announcement = matches!(disclosure.act, Act::Relocation(_));
    if disclosure.protection.is_manual(is_announcement) {
        return vec![violation(
            "content.person.protection",
            Reason::ManualRouteRequired,
        )];
    }
    let mut found = Vec::new();
    ground(disclosure, &mut found);
    if let Act::Relocation(kind) = disclosure.act
        && let Some(reason) = kind.rule().wish.refuses(disclosure.wish)
    {
        found.push(violation("content.wish", reason));
    }
    let is_marked = disclosure.protection == Protection::SecrecyMarking;
    let unconfirmed = match (is_marked, disclosure.is_marking_confirmed) {
        (true, false) => Some(Reason::SecrecyConfirmationRequired),
        (false, true) => Some(Reason::SecrecyNotMarked),
        (true, true) | (false, false) => None,
    };
    found.extend(unconfirmed.map(|reason| violation("secrecy_marking_confirmed", reason)));
    found
}

fn violation(field: &str, reason: Reason) -> Violation {
    Violation {
        field: field.to_owned(),
        reason,
    }
}

/// The table of grounds decides: whether it carries the act, then each thing that it demands.
fn ground(disclosure: &Disclosure<'_>, found: &mut Vec<Violation>) {
    let rule = disclosure.ground.rule();
    if let Some(reason) = rule.carries.refuses(disclosure.act) {
        found.push(violation("legal_ground.code", reason));
    }
    for demand in rule.demands {
        if let Some(reason) = unmet(*demand, disclosure) {
            found.push(violation(demand.field(), reason));
        }
    }
    for scope in uncovered(disclosure.ground, disclosure.filled) {
        found.push(violation(
            field(disclosure.act, scope),
            Reason::ConsentTooNarrow,
        ));
    }
}

/// Why a demand is not met; none when it is. How a consent was given cannot be missing once it is read.
fn unmet(demand: Demand, disclosure: &Disclosure<'_>) -> Option<Reason> {
    let (ground, minor) = (disclosure.ground, disclosure.minor);
    let consent = |is_met: &dyn Fn(&Consent) -> bool, reason| {
        let is_met = ground.consent().is_some_and(is_met);
        (!is_met).then_some(reason)
    };
    match demand {
        Demand::Scopes => consent(&|it| !it.scopes.is_empty(), Reason::LegalGroundIncomplete),
        Demand::GivenOn => consent(&|it| it.given_on <= disclosure.today, Reason::DateInFuture),
        Demand::Form => None,
        Demand::ReceivedBy => consent(
            &|it| !it.received_by.trim().is_empty(),
            Reason::LegalGroundIncomplete,
        ),
        Demand::Guardians => consent(
            &|it| !minor || it.guardians_consent || !it.minor_alone.trim().is_empty(),
            Reason::GuardiansConsentRequired,
        ),
        Demand::MinorAlone => ground.consent().and_then(|it| minor_alone(it, minor)),
        Demand::TransferCase => {
            let is_missing = ground.text().trim().is_empty();
            is_missing.then_some(Reason::LegalGroundIncomplete)
        }
        Demand::Motivation | Demand::Assessment | Demand::Balancing => unwritten(ground.text()),
        Demand::SecondOfficer => {
            let agreed = if let Ground::Necessary102 { second_officer, .. } = ground {
                is_another(second_officer, disclosure.actor_officer)
            } else {
                false
            };
            (!agreed).then_some(Reason::SecondOfficerRequired)
        }
        Demand::CareLimb => {
            let limb = CareLimb::Under18;
            let as_a_child = matches!(ground, Ground::Care269 { limb: named } if *named == limb);
            (as_a_child && !minor).then_some(Reason::GroundNotForThis)
        }
    }
}

/// A minor consents alone where secrecy holds against the guardians too: instead of them, and with the reason why.
fn minor_alone(consent: &Consent, minor: bool) -> Option<Reason> {
    if consent.minor_alone.trim().is_empty() {
        return None;
    }
    if !minor || consent.guardians_consent {
        return Some(Reason::GroundNotForThis);
    }
    unwritten(&consent.minor_alone)
}

/// The filled parts that a partial consent does not cover. Every other ground covers what is necessary.
pub fn uncovered<'a>(
    ground: &'a Ground,
    filled: &'a BTreeSet<Scope>,
) -> impl Iterator<Item = Scope> + 'a {
    let partial = ground
        .consent()
        .map(|consent| &consent.scopes)
        .filter(|scopes| !scopes.is_empty() && !scopes.contains(&Scope::All));
    partial
        .into_iter()
        .flat_map(|scopes| filled.difference(scopes).copied())
}

/// The same officer is the same in capitals and among blanks.
fn is_another(second: &str, first: &str) -> bool {
    let second = second.trim().to_lowercase();
    !second.is_empty() && second != first.trim().to_lowercase()
}

fn unwritten(text: &str) -> Option<Reason> {
    match text.trim().chars().count() {
        0 => Some(Reason::LegalGroundIncomplete),
        signs if signs < WRITTEN_SIGNS_MIN => Some(Reason::FieldTooShort),
        _ => None,
    }
}

/// Where a part stands in the request: an answer and a reply have nothing but a text.
fn field(act: Act, scope: Scope) -> &'static str {
    match act {
        Act::Answer | Act::Reply(_) if scope == Scope::FreeText => "text",
        Act::Relocation(_) | Act::Arrival | Act::Answer | Act::Reply(_) => scope.field(),
    }
}

#[cfg(test)]
mod tests;
