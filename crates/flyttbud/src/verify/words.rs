//! Verdicts in words, in English and Swedish. What is not proven is not retold: only why it is not.

mod law;

use std::fmt::Write as _;

use api::v1::EntryKind;

use super::Language;
use super::consistency::{self, Fault as Inconsistency};
use super::envelope::{Ended, Whose};
use super::receipt::{self, Fault, Witness};

/// One of two texts.
pub(crate) fn pick<'a>(language: Language, english: &'a str, swedish: &'a str) -> &'a str {
    match language {
        Language::En => english,
        Language::Sv => swedish,
    }
}

/// A receipt's verdict.
pub(super) fn receipt(verdict: &receipt::Verdict, language: Language) -> String {
    let mut text = format!("{}: ", verdict.file.display());
    if let Some(fault) = verdict.fault {
        text += pick(language, "NOT PROVEN. ", "INTE BEVISAT. ");
        text += why_not(fault, language);
        return text;
    }
    let receipt::Verdict {
        position,
        log,
        size,
        root,
        ..
    } = verdict;
    let is = pick(language, "PROVEN. It is entry", "BEVISAT. Det är post");
    let of = pick(language, "of the log", "i loggen");
    write!(text, "{is} {position} {of} '{log}'.").ok();
    if let Some(entry) = &verdict.entry {
        let what = happened(entry.kind, language);
        let says = format!("{}, version {}: {what}", entry.name, entry.version);
        line(&mut text, pick(language, "says", "säger"), &says);
        if !entry.municipalities.is_empty() {
            let named = entry.municipalities.join(", ");
            line(&mut text, pick(language, "names", "nämner"), &named);
        }
        let clock = pick(
            language,
            "by the service's clock",
            "enligt tjänstens klocka",
        );
        let recorded = format!("{}, {clock}", entry.recorded_at);
        line(
            &mut text,
            pick(language, "recorded", "registrerad"),
            &recorded,
        );
    }
    let tree = match language {
        Language::En => format!("{size} entries then, root {root}"),
        Language::Sv => format!("{size} poster då, rot {root}"),
    };
    line(&mut text, pick(language, "log", "logg"), &tree);
    let witnesses = witnessed(&verdict.witnesses, language);
    line(
        &mut text,
        pick(language, "witnessed", "bevittnad"),
        &witnesses,
    );
    let sealed = verdict.entry.as_ref().map_or(0, |entry| entry.sealed_parts);
    let body = body(verdict, sealed, language);
    line(&mut text, pick(language, "body", "innehåll"), &body);
    for part in &verdict.parts {
        line(&mut text, part.part, &part.body.to_string());
    }
    text
}

/// What is known of the sealed parts.
fn body(verdict: &receipt::Verdict, sealed: usize, language: Language) -> String {
    let known = match (sealed, verdict.parts.len()) {
        (0, _) => pick(
            language,
            "the entry has no sealed part, or its bytes were not seen",
            "posten har ingen förseglad del, eller så har dess bytes inte setts",
        ),
        (_, 0) => pick(
            language,
            "sealed. The entry commits to it; without the opened parts the commitment shows nothing of it",
            "förseglat. Posten binder till det; utan de öppnade delarna visar bindningen inget om det",
        ),
        (all, shown) if shown < all => pick(
            language,
            "these parts are what was recorded then; the others are sealed",
            "dessa delar är vad som registrerades då; de andra är förseglade",
        ),
        _ => pick(
            language,
            "these parts are what was recorded then",
            "dessa delar är vad som registrerades då",
        ),
    };
    let ended = verdict.ended.as_ref();
    let ended = ended.map_or(String::new(), |ended| obliged(ended, language));
    format!("{known}{ended}")
}

/// That somebody may read it no more, and what follows for the service.
fn obliged(ended: &Ended, language: Language) -> String {
    let (english, swedish) = match ended.whose {
        Whose::Receivers => (
            ["withdrawn", "", "the receiver's keys"],
            ["återtogs", "", "mottagarens nycklar"],
        ),
        Whose::OtherPartys => (
            ["ended", " for the other party", "that party's keys"],
            ["avslutades", " för den andra parten", "den partens nycklar"],
        ),
        Whose::AskingOnes => (
            ["ended", " for the municipality that asked", "its keys"],
            ["avslutades", " för kommunen som frågade", "dess nycklar"],
        ),
    };
    let at = &ended.at;
    match language {
        Language::En => {
            let [what, to, keys] = english;
            format!(
                ". It was {what} {at}{to}, which obliges the service to erase {keys} to it; no receipt shows that it did"
            )
        }
        Language::Sv => {
            let [what, to, keys] = swedish;
            format!(
                ". Det {what} {at}{to}, vilket ålägger tjänsten att radera {keys} till det; inget kvitto visar att den \
                 gjorde det"
            )
        }
    }
}

/// A verdict about two checkpoints.
pub(super) fn consistency(verdict: &consistency::Verdict, language: Language) -> String {
    let consistency::Verdict {
        log,
        old_size,
        size,
        root,
        ..
    } = verdict;
    if let Some(fault) = verdict.fault {
        let not = pick(language, "NOT PROVEN. ", "INTE BEVISAT. ");
        return format!("{not}{}", why_inconsistent(fault, language));
    }
    let mut text = match language {
        Language::En => format!(
            "PROVEN. The log '{log}' with {size} entries begins with the {old_size} that it had: \
             none of them was changed, taken away or moved."
        ),
        Language::Sv => format!(
            "BEVISAT. Loggen '{log}' med {size} poster börjar med de {old_size} som den hade: \
             ingen av dem har ändrats, tagits bort eller flyttats."
        ),
    };
    line(&mut text, pick(language, "root", "rot"), root);
    let witnesses = witnessed(&verdict.witnesses, language);
    line(
        &mut text,
        pick(language, "witnessed", "bevittnad"),
        &witnesses,
    );
    text
}

fn line(text: &mut String, heading: &str, what: &str) {
    write!(text, "\n  {heading:<12} {what}").ok();
}

fn witnessed(witnesses: &[Witness], language: Language) -> String {
    if witnesses.is_empty() {
        let nobody = pick(
            language,
            "by nobody: the policy asks for nobody",
            "av ingen: policyn begär ingen",
        );
        return nobody.to_owned();
    }
    let each = witnesses.iter();
    let each = each.map(|witness| format!("{} {}", witness.name, witness.cosigned_at));
    each.collect::<Vec<_>>().join(", ")
}

/// Why a receipt proves nothing.
fn why_not(fault: Fault, language: Language) -> &'static str {
    let (english, swedish) = match fault {
        Fault::UnknownLog => (
            "No log that the policy trusts signed the checkpoint.",
            "Ingen logg som policyn litar på har signerat kontrollpunkten.",
        ),
        Fault::ForgedSignature => (
            "A signature in the name of a trusted key is false.",
            "En signatur i en betrodd nyckels namn är falsk.",
        ),
        Fault::NotIncluded => (
            "This entry is not at this place in the log: it, the receipt or both were changed.",
            "Denna post står inte på denna plats i loggen: den, kvittot eller båda är ändrade.",
        ),
        Fault::OtherPosition => (
            "The entry says another position than the one it has in the log.",
            "Posten anger en annan position än den har i loggen.",
        ),
        Fault::QuorumNotMet => (
            "The log signed it, but not as many witnesses as the policy asks for.",
            "Loggen har signerat det, men inte så många vittnen som policyn begär.",
        ),
        Fault::OtherBody => (
            "The entry is in the log, but an opened part is not what it committed to.",
            "Posten står i loggen, men en öppnad del är inte vad den band till.",
        ),
    };
    pick(language, english, swedish)
}

fn why_inconsistent(fault: Inconsistency, language: Language) -> &'static str {
    let (english, swedish) = match fault {
        Inconsistency::UnknownLog => return why_not(Fault::UnknownLog, language),
        Inconsistency::ForgedSignature => return why_not(Fault::ForgedSignature, language),
        Inconsistency::QuorumNotMet => return why_not(Fault::QuorumNotMet, language),
        Inconsistency::OtherLog => (
            "The checkpoints are of two logs.",
            "Kontrollpunkterna är från två loggar.",
        ),
        Inconsistency::OtherSize => (
            "The proof begins at another size than the older checkpoint.",
            "Beviset börjar vid en annan storlek än den äldre kontrollpunkten.",
        ),
        Inconsistency::Inconsistent => (
            "The newer checkpoint does not continue the older one. If both are signed by the log, keep them: they \
             show that it was changed.",
            "Den nyare kontrollpunkten fortsätter inte den äldre. Om loggen har signerat båda, spara dem: de visar \
             att den har ändrats.",
        ),
    };
    pick(language, english, swedish)
}

/// What an entry says happened.
fn happened(kind: EntryKind, language: Language) -> &'static str {
    let (english, swedish) = match kind {
        EntryKind::RelocationRegistered => {
            ("a relocation was registered", "en flytt registrerades")
        }
        EntryKind::RelocationAcknowledged => ("the receiver took it in", "mottagaren kvitterade"),
        EntryKind::RelocationReplied => (
            "a party replied or objected",
            "en part svarade eller invände",
        ),
        EntryKind::RelocationSupplemented => {
            ("the sender supplemented", "avsändaren kompletterade")
        }
        EntryKind::RelocationWithdrawn => ("the sender withdrew it", "avsändaren återtog den"),
        EntryKind::RelocationArrived => ("the person arrived", "personen ankom"),
        EntryKind::RelocationNotArrived => ("nobody arrived in time", "ingen ankom i tid"),
        EntryKind::ArrivalReported => ("an arrival was reported", "en ankomst rapporterades"),
        EntryKind::ArrivalMatched => ("an announcement covers it", "en underrättelse täcker den"),
        EntryKind::ArrivalWithdrawn => ("the report was withdrawn", "rapporten återtogs"),
        EntryKind::AlertRaised => ("a question was asked", "en fråga ställdes"),
        EntryKind::AlertAnswered => ("the question was answered", "frågan besvarades"),
        EntryKind::AlertDisputed => ("the question was disputed", "frågan bestreds"),
        EntryKind::AlertAcknowledged => ("an operator is on it", "en operatör tog hand om den"),
        EntryKind::AlertAssigned => ("an operator assigned it", "en operatör tilldelade den"),
        EntryKind::AlertCommented => ("an operator commented", "en operatör kommenterade"),
        EntryKind::AlertClosed => ("the question was closed", "frågan avslutades"),
        EntryKind::AlertRedacted => (
            "the asked municipality ended the question for who asked",
            "den tillfrågade kommunen avslutade frågan för den som frågade",
        ),
        EntryKind::NoticesConfirmed => (
            "a system confirmed its notices",
            "ett system bekräftade sina aviseringar",
        ),
        EntryKind::TimePassed => ("a deadline was due", "en tidsgräns passerades"),
        EntryKind::DefinitionSet => ("a definition came in force", "en definition trädde i kraft"),
        EntryKind::RulesVersionSet => ("the rules version switched", "regelversionen byttes"),
        EntryKind::ClockAdvanced => ("the clock was moved", "klockan ställdes fram"),
        EntryKind::Unspecified => ("unknown", "okänt"),
        EntryKind::RelocationReminded
        | EntryKind::RelocationReopened
        | EntryKind::RelocationRestricted
        | EntryKind::RelocationReleased
        | EntryKind::RelocationRedacted
        | EntryKind::TransferSilent
        | EntryKind::TransferReferred
        | EntryKind::TransferDecided
        | EntryKind::TransferDecisionOverdue
        | EntryKind::IdentityReferred
        | EntryKind::FunctionSet
        | EntryKind::VendorGranted
        | EntryKind::VendorWithdrawn
        | EntryKind::DrillSent
        | EntryKind::DrillAcknowledged
        | EntryKind::DrillWritten => law::happened(kind),
    };
    pick(language, english, swedish)
}
