//! Opened parts, as a party gives them on: a salt and a body prove the commitment that stands in the entry.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::entry::{Entry, Part};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::Failure;
use crate::output;

/// The file with opened parts: JSON, bytes in base64. It holds what was sealed: keep it as such.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartsFile {
    pub(crate) parts: Vec<PartFile>,
}

/// One of them.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartFile {
    /// 1 shared, 2 own.
    pub(crate) part: i32,
    /// 32 bytes.
    pub(crate) salt: String,
    pub(crate) body: String,
}

/// A part that is what the entry committed to.
#[derive(Debug, Serialize)]
pub(super) struct Opened {
    pub(super) part: &'static str,
    pub(super) body: Value,
}

/// A part as it was given.
#[derive(Debug)]
pub(super) struct Given {
    part: Part,
    salt: [u8; 32],
    body: Vec<u8>,
}

/// Reads a file with opened parts.
pub(super) fn read(path: &Path) -> Result<Vec<Given>, Failure> {
    let parse = || -> anyhow::Result<Vec<Given>> {
        let file: PartsFile = serde_json::from_slice(&std::fs::read(path)?)?;
        file.parts.iter().map(given).collect()
    };
    parse()
        .with_context(|| format!("'{}' holds no opened parts", path.display()))
        .map_err(Failure::Usage)
}

fn given(file: &PartFile) -> anyhow::Result<Given> {
    let part = match file.part {
        1 => Part::Shared,
        2 => Part::Own,
        _ => return Err(anyhow!("a part is 1, shared, or 2, own")),
    };
    let salt = STANDARD.decode(&file.salt)?;
    Ok(Given {
        part,
        salt: salt
            .try_into()
            .map_err(|_length| anyhow!("a salt has 32 bytes"))?,
        body: STANDARD.decode(&file.body)?,
    })
}

/// The parts, if each is one that the entry committed to.
pub(super) fn open(entry: Option<&Entry>, given: &[Given]) -> Option<Vec<Opened>> {
    given.iter().map(|part| open_one(entry?, part)).collect()
}

fn open_one(entry: &Entry, given: &Given) -> Option<Opened> {
    let sealed = entry.sealed.iter().find(|part| part.part == given.part)?;
    let Given { part, salt, body } = given;
    if !vault::verify_commitment(*part, salt, body, &sealed.commitment) {
        return None;
    }
    Some(match part {
        Part::Shared => Opened {
            part: "shared",
            body: shown("journal.v1.SharedPart", body),
        },
        Part::Own => Opened {
            part: "own",
            body: shown("journal.v1.OwnPart", body),
        },
    })
}

/// A body as JSON; as base64 when this program does not know its form.
fn shown(name: &str, body: &[u8]) -> Value {
    let json = output::stored_json(name, body).ok();
    json.and_then(|json| serde_json::from_str(&json).ok())
        .unwrap_or_else(|| Value::String(STANDARD.encode(body)))
}
