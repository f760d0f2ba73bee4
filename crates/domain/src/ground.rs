//! Legal grounds (sekretessbrytande grunder): what each is, and what it demands, as a table a lawyer can read.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;

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

/// A rule of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its code.
    pub code: GroundCode,
    /// As it is written on the wire, without the enum's prefix.
    pub name: &'static str,
    /// Where it stands.
    pub citation: &'static str,
    /// What it demands, in English.
    pub demands: &'static str,
    /// What it demands, in Swedish.
    pub demands_sv: &'static str,
    /// Where the statute can be read.
    pub source: &'static str,
}

/// Offentlighets- och sekretesslagen.
const OSL: &str = "SFS 2009:400, https://rkrattsbaser.gov.se/sfst?bet=2009:400";
/// Socialtjänstlagen, beside the first.
const SOL_AND_OSL: &str =
    "SFS 2025:400, https://rkrattsbaser.gov.se/sfst?bet=2025:400, and SFS 2009:400";

/// All rules, by number from 1.
pub const RULES: [Rule; 7] = [
    Rule {
        code: GroundCode::Consent,
        name: "CONSENT",
        citation: "OSL 10:1, 12:2 (minors 12:3)",
        demands: "who received it, when, how, and what it covers; a partial consent limits the content; for minors the guardians' consent too",
        demands_sv: "vem som tog emot det, när, hur och vad det omfattar; ett partiellt samtycke begränsar innehållet; för underåriga även vårdnadshavarnas",
        source: OSL,
    },
    Rule {
        code: GroundCode::Transfer2912,
        name: "TRANSFER_29_12",
        citation: "SoL 29:12, OSL 10:28",
        demands: "a transfer case under SoL 29:10, by its number",
        demands_sv: "ett överflyttningsärende enligt SoL 29:10, med sitt nummer",
        source: SOL_AND_OSL,
    },
    Rule {
        code: GroundCode::Necessary102,
        name: "NECESSARY_10_2",
        citation: "OSL 10:2",
        demands: "a written motivation why it is necessary for the disclosing authority itself, and a second officer",
        demands_sv: "en skriftlig motivering till varför det är nödvändigt för den utlämnande myndigheten, och en andra handläggare",
        source: OSL,
    },
    Rule {
        code: GroundCode::Care269,
        name: "CARE_26_9",
        citation: "OSL 26:9",
        demands: "which limb: under 18, continuing misuse, LPT/LRV, pregnancy",
        demands_sv: "vilket led: under 18 år, fortgående missbruk, LPT/LRV, graviditet",
        source: OSL,
    },
    Rule {
        code: GroundCode::NoHarm261,
        name: "NO_HARM_26_1",
        citation: "OSL 26:1",
        demands: "the assessment that it is clear that no harm follows, in writing",
        demands_sv: "menprövningen, skriftligt: det står klart att ingen lider men",
        source: OSL,
    },
    Rule {
        code: GroundCode::WrongfulPayment1015a,
        name: "WRONGFUL_PAYMENT_10_15A",
        citation: "OSL 10:15 a",
        demands: "the balancing of interests, in writing; not for ordinary notices",
        demands_sv: "intresseavvägningen, skriftligt; inte för vanliga aviseringar",
        source: OSL,
    },
    Rule {
        code: GroundCode::GeneralClause1027,
        name: "GENERAL_CLAUSE_10_27",
        citation: "OSL 10:27 second paragraph",
        demands: "always refused: the second paragraph excludes OSL 26:1–6",
        demands_sv: "vägras alltid: andra stycket undantar OSL 26:1–6",
        source: OSL,
    },
];

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
    /// For a minor: the guardians' consent.
    pub guardians_consent: bool,
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
            assert!(!rule.demands.is_empty() && !rule.demands_sv.is_empty());
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
