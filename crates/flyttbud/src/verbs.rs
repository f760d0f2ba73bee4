//! Client verbs: one for each method, tables for people, JSON for programs.

mod access;
mod alerts;
mod arrivals;
mod breach;
mod directory;
mod events;
mod exposure;
mod functions;
mod inbox;
mod receipts;
mod refusals;
mod relocations;
mod restrict;
mod shown;
mod vendors;

use std::path::Path;

use anyhow::Context as _;
use client::tonic;

use crate::cli::{Acting, Command};
use crate::failure::Failure;
use crate::profile::Profile;
use crate::{clock, definition, explain, output};

pub(crate) use access::Access;
pub(crate) use alerts::Alerts;
pub(crate) use arrivals::Arrival;
pub(crate) use directory::{Drills, Municipalities};
pub(crate) use events::Events;
pub(crate) use functions::Functions;
pub(crate) use inbox::Inbox;
pub(crate) use receipts::{Checkpoint, Receipts};
pub(crate) use refusals::Refusals;
pub(crate) use relocations::{Find, Named, Register, Relocation, Reply};
pub(crate) use vendors::Vendors;

/// A connection, who sits at it, and how to answer.
struct Session {
    client: client::Client,
    profile: Profile,
    json: bool,
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "main handles the verbs that call no service"
)]
pub(crate) fn run(
    profile: &Path,
    acting: Acting,
    json: bool,
    command: Command,
) -> Result<(), Failure> {
    let mut profile = Profile::read(profile)?;
    profile.act(acting);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(error.into()))?;
    runtime.block_on(async move {
        let session = Session {
            client: profile.connect().await?,
            profile,
            json,
        };
        match command {
            Command::Register(verb) => session.register(verb).await,
            Command::Relocation(verb) => session.relocation(verb).await,
            Command::Find(verb) => session.find(verb).await,
            Command::Ack(verb) => session.acknowledge(verb).await,
            Command::Reply(verb) => session.reply(verb).await,
            Command::Inbox(verb) => session.inbox(verb).await,
            Command::Arrival(verb) => session.arrival(verb).await,
            Command::Events(verb) => session.events(verb).await,
            Command::Alerts(verb) => session.alerts(verb).await,
            Command::Receipt(verb) => session.receipts(verb).await,
            Command::Checkpoint(verb) => session.checkpoint(verb).await,
            Command::Municipalities(verb) => session.municipalities(verb).await,
            Command::Function(verb) => session.functions(verb).await,
            Command::Vendor(verb) => session.vendors(verb).await,
            Command::Drill(verb) => session.drills(verb).await,
            Command::Whoami => session.whoami().await,
            Command::Access(verb) => session.access(verb).await,
            Command::Refusals(verb) => session.refusals(verb).await,
            Command::Definition(verb) => definition::run(&session.client, json, &verb).await,
            Command::Clock(verb) => clock::run(&session.client, json, &verb).await,
            Command::Explain(explain::Verb::Exposure(options)) => session.exposure(&options).await,
            _ => Ok(()),
        }
    })
}

/// A stream or call that the service refused.
fn refused(status: tonic::Status) -> Failure {
    Failure::from(client::Refused::from(status))
}

/// Reads a file, or standard input for "-".
fn read(path: &Path) -> Result<String, Failure> {
    let text = if path.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    text.with_context(|| format!("'{}' cannot be read", path.display()))
        .map_err(Failure::Usage)
}

/// Reads a request from a JSON file, or from standard input for "-".
fn request<M: prost::Message + Default>(name: &str, path: &Path) -> Result<M, Failure> {
    output::from_json(name, &read(path)?).map_err(|error| {
        Failure::Usage(error.context(format!("'{}' is no {name} as JSON", path.display())))
    })
}

/// An identity number as it was given, or the one on standard input for "-".
fn identity_number(given: String) -> Result<String, Failure> {
    let number = if given == "-" {
        read(Path::new("-"))?
    } else {
        given
    };
    Ok(number.trim().to_owned())
}

/// Says what deserves a look, for people.
fn warn(warnings: &[api::v1::Warning]) {
    for warning in warnings {
        output::talk(&format!("warning: {}: {}", warning.reason, warning.message));
    }
}

/// Says where a list goes on, if it does.
fn more(token: &str) {
    if !token.is_empty() {
        output::talk(&format!("more: --page-token {token}"));
    }
}

/// The name of a code that somebody wrote in small letters.
fn code_of(word: &str, prefix: &str) -> String {
    format!("{prefix}{}", word.to_uppercase().replace('-', "_"))
}

/// A municipality's code out of its resource name.
fn code(name: &str) -> String {
    name.rsplit('/').next().unwrap_or_default().to_owned()
}

/// A code's name without the prefix that all of its enum share.
pub(crate) fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix)
        .unwrap_or(name)
        .to_lowercase()
        .replace('_', " ")
}

/// An instant as people read it.
fn instant(at: Option<&api::generated::Timestamp>) -> String {
    let at = at.and_then(api::time::from_wire);
    at.map(|at| at.round(jiff::Unit::Second).unwrap_or(at).to_string())
        .unwrap_or_default()
}

/// Runs a unary call with retries.
macro_rules! call {
    ($session:expr, $service:ident . $method:ident ( $request:expr )) => {{
        let request = $request;
        client::with_retry(|| {
            let (mut service, request) = ($session.client.$service(), request.clone());
            async move { service.$method(request).await }
        })
        .await
        .map_err(Failure::from)
    }};
}
use call;

/// Runs a write with retries: one whose outcome is unknown after them tells what it is retried with.
macro_rules! submit {
    ($session:expr, $service:ident . $method:ident ( $request:expr )) => {{
        let request = $request;
        let untold = crate::failure::untold(&request.request_id, request.validate_only);
        client::with_retry(|| {
            let (mut service, request) = ($session.client.$service(), request.clone());
            async move { service.$method(request).await }
        })
        .await
        .map_err(untold)
    }};
}
use submit;

/// A request from a JSON file, with what the profile and the options know where it says nothing.
macro_rules! completed {
    ($session:expr, $request:ident ( $file:expr, $write:expr, $purpose:literal )) => {{
        let write: &crate::cli::Write = $write;
        let mut request: api::v1::$request = super::request(stringify!($request), $file)?;
        if request.municipality.is_empty() {
            request.municipality = $session.profile.municipality()?;
        }
        request.actor = Some($session.profile.actor_of(request.actor, $purpose));
        if request.request_id.is_empty() || write.request_id.is_some() {
            request.request_id = write.id();
        }
        request.validate_only |= write.dry_run;
        request
    }};
}
use completed;
