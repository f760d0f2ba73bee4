//! `flyttbud explain`: the rules in words, from the tables that the service decides by. It asks nobody, but for the
//! standing of a relocation that is named.

pub(crate) mod exposure;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use domain::text::Words;
use domain::{ground, kind};
use serde_json::{Value, json};

use crate::output;
use crate::verify::{Language, pick};

/// What to explain.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// A legal ground: the rule, what it demands and where it stands; without a code, all of them
    Ground {
        /// As on the wire, for example NECESSARY_10_2
        #[arg(ignore_case = true, value_parser = codes(ground::RULES.map(|rule| rule.name)))]
        code: Option<String>,
        #[command(flatten)]
        told: Told,
    },
    /// A kind of relocation: what it means, and which wish goes with it; without a code, all of them
    Kind {
        /// As on the wire, for example PLACEMENT
        #[arg(ignore_case = true, value_parser = codes(kind::RULES.map(|rule| rule.name)))]
        code: Option<String>,
        #[command(flatten)]
        told: Told,
    },
    /// Who can read what of a relocation: parties, others, operators, NATS, thieves of a store or key
    Exposure(exposure::Options),
}

/// How it is told.
#[derive(Debug, Args)]
pub(crate) struct Told {
    /// In which language to say it
    #[arg(
        long,
        value_enum,
        env = "FLYTTBUD_LANGUAGE",
        default_value_t = Language::En
    )]
    language: Language,
}

fn codes<const N: usize>(names: [&'static str; N]) -> PossibleValuesParser {
    PossibleValuesParser::new(names)
}

pub(crate) fn run(verb: &Verb, json: bool) {
    let is_asked = |code: &Option<String>, name: &str| {
        let code = code.as_ref();
        code.is_none_or(|code| code.eq_ignore_ascii_case(name))
    };
    let explained: Vec<String> = match verb {
        Verb::Ground { code, told } => ground::RULES
            .iter()
            .filter(|rule| is_asked(code, rule.name))
            .map(|rule| ground_as(rule, told.language, json))
            .collect(),
        Verb::Kind { code, told } => kind::RULES
            .iter()
            .filter(|rule| is_asked(code, rule.name))
            .map(|rule| kind_as(rule, told.language, json))
            .collect(),
        Verb::Exposure(options) => return exposure::tell(options, None, json),
    };
    output::say(&explained.join(if json { "\n" } else { "\n\n" }));
}

fn say(words: Words, language: Language) -> &'static str {
    pick(language, words.english, words.swedish)
}

/// Both languages, for programs.
fn both(words: Words) -> Value {
    json!({ "en": words.english, "sv": words.swedish })
}

fn ground_as(rule: &ground::Rule, language: Language, json: bool) -> String {
    if json {
        let demand = |demand: &ground::Demand| json!({ "field": demand.field(), "what": both(demand.words()) });
        let demands: Vec<Value> = rule.demands.iter().map(demand).collect();
        return json!({
            "code": rule.name,
            "citation": both(rule.citation),
            "rule": both(rule.says),
            "carries": both(rule.carries.words()),
            "demands": demands,
            "source": rule.source,
        })
        .to_string();
    }
    let mut lines = vec![
        format!("{}: {}", rule.name, say(rule.citation, language)),
        format!("  {}", say(rule.says, language)),
        format!(
            "  {}: {}",
            pick(language, "carries", "bär"),
            say(rule.carries.words(), language)
        ),
    ];
    for demand in rule.demands {
        lines.push(format!(
            "  {} {}: {}",
            pick(language, "demands", "kräver"),
            demand.field(),
            say(demand.words(), language)
        ));
    }
    lines.push(format!(
        "  {}: {}",
        pick(language, "source", "källa"),
        rule.source
    ));
    lines.join("\n")
}

fn kind_as(rule: &kind::Rule, language: Language, json: bool) -> String {
    if json {
        return json!({
            "code": rule.name,
            "citation": rule.citation,
            "rule": both(rule.says),
            "wish": both(rule.wish.words()),
            "counts_as_involvement": rule.counts,
            "arrival_never_a_question": rule.always_covers,
        })
        .to_string();
    }
    let yes_no = |is: bool| {
        if is {
            pick(language, "yes", "ja")
        } else {
            pick(language, "no", "nej")
        }
    };
    [
        format!("{}: {}", rule.name, rule.citation),
        format!("  {}", say(rule.says, language)),
        format!(
            "  {}: {}",
            pick(language, "the person's own wish", "personens egen vilja"),
            say(rule.wish.words(), language)
        ),
        format!(
            "  {}: {}",
            pick(
                language,
                "counts as involvement in statistics",
                "räknas som medverkan i statistiken"
            ),
            yes_no(rule.counts)
        ),
        format!(
            "  {}: {}",
            pick(
                language,
                "an arrival is never a question, whenever it is",
                "en ankomst är aldrig en fråga, när den än sker"
            ),
            yes_no(rule.always_covers)
        ),
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::parse::{Faults, legal_ground};
    use api::v1;
    use domain::code::RelocationKind;
    use domain::disclosure::{Act, Disclosure, Protection, check};
    use domain::ground::Ground;
    use std::collections::BTreeSet;

    /// Every field of the ground that reading it or the gate can find fault with, over what callers leave out.
    fn demanded(code: ground::GroundCode) -> BTreeSet<String> {
        let future = v1::Consent {
            given_on: "2999-01-01".to_owned(),
            form: v1::ConsentForm::Oral.into(),
            minor_alone: "kort".to_owned(),
            ..v1::Consent::default()
        };
        let of = |consent| v1::LegalGround {
            code: code.number(),
            consent,
            ..v1::LegalGround::default()
        };
        let limb = v1::LegalGround {
            care_limb: v1::CareLimb::Under18.into(),
            ..of(Some(future))
        };
        let alone = of(Some(v1::Consent {
            scopes: vec![1],
            given_on: "2026-11-24".to_owned(),
            form: v1::ConsentForm::Oral.into(),
            received_by: "anna".to_owned(),
            ..v1::Consent::default()
        }));
        let mut fields = BTreeSet::new();
        for given in [of(Some(v1::Consent::default())), limb, alone] {
            let mut faults = Faults::default();
            let read = legal_ground(&mut faults, Some(&given));
            let told = faults.end().err().map(|refusal| refusal.violations);
            let gate = read.iter().flat_map(refused);
            let all = told.into_iter().flatten().chain(gate);
            fields.extend(all.map(|violation| violation.field));
        }
        fields.remove("legal_ground.code");
        fields
    }

    /// What the gate says of a ground, for a minor and for an adult.
    fn refused(ground: &Ground) -> Vec<domain::reason::Violation> {
        let of = |minor| {
            check(&Disclosure {
                act: Act::Relocation(RelocationKind::Placement),
                ground,
                actor_officer: "anna",
                minor,
                wish: None,
                is_marking_confirmed: false,
                protection: Protection::None,
                filled: &BTreeSet::new(),
                today: jiff::civil::date(2026, 11, 24),
            })
        };
        [of(true), of(false)].concat()
    }

    #[test]
    fn each_ground_names_every_field_that_it_demands_and_no_other() {
        for rule in ground::RULES {
            let explained: BTreeSet<String> = rule
                .demands
                .iter()
                .map(|it| it.field().to_owned())
                .collect();
            assert_eq!(explained, demanded(rule.code), "{}", rule.name);
            for language in [Language::En, Language::Sv] {
                let text = ground_as(&rule, language, false);
                for field in &explained {
                    assert!(text.contains(&format!(" {field}: ")), "{field} in {text}");
                }
                assert!(text.contains(rule.source), "{text}");
            }
        }
    }

    #[test]
    fn json_holds_the_same_in_both_languages() {
        for rule in ground::RULES {
            let text = ground_as(&rule, Language::En, true);
            let read: Value = serde_json::from_str(&text).expect("JSON");
            let fields = read["demands"].as_array().expect("a list").iter();
            let fields: Vec<&str> = fields.filter_map(|it| it["field"].as_str()).collect();
            let expected: Vec<&str> = rule.demands.iter().map(|it| it.field()).collect();
            assert_eq!(fields, expected, "{text}");
            assert_eq!(read["rule"]["sv"], rule.says.swedish);
        }
        for rule in kind::RULES {
            let read: Value =
                serde_json::from_str(&kind_as(&rule, Language::En, true)).expect("JSON");
            assert_eq!(read["counts_as_involvement"], rule.counts, "{}", rule.name);
        }
    }
}
