//! `flyttbud explain exposure`: who can read what of a relocation, from the table that tests hold against running services.
//! It shows no value of any relocation, only where values are.

use clap::Args;
use domain::exposure::{ANNOUNCEMENT, Kept, RELOCATION, Reader, Sight};
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
    /// When the receiver's keys were erased; empty while they are there.
    pub(crate) reading_ended_at: String,
}

impl Named {
    fn is_erased(&self) -> bool {
        !self.reading_ended_at.is_empty()
    }
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
        let row = |(field, kept): &(&str, Kept)| {
            let signs = sights(*kept, named).map(|(_reader, sight)| sight.sign().to_owned());
            [(*field).to_owned()].into_iter().chain(signs).collect()
        };
        output::table(&headings, fields.iter().map(row).collect());
    }
    output::say(&legend(language));
}

/// What each reader sees of a value.
fn sights(kept: Kept, named: Option<&Named>) -> impl Iterator<Item = (Reader, Sight)> {
    let is_erased = named.is_some_and(Named::is_erased);
    Reader::ALL.into_iter().map(move |reader| {
        let sight = if is_erased {
            reader.sight_after_erasure(kept)
        } else {
            kept.sight(reader)
        };
        (reader, sight)
    })
}

fn standing(named: &Named, language: Language) -> String {
    let Named {
        name,
        state,
        reading_ended_at,
    } = named;
    if named.is_erased() {
        match language {
            Language::En => format!(
                "{name}: {state}. The receiver's keys were erased {reading_ended_at}: what was sealed for it cannot be \
                 read with them any more, whatever copy it is read from."
            ),
            Language::Sv => format!(
                "{name}: {state}. Mottagarens nycklar raderades {reading_ended_at}: det som var förseglat för den kan \
                 inte läsas med dem mer, vilken kopia det än läses ur."
            ),
        }
    } else {
        let whole = pick(language, "nothing is erased", "inget är raderat");
        format!("{name}: {state}. {whole}.")
    }
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
            let sights: serde_json::Map<String, Value> = sights(*kept, named)
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
            for (_reader, sight) in sights(kept, None) {
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
        };
        for (named, expected) in [(None, "READS"), (Some(&erased), "NOTHING")] {
            let told = object(named);
            let fields = told["fields"].as_array().expect("fields");
            assert_eq!(fields.len(), ANNOUNCEMENT.len() + RELOCATION.len());
            let name = fields
                .iter()
                .find(|field| field["field"] == "content.free_text")
                .expect("the text");
            assert_eq!(name["sight"]["RECEIVER"], expected);
            assert_eq!(name["sight"]["SENDER"], "READS");
            assert_eq!(name["sight"]["OPERATOR"], "NOTHING");
        }
    }
}
