//! Recalls, and the report of the breach as a document: what GDPR article 33.3 asks for, as far as Flyttbud knows it.

use std::fmt::Write as _;

use api::v1;
use domain::municipality;

use super::access::moment;
use super::{Session, call, code, instant, submit};
use crate::cli::Write;
use crate::failure::Failure;
use crate::output;
use crate::verify::{Language, pick};

impl Session {
    pub(super) async fn recall(
        &self,
        name: String,
        discovered: &str,
        text: String,
        write: &Write,
    ) -> Result<(), Failure> {
        let request = v1::RecallRelocationRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("återkalla felsänd avisering", "")),
            request_id: write.id(),
            validate_only: write.dry_run,
            name,
            etag: String::new(),
            discovered_at: Some(moment(discovered)?),
            text,
        };
        let answer = submit!(self, relocations.recall_relocation(request))?;
        if self.json {
            return output::say_json("RecallRelocationResponse", &answer);
        }
        match &answer.report {
            Some(report) => output::say(document(report, Language::En).trim_end()),
            None if write.dry_run => output::say("It may be called back."),
            None => output::say(
                "It was called back. Its report is opened in another function: \
                 flyttbud --acting-in FUNCTION relocation breach NAME",
            ),
        }
        Ok(())
    }

    pub(super) async fn breach(&self, name: String, language: Language) -> Result<(), Failure> {
        let request = v1::GetBreachReportRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("personuppgiftsincident", "")),
            name,
        };
        let answer = call!(self, relocations.get_breach_report(request))?;
        let report = answer.report.unwrap_or_default();
        if self.json {
            return output::say_json("BreachReport", &report);
        }
        output::say(document(&report, language).trim_end());
        Ok(())
    }
}

/// The report in words. What only the municipality knows is left to be filled in.
fn document(report: &v1::BreachReport, language: Language) -> String {
    let mut text = String::new();
    let mut line = |(label, value): (&str, String)| {
        // a string takes all
        writeln!(text, "{label}: {value}").ok();
    };
    course(report, language).into_iter().for_each(&mut line);
    spread(report, language).into_iter().for_each(&mut line);
    for reading in &report.readings {
        let at = format!("  {}", instant(reading.read_at.as_ref()));
        line((&at, format!("{} ({})", reading.function, reading.method)));
    }
    measures(language).into_iter().for_each(&mut line);
    text
}

/// What happened, and when.
fn course(report: &v1::BreachReport, language: Language) -> [(&'static str, String); 9] {
    let say = |english, swedish| pick(language, english, swedish);
    let what = say(
        "an announcement went to the wrong municipality",
        "en avisering gick till fel kommun",
    );
    let why = say(
        "72 hours after it was found out, GDPR 33.1",
        "72 timmar efter upptäckten, GDPR 33.1",
    );
    let due = format!("{} ({why})", instant(report.due_at.as_ref()));
    let found_out = instant(report.discovered_at.as_ref());
    [
        (
            say("Personal data breach", "Personuppgiftsincident"),
            what.to_owned(),
        ),
        (say("To be told to IMY by", "Anmäls till IMY senast"), due),
        (say("Announcement", "Avisering"), report.relocation.clone()),
        (
            say("Sent by", "Avsändare"),
            named(&report.sending_municipality),
        ),
        (
            say("Sent to", "Mottagare"),
            named(&report.receiving_municipality),
        ),
        (say("Sent", "Avsänd"), instant(report.sent_at.as_ref())),
        (say("Found out", "Upptäckt"), found_out),
        (
            say("Called back", "Återkallad"),
            instant(report.recalled_at.as_ref()),
        ),
        (
            say("How it came to that", "Händelseförlopp"),
            report.text.clone(),
        ),
    ]
}

/// Whom it concerns, and how far it came.
fn spread(report: &v1::BreachReport, language: Language) -> [(&'static str, String); 4] {
    let say = |english, swedish| pick(language, english, swedish);
    let counted = report.readings.len().to_string();
    let more = say(
        "and more: these are the newest",
        "och fler: detta är de nyaste",
    );
    let fields = report.fields.iter().map(|path| told(path, language));
    [
        (say("Persons concerned", "Berörda personer"), "1".to_owned()),
        (
            say("What was told", "Uppgifter som lämnades"),
            fields.collect::<Vec<_>>().join("; "),
        ),
        (
            say(
                "Supplements and replies besides",
                "Kompletteringar och svar därutöver",
            ),
            report.texts.to_string(),
        ),
        (
            say("Readings at the receiver", "Läsningar hos mottagaren"),
            if report.more_readings {
                format!("{counted} {more}")
            } else {
                counted
            },
        ),
    ]
}

/// What was done, and what the municipality has to add.
fn measures(language: Language) -> [(&'static str, String); 5] {
    let say = |english, swedish| pick(language, english, swedish);
    let done = say(
        "the receiver's keys were erased, so that nothing of it can be opened there; it was told by a notice to erase \
         what it copied",
        "mottagarens nycklar raderades, så att inget längre kan öppnas där; den uppmanades i en avisering att radera \
         det den kopierat",
    );
    let open = || say("(fill in)", "(fyll i)").to_owned();
    [
        (say("Done", "Vidtagna åtgärder"), done.to_owned()),
        (say("Likely consequences", "Sannolika konsekvenser"), open()),
        (say("Further measures", "Ytterligare åtgärder"), open()),
        (
            say(
                "Contact (data protection officer)",
                "Kontakt (dataskyddsombud)",
            ),
            open(),
        ),
        (
            say(
                "Whether the person was told (GDPR 34)",
                "Om personen informerats (GDPR 34)",
            ),
            open(),
        ),
    ]
}

/// A municipality's name and code.
fn named(resource: &str) -> String {
    let code = code(resource);
    let found = municipality::MunicipalityCode::parse(&code).and_then(municipality::find);
    found.map_or(code.clone(), |found| format!("{} ({code})", found.name))
}

/// A path of an announcement in words.
fn told(path: &str, language: Language) -> String {
    let words = match path {
        "content.person" => (
            "name, identity number, birth date",
            "namn, personnummer, födelsedatum",
        ),
        "content.expected_on" => ("when the person moves", "när personen flyttar"),
        "content.supports" => (
            "support that came with the move",
            "stöd i samband med flytten",
        ),
        "content.wish" => ("the person's own wish", "personens egen vilja"),
        "content.groups" => (
            "groups (sensitive personal data, GDPR 9)",
            "målgrupper (känsliga personuppgifter, GDPR 9)",
        ),
        "content.dwelling" => ("the dwelling", "bostaden"),
        "content.household" => ("the household", "hushållet"),
        "content.contact" => ("a contact at the sender", "kontaktperson hos avsändaren"),
        "content.case_number" => ("the sender's case number", "avsändarens ärendenummer"),
        "content.free_text" => ("free text", "fritext"),
        "legal_ground.code" => ("the legal ground", "den rättsliga grunden"),
        other => (other, other),
    };
    pick(language, words.0, words.1).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> v1::BreachReport {
        let at = |seconds| Some(api::generated::Timestamp { seconds, nanos: 0 });
        v1::BreachReport {
            relocation: "relocations/0199".to_owned(),
            sending_municipality: "municipalities/0184".to_owned(),
            receiving_municipality: "municipalities/2283".to_owned(),
            sent_at: at(1_764_000_000),
            discovered_at: at(1_764_086_400),
            recalled_at: at(1_764_090_000),
            due_at: at(1_764_345_600),
            text: "Fel kommun valdes.".to_owned(),
            fields: vec!["content.person".to_owned(), "content.groups".to_owned()],
            texts: 2,
            readings: vec![v1::Reading {
                read_at: at(1_764_050_000),
                function: "mottagning".to_owned(),
                method: "GetRelocation".to_owned(),
            }],
            more_readings: false,
        }
    }

    #[test]
    fn the_document_says_what_the_regulation_asks_for_in_both_languages() {
        for (language, expected) in [
            (
                Language::Sv,
                [
                    "Anmäls till IMY senast: 2025-11-28T16:00:00Z (72 timmar",
                    "Avsändare: Solna (0184)",
                    "Mottagare: Sollefteå (2283)",
                    "Uppgifter som lämnades: namn, personnummer, födelsedatum; målgrupper (känsliga",
                    "Läsningar hos mottagaren: 1\n  2025-11-25T05:53:20Z: mottagning (GetRelocation)",
                    "Sannolika konsekvenser: (fyll i)",
                ],
            ),
            (
                Language::En,
                [
                    "To be told to IMY by: 2025-11-28T16:00:00Z (72 hours",
                    "Sent by: Solna (0184)",
                    "Sent to: Sollefteå (2283)",
                    "What was told: name, identity number, birth date; groups (sensitive",
                    "Readings at the receiver: 1\n  2025-11-25T05:53:20Z: mottagning (GetRelocation)",
                    "Likely consequences: (fill in)",
                ],
            ),
        ] {
            let text = document(&report(), language);
            for expected in expected {
                assert!(text.contains(expected), "{expected}\n{text}");
            }
        }
    }

    #[test]
    fn readings_that_are_not_told_are_mentioned() {
        let report = v1::BreachReport {
            more_readings: true,
            ..report()
        };
        for (language, expected) in [
            (
                Language::Sv,
                "Läsningar hos mottagaren: 1 och fler: detta är de nyaste\n",
            ),
            (
                Language::En,
                "Readings at the receiver: 1 and more: these are the newest\n",
            ),
        ] {
            let text = document(&report, language);
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }

    #[test]
    fn every_path_that_an_announcement_can_tell_has_words() {
        let full = v1::RelocationContent {
            supports: vec![v1::Support::default()],
            wish: 1,
            groups: vec![1],
            dwelling: Some(v1::Dwelling::default()),
            household: Some(v1::Household::default()),
            contact: Some(v1::Contact::default()),
            free_text: "x".to_owned(),
            ..v1::RelocationContent::default()
        };
        for path in api::parse::told(&full) {
            for language in [Language::En, Language::Sv] {
                assert_ne!(told(&path, language), path);
            }
        }
    }
}
