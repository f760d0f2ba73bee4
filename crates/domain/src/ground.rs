//! Legal grounds (sekretessbrytande grunder): what each is, and what it demands, as a table a lawyer can read.

mod rules;

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;

pub use rules::{Carries, Demand, RULES, Rule};

/// Which rule lifts secrecy. Numbers are the wire's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroundCode {
    /// OSL 10:1, 12:2.
    Consent,
    /// SoL 29:12 with OSL 10:28.
    Transfer2912,
    /// OSL 10:2.
    Necessary102,
    /// OSL 26:9.
    Care269,
    /// OSL 26:1.
    NoHarm261,
    /// OSL 10:15 a.
    WrongfulPayment1015a,
    /// OSL 10:27, never enough.
    GeneralClause1027,
}

impl GroundCode {
    /// All, in the order of their numbers from 1.
    pub const ALL: [Self; 7] = [
        Self::Consent,
        Self::Transfer2912,
        Self::Necessary102,
        Self::Care269,
        Self::NoHarm261,
        Self::WrongfulPayment1015a,
        Self::GeneralClause1027,
    ];

    /// The rule behind it.
    pub fn rule(self) -> &'static Rule {
        match self {
            Self::Consent => &RULES[0],
            Self::Transfer2912 => &RULES[1],
            Self::Necessary102 => &RULES[2],
            Self::Care269 => &RULES[3],
            Self::NoHarm261 => &RULES[4],
            Self::WrongfulPayment1015a => &RULES[5],
            Self::GeneralClause1027 => &RULES[6],
        }
    }

    /// Its number on the wire.
    pub fn number(self) -> i32 {
        match self {
            Self::Consent => 1,
            Self::Transfer2912 => 2,
            Self::Necessary102 => 3,
            Self::Care269 => 4,
            Self::NoHarm261 => 5,
            Self::WrongfulPayment1015a => 6,
            Self::GeneralClause1027 => 7,
        }
    }
}

/// Which limb of OSL 26:9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CareLimb {
    /// Under 18 (underårig).
    Under18,
    /// Continuing misuse (fortgående missbruk).
    ContinuingMisuse,
    /// Care under LPT or LRV.
    LptLrv,
    /// Pregnancy (gravid).
    Pregnancy,
}

impl CareLimb {
    /// The limb with a number on the wire.
    pub fn from_number(number: i32) -> Option<Self> {
        [
            Self::Under18,
            Self::ContinuingMisuse,
            Self::LptLrv,
            Self::Pregnancy,
        ]
        .get(usize::try_from(number).ok()?.checked_sub(1)?)
        .copied()
    }
}

/// How consent was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConsentForm {
    /// In writing (skriftligt).
    Written,
    /// Orally (muntligt).
    Oral,
}

impl ConsentForm {
    /// The form with a number on the wire.
    pub fn from_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Written),
            2 => Some(Self::Oral),
            _ => None,
        }
    }
}

/// What a consent covers. The move itself and who it is are always covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Everything.
    All,
    /// The dwelling.
    Dwelling,
    /// Means of support.
    Support,
    /// The household.
    Household,
    /// Groups: sensitive personal data.
    Groups,
    /// The person's own wish.
    Wish,
    /// Free text.
    FreeText,
}

impl Scope {
    /// All, by number from 1.
    pub const ALL: [Self; 7] = [
        Self::All,
        Self::Dwelling,
        Self::Support,
        Self::Household,
        Self::Groups,
        Self::Wish,
        Self::FreeText,
    ];

    /// The scope with a number on the wire.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL
            .get(usize::try_from(number).ok()?.checked_sub(1)?)
            .copied()
    }

    /// The field that it covers.
    pub fn field(self) -> &'static str {
        match self {
            Self::All => "content",
            Self::Dwelling => "content.dwelling",
            Self::Support => "content.supports",
            Self::Household => "content.household",
            Self::Groups => "content.groups",
            Self::Wish => "content.wish",
            Self::FreeText => "content.free_text",
        }
    }
}

/// A consent (samtycke).
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_field_names,
    reason = "the wire's word: the guardians consent too"
)]
pub struct Consent {
    /// What it covers.
    pub scopes: BTreeSet<Scope>,
    /// When it was given.
    pub given_on: Date,
    /// How.
    pub form: ConsentForm,
    /// Who received it.
    pub received_by: String,
    /// For a minor: the guardians consent, alone or with the minor, depending on age and maturity.
    pub guardians_consent: bool,
    /// For a minor who consents alone: why the guardians are left out, in writing. Empty for all others.
    pub minor_alone: String,
}

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Consent(..)")
    }
}

/// A ground with what it demands. Its Debug shows nothing: the ground alone can tell a story.
#[derive(Clone, PartialEq, Eq)]
pub enum Ground {
    /// Consent.
    Consent(Consent),
    /// Transfer of a case.
    Transfer2912 {
        /// Its number.
        case: String,
    },
    /// Necessary for the disclosing authority.
    Necessary102 {
        /// Why.
        motivation: String,
        /// Who agreed.
        second_officer: String,
    },
    /// Care of certain persons.
    Care269 {
        /// Which limb.
        limb: CareLimb,
    },
    /// Clear that no harm follows.
    NoHarm261 {
        /// The assessment.
        assessment: String,
    },
    /// Wrongful payments.
    WrongfulPayment1015a {
        /// The balancing of interests.
        balancing: String,
    },
    /// The general clause.
    GeneralClause1027,
}

impl Ground {
    /// Which rule it is.
    pub fn code(&self) -> GroundCode {
        match self {
            Self::Consent(_) => GroundCode::Consent,
            Self::Transfer2912 { .. } => GroundCode::Transfer2912,
            Self::Necessary102 { .. } => GroundCode::Necessary102,
            Self::Care269 { .. } => GroundCode::Care269,
            Self::NoHarm261 { .. } => GroundCode::NoHarm261,
            Self::WrongfulPayment1015a { .. } => GroundCode::WrongfulPayment1015a,
            Self::GeneralClause1027 => GroundCode::GeneralClause1027,
        }
    }

    /// The rule with what it demands.
    pub fn rule(&self) -> &'static Rule {
        self.code().rule()
    }

    /// The consent, when that is the ground.
    pub fn consent(&self) -> Option<&Consent> {
        match self {
            Self::Consent(consent) => Some(consent),
            Self::Transfer2912 { .. }
            | Self::Necessary102 { .. }
            | Self::Care269 { .. }
            | Self::NoHarm261 { .. }
            | Self::WrongfulPayment1015a { .. }
            | Self::GeneralClause1027 => None,
        }
    }

    /// What it is given in writing: a motivation, an assessment, a balancing, the number of a transfer case.
    pub fn text(&self) -> &str {
        match self {
            Self::Transfer2912 { case: text }
            | Self::Necessary102 {
                motivation: text, ..
            }
            | Self::NoHarm261 { assessment: text }
            | Self::WrongfulPayment1015a { balancing: text } => text,
            Self::Consent(_) | Self::Care269 { .. } | Self::GeneralClause1027 => "",
        }
    }
}

impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ground(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stand_in_the_order_of_their_numbers() {
        assert!(RULES.iter().map(|rule| rule.code).eq(GroundCode::ALL));
        for (index, rule) in (1..).zip(RULES) {
            assert_eq!(rule.code.number(), index, "{}", rule.name);
            assert_eq!(rule.code.rule().code, rule.code);
            // what always is refused demands nothing, everything else something
            let is_refused = rule.carries == Carries::Nothing;
            assert_eq!(rule.demands.is_empty(), is_refused, "{}", rule.name);
        }
    }

    #[test]
    fn debug_of_a_ground_tells_nothing() {
        let ground = Ground::Care269 {
            limb: CareLimb::Pregnancy,
        };
        assert_eq!(format!("{ground:?}"), "Ground(..)");
        let consent = Consent {
            scopes: BTreeSet::from([Scope::Groups]),
            given_on: Date::constant(2026, 11, 24),
            form: ConsentForm::Oral,
            received_by: "anna".to_owned(),
            guardians_consent: true,
            minor_alone: String::new(),
        };
        assert_eq!(format!("{consent:?}"), "Consent(..)");
    }

    #[test]
    fn numbers_outside_the_lists_are_nothing() {
        assert_eq!(Scope::from_number(0), None);
        assert_eq!(Scope::from_number(7), Some(Scope::FreeText));
        assert_eq!(Scope::from_number(8), None);
        assert_eq!(CareLimb::from_number(-1), None);
        assert_eq!(ConsentForm::from_number(3), None);
    }
}
