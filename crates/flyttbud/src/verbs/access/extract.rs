//! The extract of a person, GDPR article 15: one JSON file for programs, one text for people. Half an extract is none.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::anyhow;
use api::v1;
use api::v1::produce_person_extract_response::Item;
use clap::Args;

use crate::failure::Failure;
use crate::output::{self, value};
use crate::pki::write_private;
use crate::verbs::{Session, code, identity_number, instant, refused, word};
use crate::verify::{Language, pick};

/// Whose, and where to.
#[derive(Debug, Args)]
pub(crate) struct Extract {
    /// The person's identity number, or - to read it from standard input, where no list of processes shows it
    number: String,
    /// The JSON file to write
    #[arg(long)]
    out: PathBuf,
    /// A text to write besides, for the person
    #[arg(long)]
    text: Option<PathBuf>,
    /// In which language the text is
    #[arg(long, value_enum, default_value_t = Language::Sv)]
    language: Language,
}

impl Session {
    pub(super) async fn extract(&self, verb: Extract) -> Result<(), Failure> {
        let request = v1::ProducePersonExtractRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("registerutdrag", "")),
            identity_number: identity_number(verb.number)?,
        };
        let answer = self.client.access().produce_person_extract(request).await;
        let mut stream = answer.map_err(refused)?.into_inner();
        let mut items = Vec::new();
        while let Some(item) = stream.message().await.map_err(refused)? {
            items.extend(item.item);
        }
        let Some(Item::End(end)) = items.last() else {
            return Err(anyhow!("the extract is not whole: produce it again").into());
        };
        let end = *end;
        write_private(&verb.out, &json(&items)?)?;
        if let Some(path) = &verb.text {
            write_private(path, &text(&items, verb.language)?)?;
        }
        if self.json {
            return output::say_json("ExtractEnd", &end);
        }
        output::say(&format!("{} items in {}", end.items, verb.out.display()));
        if items.iter().any(is_withheld) {
            output::talk(
                "something is opened in another function, or goes the manual route: produce it there too, with \
                 --acting-in",
            );
        }
        if end.more {
            output::talk("there is more than one extract holds: see docs/access.md");
        }
        Ok(())
    }
}

/// Whether only its envelope is there.
fn is_withheld(item: &Item) -> bool {
    match item {
        Item::Relocation(it) => it.withheld,
        Item::Arrival(it) => it.withheld,
        Item::Alert(it) => it.withheld,
        Item::Notes(it) => it.withheld,
        Item::Head(_) | Item::Access(_) | Item::End(_) => false,
    }
}

/// All items as one document.
fn json(items: &[Item]) -> anyhow::Result<String> {
    let item = |item: &Item| {
        let item = v1::ProducePersonExtractResponse {
            item: Some(item.clone()),
        };
        value("ProducePersonExtractResponse", &item)
    };
    let items = items.iter().map(item).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(format!("{:#}\n", serde_json::json!({ "items": items })))
}

/// All items in words.
fn text(items: &[Item], language: Language) -> anyhow::Result<String> {
    let mut text = String::new();
    for item in items {
        // a string takes all
        writeln!(text, "{}", paragraph(item, language)?).ok();
    }
    Ok(text)
}

fn paragraph(item: &Item, language: Language) -> anyhow::Result<String> {
    let say = |english, swedish| pick(language, english, swedish);
    Ok(match item {
        Item::Head(head) => {
            let what = say(
                "What the municipality holds about you in Flyttbud (GDPR 15)",
                "Vad kommunen har om dig i Flyttbud (GDPR 15)",
            );
            let (code, at) = (code(&head.municipality), instant(head.produced_at.as_ref()));
            format!("{what}: {code}, {at}\n")
        }
        Item::Relocation(it) => {
            let relocation = it.relocation.clone().unwrap_or_default();
            let what = format!(
                "{} {}: {} → {}, {}, {}",
                say("Announcement", "Avisering"),
                relocation.name,
                code(&relocation.sending_municipality),
                code(&relocation.receiving_municipality),
                word(relocation.kind().as_str_name(), "RELOCATION_KIND_"),
                word(relocation.state().as_str_name(), "RELOCATION_STATE_"),
            );
            let erased = say(
                "Its content was erased here: it was withdrawn or called back.",
                "Innehållet är raderat här: den återtogs eller återkallades.",
            );
            let content = if it.withheld {
                withheld(language).to_owned()
            } else if it.erased {
                erased.to_owned()
            } else {
                format!("{:#}", value("Relocation", &relocation)?)
            };
            format!("{what}\n{content}\n{}", acts(&it.own_acts, language)?)
        }
        Item::Arrival(it) => {
            let arrival = it.arrival.clone().unwrap_or_default();
            let what = say("Report of an arrival", "Anmälan om ankomst");
            let content = content(it.withheld, language, || value("Arrival", &arrival))?;
            let acts = acts(&it.own_acts, language)?;
            format!("{what} {}\n{content}\n{acts}", arrival.name)
        }
        Item::Alert(it) => {
            let alert = it.alert.clone().unwrap_or_default();
            let what = say("Question between municipalities", "Fråga mellan kommuner");
            let content = content(it.withheld, language, || value("Alert", &alert))?;
            let acts = acts(&it.own_acts, language)?;
            format!("{what} {}\n{content}\n{acts}", alert.name)
        }
        Item::Notes(it) => notes(it, language)?,
        Item::Access(it) => opened(it, language),
        Item::End(end) => {
            let whole = say("End of the extract", "Slut på utdraget");
            let more = say(
                "there is more than one extract holds",
                "det finns mer än ett utdrag rymmer",
            );
            let more = if end.more {
                format!("; {more}")
            } else {
                String::new()
            };
            format!("\n{whole}: {}{more}.", end.items)
        }
    })
}

/// A content as JSON, or what stands there instead.
fn content(
    is_withheld: bool,
    language: Language,
    value: impl FnOnce() -> anyhow::Result<serde_json::Value>,
) -> anyhow::Result<String> {
    if is_withheld {
        Ok(withheld(language).to_owned())
    } else {
        Ok(format!("{:#}", value()?))
    }
}

/// What stands there instead of a content that another function opens.
fn withheld(language: Language) -> &'static str {
    pick(
        language,
        "Its content is held for you by another function of the municipality: ask for it there.",
        "Innehållet finns för dig hos en annan funktion i kommunen: begär det där.",
    )
}

/// Who opened something, in one line.
fn opened(access: &v1::ExtractedAccess, language: Language) -> String {
    let say = |english, swedish| pick(language, english, swedish);
    let searched = say("search by your number", "sökning på ditt personnummer");
    let subject = Some(access.subject.as_str()).filter(|subject| !subject.is_empty());
    format!(
        "{} {}: {}, {} ({}, {})",
        say("Opened", "Öppnat"),
        instant(access.accessed_at.as_ref()),
        access.function,
        access.purpose,
        access.method,
        subject.unwrap_or(searched)
    )
}

/// What is kept beside announcements, reports and questions.
fn notes(notes: &v1::ExtractedNotes, language: Language) -> anyhow::Result<String> {
    let what = pick(
        language,
        "Kept besides: what the register told, and who belongs together",
        "Antecknat därtill: vad folkbokföringen meddelat, och vilka som hör ihop",
    );
    let content = content(notes.withheld, language, || value("ExtractedNotes", notes))?;
    Ok(format!("{what}\n{content}\n"))
}

/// What the municipality itself did.
fn acts(acts: &[v1::OwnAct], language: Language) -> anyhow::Result<String> {
    let what = pick(language, "Own notes", "Egna anteckningar");
    let mut text = String::new();
    for act in acts {
        let value = value("OwnAct", act)?;
        writeln!(text, "{what}: {value}").ok();
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_erased_is_named_in_both_languages_and_nothing_is_left_out() {
        let erased = Item::Relocation(v1::ExtractedRelocation {
            relocation: Some(v1::Relocation {
                name: "relocations/0199".to_owned(),
                ..v1::Relocation::default()
            }),
            erased: true,
            ..v1::ExtractedRelocation::default()
        });
        let withheld = Item::Relocation(v1::ExtractedRelocation {
            withheld: true,
            ..v1::ExtractedRelocation::default()
        });
        let access = Item::Access(v1::ExtractedAccess {
            function: "mottagning".to_owned(),
            purpose: "handlägga".to_owned(),
            method: "GetRelocation".to_owned(),
            ..v1::ExtractedAccess::default()
        });
        let items = [
            erased,
            withheld,
            access,
            Item::End(v1::ExtractEnd {
                items: 3,
                more: true,
            }),
        ];
        for (language, expected) in [
            (
                Language::Sv,
                [
                    "raderat här",
                    "hos en annan funktion",
                    "sökning på ditt personnummer",
                    "det finns mer",
                ],
            ),
            (
                Language::En,
                [
                    "erased here",
                    "by another function",
                    "search by your number",
                    "there is more",
                ],
            ),
        ] {
            let text = text(&items, language).expect("words");
            for expected in expected {
                assert!(text.contains(expected), "{expected}: {text}");
            }
        }
        let json: serde_json::Value =
            serde_json::from_str(&json(&items).expect("JSON")).expect("JSON");
        assert_eq!(json["items"][0]["relocation"]["erased"], true);
        assert_eq!(json["items"].as_array().expect("items").len(), 4);
    }
}
