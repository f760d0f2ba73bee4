//! Whether the law lets this be told: the rules of secrecy, consent and protection, as one pure check.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::code::RelocationKind;
use crate::ground::{CareLimb, Consent, Ground, Scope};
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
    /// A reply to an announcement.
    Reply,
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
    /// Which parts are filled that a partial consent must cover.
    pub filled: &'a BTreeSet<Scope>,
    /// The record's date.
    pub today: Date,
}

/// All violations; none when the ground carries. A protected person yields one, and nothing that tells why.
///
/// Their order: the ground's code, then what the ground demands in the order of the proto's fields, then the
/// parts that a partial consent does not cover, then the wish against the kind.
pub fn check(disclosure: &Disclosure<'_>) -> Vec<Violation> {
    if disclosure.protection != Protection::None {
        return vec![violation(
            "content.person.protection",
            Reason::ManualRouteRequired,
        )];
    }
    let mut found = Vec::new();
    ground(disclosure, &mut found);
    if let Act::Relocation(kind) = disclosure.act {
        wish(kind, disclosure.wish, &mut found);
    }
    found
}

fn violation(field: &str, reason: Reason) -> Violation {
    Violation {
        field: field.to_owned(),
        reason,
    }
}

fn ground(disclosure: &Disclosure<'_>, found: &mut Vec<Violation>) {
    let mut add = |field: &str, reason| found.push(violation(field, reason));
    match disclosure.ground {
        Ground::GeneralClause1027 => add("legal_ground.code", Reason::GeneralClauseRefused),
        Ground::Transfer2912 { case } => {
            if disclosure.act != Act::Relocation(RelocationKind::Transfer2910) {
                add("legal_ground.code", Reason::GroundNotForThis);
            }
            if case.trim().is_empty() {
                add("legal_ground.transfer_case", Reason::LegalGroundIncomplete);
            }
        }
        Ground::Necessary102 {
            motivation,
            second_officer,
        } => {
            written("legal_ground.motivation", motivation, &mut add);
            if !is_another(second_officer, disclosure.actor_officer) {
                add(
                    "legal_ground.second_officer_id",
                    Reason::SecondOfficerRequired,
                );
            }
        }
        Ground::Care269 { limb } => {
            if *limb == CareLimb::Under18 && !disclosure.minor {
                add("legal_ground.care_limb", Reason::GroundNotForThis);
            }
        }
        Ground::NoHarm261 { assessment } => {
            written("legal_ground.assessment", assessment, &mut add);
        }
        Ground::WrongfulPayment1015a { balancing } => {
            if matches!(disclosure.act, Act::Relocation(_) | Act::Reply) {
                add("legal_ground.code", Reason::GroundNotForThis);
            }
            written("legal_ground.assessment", balancing, &mut add);
        }
        Ground::Consent(consent) => consented(disclosure, consent, &mut add),
    }
}

/// The same officer is the same in capitals and among blanks.
fn is_another(second: &str, first: &str) -> bool {
    let second = second.trim().to_lowercase();
    !second.is_empty() && second != first.trim().to_lowercase()
}

fn written(field: &str, text: &str, add: &mut impl FnMut(&str, Reason)) {
    if text.trim().is_empty() {
        add(field, Reason::LegalGroundIncomplete);
    } else if text.trim().chars().count() < WRITTEN_SIGNS_MIN {
        add(field, Reason::FieldTooShort);
    }
}

fn consented(disclosure: &Disclosure<'_>, consent: &Consent, add: &mut impl FnMut(&str, Reason)) {
    if consent.scopes.is_empty() {
        add("legal_ground.consent.scopes", Reason::LegalGroundIncomplete);
    }
    if consent.given_on > disclosure.today {
        add("legal_ground.consent.given_on", Reason::DateInFuture);
    }
    if consent.received_by.trim().is_empty() {
        add(
            "legal_ground.consent.received_by",
            Reason::LegalGroundIncomplete,
        );
    }
    if disclosure.minor && !consent.guardians_consent {
        add(
            "legal_ground.consent.guardians_consent",
            Reason::GuardiansConsentRequired,
        );
    }
    if consent.scopes.is_empty() || consent.scopes.contains(&Scope::All) {
        return;
    }
    for scope in disclosure.filled.difference(&consent.scopes) {
        add(field(disclosure.act, *scope), Reason::ConsentTooNarrow);
    }
}

/// Where a part stands in the request: an answer and a reply have nothing but a text.
fn field(act: Act, scope: Scope) -> &'static str {
    match act {
        Act::Answer | Act::Reply if scope == Scope::FreeText => "text",
        Act::Relocation(_) | Act::Arrival | Act::Answer | Act::Reply => scope.field(),
    }
}

fn wish(kind: RelocationKind, wish: Option<Wish>, found: &mut Vec<Violation>) {
    let contradicts = match (kind, wish) {
        (RelocationKind::ActiveInvolvement, Some(Wish::Clear))
        | (RelocationKind::SupportedVoluntaryMove, Some(Wish::NotClear | Wish::NotAsked)) => {
            Reason::KindContradictsWish
        }
        (RelocationKind::Placement | RelocationKind::PrivateHomeCare226, _)
        | (_, Some(Wish::Clear | Wish::NotClear | Wish::NotAsked)) => return,
        (_, None) => Reason::FieldRequired,
    };
    found.push(violation("content.wish", contradicts));
}

#[cfg(test)]
mod tests;
