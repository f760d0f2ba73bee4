//! The table of legal grounds: which disclosures a ground carries and what it demands. The gate decides by it and
//! `flyttbud explain ground` prints it, so that the two can never differ.

use super::GroundCode;
use crate::code::RelocationKind;
use crate::disclosure::Act;
use crate::reason::Reason;
use crate::text::Words;

/// A legal ground as the law has it.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its code.
    pub code: GroundCode,
    /// As it is written on the wire, without the enum's prefix.
    pub name: &'static str,
    /// Where it stands.
    pub citation: Words,
    /// What it says.
    pub says: Words,
    /// Which disclosures it carries.
    pub carries: Carries,
    /// What it demands, in the order of the proto's fields.
    pub demands: &'static [Demand],
    /// Where the statute can be read: SFS numbers and addresses.
    pub source: &'static str,
}

/// Which disclosures a ground carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    /// All.
    Everything,
    /// What belongs to a transfer of a case alone.
    Transfers,
    /// Questions about an arrival and their answers, no announcement.
    Questions,
    /// None.
    Nothing,
}

impl Carries {
    /// Why a ground does not carry an act; none when it does.
    pub fn refuses(self, act: Act) -> Option<Reason> {
        let carried = match (self, act) {
            (Self::Nothing, _) => return Some(Reason::GeneralClauseRefused),
            (Self::Transfers, Act::Relocation(kind) | Act::Reply(kind)) => {
                kind == RelocationKind::Transfer2910
            }
            (Self::Transfers, Act::Arrival | Act::Answer)
            | (Self::Questions, Act::Relocation(_) | Act::Reply(_)) => false,
            (Self::Everything, _) | (Self::Questions, Act::Arrival | Act::Answer) => true,
        };
        (!carried).then_some(Reason::GroundNotForThis)
    }

    /// In words.
    pub fn words(self) -> Words {
        match self {
            Self::Everything => Words {
                english: "announcements, replies, arrival reports, answers",
                swedish: "underrättelser, svar, ankomstrapporter, svar på frågor",
            },
            Self::Transfers => Words {
                english: "an announcement of kind TRANSFER_29_10, and replies to it",
                swedish: "en underrättelse av slaget TRANSFER_29_10, och svar på den",
            },
            Self::Questions => Words {
                english: "arrival reports and answers to questions; no announcement and no reply to one",
                swedish: "ankomstrapporter och svar på frågor; ingen underrättelse och inget svar på en sådan",
            },
            Self::Nothing => Words {
                english: "nothing: always refused",
                swedish: "ingenting: vägras alltid",
            },
        }
    }
}

/// One thing that a ground demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// What a consent covers.
    Scopes,
    /// When it was given.
    GivenOn,
    /// How.
    Form,
    /// Who received it.
    ReceivedBy,
    /// For a minor: the guardians.
    Guardians,
    /// For a minor who consents alone: why.
    MinorAlone,
    /// The transfer case.
    TransferCase,
    /// Why it is necessary.
    Motivation,
    /// Another officer who agreed.
    SecondOfficer,
    /// Which limb of OSL 26:9.
    CareLimb,
    /// That no harm follows.
    Assessment,
    /// The balancing of interests.
    Balancing,
}

impl Demand {
    /// The field that it fills, as a path of the request.
    pub fn field(self) -> &'static str {
        match self {
            Self::Scopes => "legal_ground.consent.scopes",
            Self::GivenOn => "legal_ground.consent.given_on",
            Self::Form => "legal_ground.consent.form",
            Self::ReceivedBy => "legal_ground.consent.received_by",
            Self::Guardians => "legal_ground.consent.guardians_consent",
            Self::MinorAlone => "legal_ground.consent.minor_alone",
            Self::TransferCase => "legal_ground.transfer_case",
            Self::Motivation => "legal_ground.motivation",
            Self::SecondOfficer => "legal_ground.second_officer_id",
            Self::CareLimb => "legal_ground.care_limb",
            Self::Assessment | Self::Balancing => "legal_ground.assessment",
        }
    }

    /// In words.
    pub fn words(self) -> Words {
        let (english, swedish) = match self {
            Self::Scopes => (
                "what it covers; a partial consent limits which fields may be filled",
                "vad det omfattar; ett partiellt samtycke begränsar vilka fält som får fyllas i",
            ),
            Self::GivenOn => (
                "when it was given, not in the future",
                "när det gavs, inte i framtiden",
            ),
            Self::Form => (
                "how: in writing or orally",
                "hur: skriftligt eller muntligt",
            ),
            Self::ReceivedBy => (
                "which officer received it",
                "vilken handläggare som tog emot det",
            ),
            Self::Guardians => (
                "for a person under 18: that the guardians consent, alone or with the minor, depending on age and maturity (OSL 12:3)",
                "för den som är under 18: att vårdnadshavarna samtycker, ensamma eller med den unge, beroende på ålder och mognad (OSL 12:3)",
            ),
            Self::MinorAlone => (
                "for a person under 18 who consents alone instead: why secrecy holds against the guardians and the minor is mature enough, in at least 20 signs (OSL 12:3)",
                "för den som är under 18 och i stället samtycker ensam: varför sekretess gäller mot vårdnadshavarna och den unge är mogen nog, med minst 20 tecken (OSL 12:3)",
            ),
            Self::TransferCase => (
                "the number of the transfer case under SoL 29:10",
                "numret på överflyttningsärendet enligt SoL 29:10",
            ),
            Self::Motivation => (
                "why it is necessary for the disclosing authority itself, in at least 20 signs",
                "varför det är nödvändigt för den utlämnande myndigheten själv, med minst 20 tecken",
            ),
            Self::SecondOfficer => (
                "a second officer who agreed, other than the one who acts",
                "en andra handläggare som instämt, en annan än den som agerar",
            ),
            Self::CareLimb => (
                "which limb: under 18 (by the birth date), continuing misuse, LPT or LRV, pregnancy",
                "vilket led: under 18 år (enligt födelsedatumet), fortgående missbruk, LPT eller LRV, graviditet",
            ),
            Self::Assessment => (
                "the assessment that it is clear that no harm follows, in at least 20 signs",
                "menprövningen, att det står klart att ingen lider men, med minst 20 tecken",
            ),
            Self::Balancing => (
                "the balancing of interests, in at least 20 signs",
                "intresseavvägningen, med minst 20 tecken",
            ),
        };
        Words { english, swedish }
    }
}

/// Offentlighets- och sekretesslagen.
const OSL: &str = "SFS 2009:400, https://rkrattsbaser.gov.se/sfst?bet=2009:400";
/// Socialtjänstlagen, beside the first.
const SOL_AND_OSL: &str =
    "SFS 2025:400, https://rkrattsbaser.gov.se/sfst?bet=2025:400; SFS 2009:400";

/// All rules, by number from 1.
pub const RULES: [Rule; 7] = [
    Rule {
        code: GroundCode::Consent,
        name: "CONSENT",
        citation: Words {
            english: "OSL 10:1 and 12:2; minors 12:3",
            swedish: "OSL 10:1 och 12:2; underåriga 12:3",
        },
        says: Words {
            english: "The person lifts the secrecy, wholly or in part, and can take that back.",
            swedish: "Den enskilde häver sekretessen, helt eller delvis, och kan ta tillbaka det.",
        },
        carries: Carries::Everything,
        demands: &[
            Demand::Scopes,
            Demand::GivenOn,
            Demand::Form,
            Demand::ReceivedBy,
            Demand::Guardians,
            Demand::MinorAlone,
        ],
        source: OSL,
    },
    Rule {
        code: GroundCode::Transfer2912,
        name: "TRANSFER_29_12",
        citation: Words {
            english: "SoL 29:12 with OSL 10:28",
            swedish: "SoL 29:12 med OSL 10:28",
        },
        says: Words {
            english: "In a transfer of a case, a municipality discloses what the other one needs for it.",
            swedish: "I en överflyttning av ärende lämnar en kommun ut vad den andra behöver för den.",
        },
        carries: Carries::Transfers,
        demands: &[Demand::TransferCase],
        source: SOL_AND_OSL,
    },
    Rule {
        code: GroundCode::Necessary102,
        name: "NECESSARY_10_2",
        citation: Words {
            english: "OSL 10:2",
            swedish: "OSL 10:2",
        },
        says: Words {
            english: "What the disclosing authority must tell to be able to do its own work; read narrowly.",
            swedish: "Vad den utlämnande myndigheten måste berätta för att kunna göra sitt eget arbete; tolkas snävt.",
        },
        carries: Carries::Everything,
        demands: &[Demand::Motivation, Demand::SecondOfficer],
        source: OSL,
    },
    Rule {
        code: GroundCode::Care269,
        name: "CARE_26_9",
        citation: Words {
            english: "OSL 26:9",
            swedish: "OSL 26:9",
        },
        says: Words {
            english: "Between social services, when certain persons need it to get necessary care or support.",
            swedish: "Mellan socialtjänster, när det behövs för att vissa personer ska få nödvändig vård eller stöd.",
        },
        carries: Carries::Everything,
        demands: &[Demand::CareLimb],
        source: OSL,
    },
    Rule {
        code: GroundCode::NoHarm261,
        name: "NO_HARM_26_1",
        citation: Words {
            english: "OSL 26:1",
            swedish: "OSL 26:1",
        },
        says: Words {
            english: "Secrecy does not hold where it is clear that neither the person nor anyone close is harmed.",
            swedish: "Sekretess gäller inte om det står klart att varken den enskilde eller någon närstående lider men.",
        },
        carries: Carries::Everything,
        demands: &[Demand::Assessment],
        source: OSL,
    },
    Rule {
        code: GroundCode::WrongfulPayment1015a,
        name: "WRONGFUL_PAYMENT_10_15A",
        citation: Words {
            english: "OSL 10:15 a, since 1 December 2025",
            swedish: "OSL 10:15 a, sedan 1 december 2025",
        },
        says: Words {
            english: "To prevent or find out wrongful payments or fraud, unless the interest in secrecy weighs more.",
            swedish: "För att hindra eller upptäcka felaktiga utbetalningar eller bidragsbrott, om inte sekretessintresset väger tyngre.",
        },
        carries: Carries::Questions,
        demands: &[Demand::Balancing],
        source: OSL,
    },
    Rule {
        code: GroundCode::GeneralClause1027,
        name: "GENERAL_CLAUSE_10_27",
        citation: Words {
            english: "OSL 10:27",
            swedish: "OSL 10:27",
        },
        says: Words {
            english: "The general clause. Its second paragraph excludes the secrecy of social services, OSL 26:1–6.",
            swedish: "Generalklausulen. Andra stycket undantar socialtjänstsekretessen, OSL 26:1–6.",
        },
        carries: Carries::Nothing,
        demands: &[],
        source: OSL,
    },
];
