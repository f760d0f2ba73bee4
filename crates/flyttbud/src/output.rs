//! What people and programs see: tables and words on standard output, failures on standard error.
#![expect(clippy::print_stderr, reason = "this is the place that prints")]

use std::io::Write as _;

use anyhow::Context as _;
use comfy_table::{ContentArrangement, Table, presets};
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};

use crate::failure::Failure;

/// Prints a line. A reader that went away, as `head` does, is no failure.
pub(crate) fn say(text: &str) {
    is_heard(text);
}

/// Prints a line, and says whether somebody still reads.
pub(crate) fn is_heard(text: &str) -> bool {
    writeln!(std::io::stdout().lock(), "{text}").is_ok()
}

/// Prints a line of talk, which is no data.
pub(crate) fn talk(text: &str) {
    eprintln!("{text}");
}

/// Prints a table.
pub(crate) fn table(headings: &[&str], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(headings.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    say(&table.to_string());
}

/// A message as canonical protobuf JSON, in one line.
pub(crate) fn json(name: &str, message: &impl prost::Message) -> anyhow::Result<String> {
    stored_json(&format!("flyttbud.v1.{name}"), &message.encode_to_vec())
}

/// A message as JSON to be shown or taken apart.
pub(crate) fn value(
    name: &str,
    message: &impl prost::Message,
) -> anyhow::Result<serde_json::Value> {
    Ok(serde_json::from_str(&json(name, message)?)?)
}

/// A stored message as canonical protobuf JSON, in one line. Its name has its package.
pub(crate) fn stored_json(name: &str, bytes: &[u8]) -> anyhow::Result<String> {
    let dynamic = DynamicMessage::decode(descriptor(name)?, bytes)
        .context("message does not fit its descriptor")?;
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut bytes);
    dynamic.serialize_with_options(&mut serializer, &SerializeOptions::new())?;
    Ok(String::from_utf8(bytes)?)
}

/// Prints what was sealed, for people: indented, with the names of its fields.
pub(crate) fn say_content(name: &str, message: &impl prost::Message) -> Result<(), Failure> {
    say(&format!("{:#}", value(name, message)?));
    Ok(())
}

/// Prints a message as JSON.
pub(crate) fn say_json(name: &str, message: &impl prost::Message) -> Result<(), Failure> {
    say(&json(name, message)?);
    Ok(())
}

/// Reads a message from canonical protobuf JSON.
pub(crate) fn from_json<M: prost::Message + Default>(name: &str, text: &str) -> anyhow::Result<M> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let descriptor = descriptor(&format!("flyttbud.v1.{name}"))?;
    let dynamic = DynamicMessage::deserialize(descriptor, &mut deserializer)?;
    deserializer.end()?;
    Ok(dynamic.transcode_to()?)
}

fn descriptor(name: &str) -> anyhow::Result<prost_reflect::MessageDescriptor> {
    let pool = DescriptorPool::decode(api::generated::DESCRIPTORS)?;
    pool.get_message_by_name(name).context("no such message")
}

/// Tells a failure: what, which fields, what to do, where to read more.
pub(crate) fn failure(failure: &Failure) {
    match failure {
        Failure::Refused(refused) => refusal(refused),
        Failure::Untold {
            refused,
            request_id,
        } => {
            refusal(refused);
            eprintln!("it may be stored: retry with --request-id {request_id}");
        }
        Failure::Unreachable(error)
        | Failure::Usage(error)
        | Failure::Halted(error)
        | Failure::Failed(error) => eprintln!("error: {error:#}"),
    }
}

fn refusal(refused: &client::Refused) {
    if refused.reason.is_empty() {
        eprintln!("error: {:?}: {}", refused.code, refused.message);
        return;
    }
    eprintln!("refused: {}: {}", refused.reason, refused.message);
    if !refused.localized.is_empty() && refused.localized != refused.message {
        eprintln!("  {}", refused.localized);
    }
    for (field, what) in &refused.violations {
        eprintln!("  {field}: {what}");
    }
    for (key, value) in &refused.metadata {
        eprintln!("  {key}: {value}");
    }
    eprintln!("  more: {} (call id {})", refused.help, refused.request_id);
}
