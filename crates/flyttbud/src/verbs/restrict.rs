//! Verbs about a relocation that are seldom needed: an end for the other party and what follows from it, restrictions,
//! holds, the transfer of a case.

use api::v1;
use clap::Args;

use super::{Session, call, code_of, identity_number, instant, submit, word};
use crate::cli::Write;
use crate::failure::Failure;
use crate::output;

/// A restriction.
#[derive(Debug, Args)]
pub(crate) struct Restriction {
    /// relocations/…
    name: String,
    /// processing or legal-hold
    #[arg(long)]
    kind: String,
    /// Why
    #[arg(long)]
    text: String,
    #[command(flatten)]
    write: Write,
}

/// An end for the other party.
#[derive(Debug, Args)]
pub(crate) struct Redaction {
    /// relocations/… or alerts/…
    pub(super) name: String,
    /// Why; the other municipality never sees it
    #[arg(long)]
    pub(super) text: String,
    /// All that your municipality has of the person, and what comes later
    #[arg(long)]
    pub(super) whole_person: bool,
    #[command(flatten)]
    pub(super) write: Write,
}

/// What was said of a whole person by hand.
#[derive(Debug, Args)]
pub(crate) struct Lifting {
    /// Say - to give the identity number on standard input, where no list of processes shows it; or the number itself
    #[arg(long)]
    number: String,
    /// Why; the access log keeps it
    #[arg(long)]
    text: String,
    /// Say what holds, and lift nothing
    #[arg(long)]
    dry_run: bool,
}

impl Restriction {
    fn kind(&self) -> i32 {
        let kind = code_of(&self.kind, "RESTRICTION_KIND_");
        let kind = v1::RestrictionKind::from_str_name(&kind);
        kind.unwrap_or_default().into()
    }
}

impl Session {
    pub(super) async fn redact(&self, verb: Redaction) -> Result<(), Failure> {
        let request = v1::RedactRelocationRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("avsluta för den andra parten", "")),
            request_id: verb.write.id(),
            validate_only: verb.write.dry_run,
            name: verb.name,
            etag: String::new(),
            text: verb.text,
            whole_person: verb.whole_person,
        };
        let answer = submit!(self, relocations.redact_relocation(request))?;
        if self.json {
            return output::say_json("RedactRelocationResponse", &answer);
        }
        say_readings(&answer.readings, answer.more_readings);
        self.answer(answer.relocation)
    }

    pub(super) async fn lift(&self, verb: Lifting) -> Result<(), Failure> {
        let request = v1::LiftProtectionRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor(&verb.text, "")),
            validate_only: verb.dry_run,
            identity_number: identity_number(verb.number)?,
        };
        let answer = call!(self, relocations.lift_protection(request))?;
        if self.json {
            return output::say_json("LiftProtectionResponse", &answer);
        }
        let holds = word(answer.protection().as_str_name(), "PROTECTION_LEVEL_");
        output::say(&format!("protection that holds here: {holds}"));
        Ok(())
    }

    pub(super) async fn restrict(&self, verb: Restriction) -> Result<(), Failure> {
        let request = v1::RestrictRelocationRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("begränsa behandling", "")),
            request_id: verb.write.id(),
            validate_only: verb.write.dry_run,
            kind: verb.kind(),
            name: verb.name,
            etag: String::new(),
            text: verb.text,
        };
        let answer = submit!(self, relocations.restrict_relocation(request))?;
        self.answer(answer.relocation)
    }

    pub(super) async fn release(&self, verb: Restriction) -> Result<(), Failure> {
        let request = v1::ReleaseRelocationRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("häva begränsning", "")),
            request_id: verb.write.id(),
            validate_only: verb.write.dry_run,
            kind: verb.kind(),
            name: verb.name,
            etag: String::new(),
            text: verb.text,
        };
        let answer = submit!(self, relocations.release_relocation(request))?;
        self.answer(answer.relocation)
    }

    pub(super) async fn refer(
        &self,
        name: String,
        on: String,
        write: &Write,
    ) -> Result<(), Failure> {
        let request = v1::ReferTransferRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("överflyttning", "")),
            request_id: write.id(),
            validate_only: write.dry_run,
            name,
            etag: String::new(),
            referred_on: on,
        };
        let answer = submit!(self, relocations.refer_transfer(request))?;
        self.answer(answer.relocation)
    }

    pub(super) async fn decided(
        &self,
        name: String,
        on: String,
        granted: bool,
        write: &Write,
    ) -> Result<(), Failure> {
        let request = v1::RecordTransferDecisionRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("överflyttning", "")),
            request_id: write.id(),
            validate_only: write.dry_run,
            name,
            etag: String::new(),
            granted,
            decided_on: on,
        };
        let answer = submit!(self, relocations.record_transfer_decision(request))?;
        self.answer(answer.relocation)
    }
}

/// Who read it at the other party before it was ended there, and whether there were more.
pub(super) fn say_readings(readings: &[v1::Reading], more: bool) {
    if more {
        output::say("read there: more often than is told here; these are the newest");
    }
    for reading in readings {
        let at = instant(reading.read_at.as_ref());
        let (function, method) = (&reading.function, &reading.method);
        output::say(&format!("read there: {at} {function} ({method})"));
    }
}
