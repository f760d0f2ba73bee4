//! The kinds of relocation as the law has them: what each means and what follows from it. The rules decide by this
//! table and `flyttbud explain kind` prints it.

use crate::code::RelocationKind;
use crate::disclosure::Wish;
use crate::reason::Reason;
use crate::text::Words;

/// A kind as the law has it.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its code.
    pub kind: RelocationKind,
    /// As it is written on the wire, without the enum's prefix.
    pub name: &'static str,
    /// Where it stands.
    pub citation: &'static str,
    /// What it means and what follows.
    pub says: Words,
    /// What it takes of the person's own expressed wish.
    pub wish: Wished,
    /// Whether it counts as involvement in statistics.
    pub counts: bool,
    /// Whether an arrival is covered whenever it is: nobody is ever asked about it.
    pub always_covers: bool,
}

/// What a kind takes of the person's own expressed wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wished {
    /// Stated, and not a clear wish to move.
    NotClear,
    /// A clear wish to move.
    Clear,
    /// Stated, whatever it is.
    Stated,
    /// Nothing: a decision was made.
    Nothing,
}

impl Wished {
    /// Why a wish does not go with it; none when it does.
    pub fn refuses(self, wish: Option<Wish>) -> Option<Reason> {
        match (self, wish) {
            (Self::NotClear | Self::Clear | Self::Stated, None) => Some(Reason::FieldRequired),
            (Self::NotClear, Some(Wish::Clear))
            | (Self::Clear, Some(Wish::NotClear | Wish::NotAsked)) => {
                Some(Reason::KindContradictsWish)
            }
            (Self::NotClear, Some(Wish::NotClear | Wish::NotAsked))
            | (Self::Clear, Some(Wish::Clear))
            | (Self::Stated | Self::Nothing, _) => None,
        }
    }

    /// In words.
    pub fn words(self) -> Words {
        let (english, swedish) = match self {
            Self::NotClear => (
                "no clear wish to move, or the person was not asked",
                "ingen tydlig vilja att flytta, eller personen är inte tillfrågad",
            ),
            Self::Clear => ("a clear wish to move", "en tydlig vilja att flytta"),
            Self::Stated => ("whatever it is, stated", "vilken den än är, angiven"),
            Self::Nothing => ("not needed", "behövs inte"),
        };
        Words { english, swedish }
    }
}

/// All kinds, by number from 1.
pub const RULES: [Rule; 6] = [
    Rule {
        kind: RelocationKind::ActiveInvolvement,
        name: "ACTIVE_INVOLVEMENT",
        citation: "Statskontoret 2020:19, dir. 2022:56",
        says: Words {
            english: "A municipality, by what it does or refrains from doing, gets a person to move without a clear wish to.",
            swedish: "En kommun får genom vad den gör eller låter bli en person att flytta utan en tydlig vilja till det.",
        },
        wish: Wished::NotClear,
        counts: true,
        always_covers: false,
    },
    Rule {
        kind: RelocationKind::SupportedVoluntaryMove,
        name: "SUPPORTED_VOLUNTARY_MOVE",
        citation: "Statskontoret 2020:19",
        says: Words {
            english: "The person clearly wishes to move, and the municipality helps.",
            swedish: "Personen önskar tydligt att flytta, och kommunen hjälper till.",
        },
        wish: Wished::Clear,
        counts: false,
        always_covers: false,
    },
    Rule {
        kind: RelocationKind::Placement,
        name: "PLACEMENT",
        citation: "SoL 29:2",
        says: Words {
            english: "Placed by decision. The placing municipality keeps its responsibility: an arrival is no question.",
            swedish: "Placerad genom beslut. Den placerande kommunen behåller ansvaret: en ankomst är ingen fråga.",
        },
        wish: Wished::Nothing,
        counts: false,
        always_covers: true,
    },
    Rule {
        kind: RelocationKind::Application297,
        name: "APPLICATION_29_7",
        citation: "SoL 29:7",
        says: Words {
            english: "The person applies in the new municipality before moving, as if resident there already.",
            swedish: "Personen ansöker i den nya kommunen före flytten, som om personen redan bodde där.",
        },
        wish: Wished::Stated,
        counts: false,
        always_covers: false,
    },
    Rule {
        kind: RelocationKind::Transfer2910,
        name: "TRANSFER_29_10",
        citation: "SoL 29:10–12",
        says: Words {
            english: "Transfer of a case: a written request, answered at once; after a month of silence IVO can be asked.",
            swedish: "Överflyttning av ärende: en skriftlig begäran som besvaras genast; efter en månads tystnad kan IVO tillfrågas.",
        },
        wish: Wished::Stated,
        counts: false,
        always_covers: false,
    },
    Rule {
        kind: RelocationKind::PrivateHomeCare226,
        name: "PRIVATE_HOME_CARE_22_6",
        citation: "SoL 22:6",
        says: Words {
            english: "Care in a family home elsewhere: the other municipality is informed and consulted before the decision.",
            swedish: "Vård i enskilt hem i en annan kommun: den kommunen informeras och rådfrågas före beslutet.",
        },
        wish: Wished::Nothing,
        counts: false,
        always_covers: false,
    },
];

impl RelocationKind {
    /// The rule behind it.
    pub fn rule(self) -> &'static Rule {
        match self {
            Self::ActiveInvolvement => &RULES[0],
            Self::SupportedVoluntaryMove => &RULES[1],
            Self::Placement => &RULES[2],
            Self::Application297 => &RULES[3],
            Self::Transfer2910 => &RULES[4],
            Self::PrivateHomeCare226 => &RULES[5],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_rule_in_the_order_of_numbers() {
        assert!(RULES.iter().map(|rule| rule.kind).eq(RelocationKind::ALL));
        assert!(RULES.iter().all(|rule| rule.kind.rule().name == rule.name));
    }

    #[test]
    fn active_involvement_alone_counts_and_a_placement_alone_always_covers() {
        let named = |is: fn(&Rule) -> bool| -> Vec<&str> {
            RULES
                .iter()
                .filter(|rule| is(rule))
                .map(|r| r.name)
                .collect()
        };
        assert_eq!(named(|rule| rule.counts), ["ACTIVE_INVOLVEMENT"]);
        assert_eq!(named(|rule| rule.always_covers), ["PLACEMENT"]);
    }
}
