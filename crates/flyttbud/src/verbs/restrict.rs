//! Verbs about a relocation that are seldom needed: restrictions, holds, and the transfer of a case.

use api::v1;
use clap::Args;

use super::relocations::code_of;
use super::{Session, call};
use crate::cli::Write;
use crate::failure::Failure;

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

impl Restriction {
    fn kind(&self) -> i32 {
        let kind = code_of(&self.kind, "RESTRICTION_KIND_");
        let kind = v1::RestrictionKind::from_str_name(&kind);
        kind.unwrap_or_default().into()
    }
}

impl Session {
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
        let answer = call!(self, relocations.restrict_relocation(request))?;
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
        let answer = call!(self, relocations.release_relocation(request))?;
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
        let answer = call!(self, relocations.refer_transfer(request))?;
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
        let answer = call!(self, relocations.record_transfer_decision(request))?;
        self.answer(answer.relocation)
    }
}
