//! `flyttbud explain exposure`: who can read what of a relocation, from the table that tests hold against running services.
//! It shows no value of any relocation, only where values are.

use clap::Args;
use domain::exposure::{ANNOUNCEMENT, Erased, Kept, RELOCATION, Reader, Sight};
use serde_json::{Value, json};

use super::{Told, both, say};
use crate::output;
use crate::verify::{Language, pick};

/// What to explain.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// `relocations/…`: as it is for this one, for which the service is asked; without it, while nothing is erased
    pub(crate) relocation: Option<String>,
    #[command(flatten)]
    told: Told,
}

/// What the service says of the relocation that was named.
pub(crate) struct Named {
    /// `relocations/…`.
    pub(crate) name: String,
    /// Where it stands, as on the wire.
    pub(crate) state: String,
    /// When keys were first erased; empty while all are there.
    pub(crate) reading_ended_at: String,
    /// Whose were.
    pub(crate) erased: Erased,
}

/// Tells it.
pub(crate) fn tell(options: &Options, named: Option<&Named>, json: bool) {
    if json {
        output::say(&object(named).to_string());
        return;
    }
    let language = options.told.language;
    if let Some(named) = named {
        output::say(&standing(named, language));
    }
    let headings: Vec<String> = (1..=Reader::ALL.len())
        .map(|number| number.to_string())
        .collect();
    let headings: Vec<&str> = [pick(language, "field", "fält")]
        .into_iter()
        .chain(headings.iter().map(String::as_str))
        .collect();
    for (title, fields) in [
        (
            pick(
                language,
                "What the sender announces",
                "Vad avsändaren underrättar om",
            ),
            ANNOUNCEMENT,
        ),
        (
            pick(language, "What becomes of it", "Vad det blir av det"),
            RELOCATION,
        ),
    ] {
        output::say(title);
        let row = |field: &(&str, Kept)| {
            let signs = sights(*field, named).map(|(_reader, sight)| sight.sign().to_owned());
            [field.0.to_owned()].into_iter().chain(signs).collect()
        };
        output::table(&headings, fields.iter().map(row).collect());
    }
    output::say(&legend(language));
}

/// What each reader sees of a field.
fn sights(field: (&str, Kept), named: Option<&Named>) -> impl Iterator<Item = (Reader, Sight)> {
    let erased = named.map_or_else(Erased::default, |named| named.erased);
    let sight = move |reader: Reader| (reader, reader.sight_of(field, erased));
    Reader::ALL.into_iter().map(sight)
}

/// Who lost keys, by their names as readers.
fn whose(erased: Erased) -> Vec<&'static str> {
    let receiver = erased.receivers.then_some(Reader::Receiver);
    let sender = erased.senders_to_replies.then_some(Reader::Sender);
    let all = receiver.into_iter().chain(sender);
    all.map(Reader::name).collect()
}

fn standing(named: &Named, language: Language) -> String {
    let Named {
        name,
        state,
        reading_ended_at,
        erased,
    } = named;
    let at = match (erased.receivers && erased.senders_to_replies, language) {
        (false, _) => reading_ended_at.clone(),
        (true, Language::En) => format!("(the first of both {reading_ended_at})"),
        (true, Language::Sv) => format!("(de första av båda {reading_ended_at})"),
    };
    let receivers = erased.receivers.then(|| match language {
        Language::En => format!(
            "The receiver's keys were erased {at}: what was sealed for it cannot be read with them any more, whatever \
             copy it is read from."
        ),
        Language::Sv => format!(
            "Mottagarens nycklar raderades {at}: det som var förseglat för den kan inte läsas med dem mer, vilken kopia \
             det än läses ur."
        ),
    });
    let senders = erased.senders_to_replies.then(|| match language {
        Language::En => format!(
            "The sender's keys to the receiver's replies were erased {at}: it keeps what it told itself."
        ),
        Language::Sv => format!(
            "Avsändarens nycklar till mottagarens svar raderades {at}: den behåller det den själv lämnat."
        ),
    });
    let mut said: Vec<String> = receivers.into_iter().chain(senders).collect();
    if said.is_empty() {
        said.push(pick(language, "nothing is erased.", "inget är raderat.").to_owned());
    }
    format!("{name}: {state}. {}", said.join(" "))
}

fn legend(language: Language) -> String {
    let readers = Reader::ALL
        .iter()
        .enumerate()
        .map(|(index, reader)| format!("{:>3}  {}", index + 1, say(reader.words(), language)));
    let signs = Sight::ALL
        .iter()
        .map(|sight| format!("  {}  {}", sight.sign(), say(sight.words(), language)));
    readers.chain(signs).collect::<Vec<_>>().join("\n")
}

/// For programs.
fn object(named: Option<&Named>) -> Value {
    let fields = |of: &'static str, fields: &[(&'static str, Kept)]| -> Vec<Value> {
        let field = |(field, kept): &(&'static str, Kept)| {
            let sights: serde_json::Map<String, Value> = sights((field, *kept), named)
                .map(|(reader, sight)| (reader.name().to_owned(), json!(sight.name())))
                .collect();
            json!({ "of": of, "field": field, "kept": kept.name(), "sight": sights })
        };
        fields.iter().map(field).collect()
    };
    let named = named.map(|named| {
        json!({
            "name": named.name,
            "state": named.state,
            "reading_ended_at": named.reading_ended_at,
            "reading_ended_for": whose(named.erased),
        })
    });
    let all = [
        fields("announcement", ANNOUNCEMENT),
        fields("relocation", RELOCATION),
    ]
    .concat();
    let readers = Reader::ALL.map(|one| json!({ "name": one.name(), "who": both(one.words()) }));
    let kept = Kept::ALL.map(|kept| json!({ "name": kept.name(), "where": both(kept.words()) }));
    json!({
        "relocation": named,
        "readers": readers,
        "kept": kept,
        "fields": all,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;
    use std::path::PathBuf;

    use prost_reflect::{DescriptorPool, MessageDescriptor};

    use super::*;

    /// Each field of a message, down to the last; what others than us define is one.
    fn fields(message: &MessageDescriptor, before: &str, without: &str) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for field in message.fields() {
            let path = format!("{before}{}", field.name());
            let kind = field.kind();
            let inner = kind.as_message();
            match inner.filter(|inner| inner.package_name() == "flyttbud.v1") {
                Some(inner) => all.extend(fields(inner, &format!("{path}."), without)),
                None => {
                    all.insert(path);
                }
            }
        }
        all.retain(|path| without.is_empty() || !path.starts_with(without));
        all
    }

    #[test]
    fn every_field_of_the_contract_has_a_class_and_no_other_has_one() {
        let pool = DescriptorPool::decode(api::generated::DESCRIPTORS).expect("descriptors");
        for (name, without, table) in [
            ("RegisterRelocationRequest", "", ANNOUNCEMENT),
            ("Relocation", "content.", RELOCATION),
        ] {
            let message = pool.get_message_by_name(&format!("flyttbud.v1.{name}"));
            let expected = fields(&message.expect("a message"), "", without);
            let classified: BTreeSet<String> =
                table.iter().map(|(field, _)| (*field).to_owned()).collect();
            assert_eq!(classified.len(), table.len(), "a field stands twice");
            let missing: Vec<_> = expected.difference(&classified).collect();
            let unknown: Vec<_> = classified.difference(&expected).collect();
            assert!(
                missing.is_empty() && unknown.is_empty(),
                "{name}: classify {missing:?} and remove {unknown:?} in domain/src/exposure.rs, and say in docs/exposure.md \
                 what that means"
            );
        }
    }

    /// The tables of docs/exposure.md.
    fn page() -> String {
        let mut page = String::from("| where it is kept |");
        for number in 1..=Reader::ALL.len() {
            write!(page, " {number} |").expect("room");
        }
        page += "\n|---|";
        page += &"---|".repeat(Reader::ALL.len());
        page += "\n";
        for kept in Kept::ALL {
            write!(page, "| `{}`: {} |", kept.name(), kept.words().english).expect("room");
            for (_reader, sight) in sights(("", kept), None) {
                write!(page, " {} |", sight.sign()).expect("room");
            }
            page += "\n";
        }
        page += "\n| where it is kept | of the announcement | of the relocation |\n|---|---|---|\n";
        for kept in Kept::ALL {
            let of = |table: &[(&str, Kept)]| -> String {
                let fields = table.iter().filter(|(_, one)| *one == kept);
                let fields: Vec<String> = fields.map(|(field, _)| format!("`{field}`")).collect();
                fields.join(", ")
            };
            let (name, sent, kept) = (kept.name(), of(ANNOUNCEMENT), of(RELOCATION));
            writeln!(page, "| `{name}` | {sent} | {kept} |").expect("room");
        }
        page
    }

    #[test]
    fn the_page_holds_the_table() {
        let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../docs/exposure.md"]
            .iter()
            .collect();
        let text = std::fs::read_to_string(file).expect("docs/exposure.md");
        let page = page();
        assert!(text.contains(&page), "docs/exposure.md is to hold\n{page}");
        for reader in Reader::ALL {
            assert!(text.contains(reader.words().english), "{reader:?}");
        }
    }

    #[test]
    fn json_says_for_each_field_what_each_reader_sees() {
        let erased = Named {
            name: "relocations/1".to_owned(),
            state: "WITHDRAWN".to_owned(),
            reading_ended_at: "2026-11-24T08:00:00Z".to_owned(),
            erased: Erased {
                receivers: true,
                senders_to_replies: false,
            },
        };
        let by_receiver = Named {
            name: erased.name.clone(),
            state: erased.state.clone(),
            reading_ended_at: erased.reading_ended_at.clone(),
            erased: Erased {
                receivers: false,
                senders_to_replies: true,
            },
        };
        for (named, whose, text, reply) in [
            (None, json!(null), "READS", ["READS", "READS"]),
            (
                Some(&erased),
                json!(["RECEIVER"]),
                "NOTHING",
                ["READS", "NOTHING"],
            ),
            (
                Some(&by_receiver),
                json!(["SENDER"]),
                "READS",
                ["PARTLY", "READS"],
            ),
        ] {
            let told = object(named);
            assert_eq!(told["relocation"]["reading_ended_for"], whose);
            let fields = told["fields"].as_array().expect("fields");
            assert_eq!(fields.len(), ANNOUNCEMENT.len() + RELOCATION.len());
            let sight = |name: &str| {
                let mut fields = fields.iter();
                let found = fields.find(|field| field["field"] == name);
                found.expect("the field")["sight"].clone()
            };
            let sees = sight("content.free_text");
            assert_eq!(sees["RECEIVER"], text);
            assert_eq!(sees["SENDER"], "READS");
            assert_eq!(sees["OPERATOR"], "NOTHING");
            let sees = sight("replies.text");
            assert_eq!([&sees["SENDER"], &sees["RECEIVER"]], reply);
        }
        let says = |named, language| standing(named, language);
        assert!(says(&erased, Language::En).contains("The receiver's keys were erased"));
        for (language, whole, not) in [
            (
                Language::En,
                "The sender's keys to the receiver's replies were erased",
                "The receiver's keys were",
            ),
            (
                Language::Sv,
                "Avsändarens nycklar till mottagarens svar raderades",
                "Mottagarens nycklar",
            ),
        ] {
            let said = says(&by_receiver, language);
            assert!(said.contains(whole) && !said.contains(not), "{said}");
        }
    }
}
