//! Verbs of RelocationService.

use std::path::PathBuf;

use api::v1;
use clap::{Args, Subcommand};

use super::receipts::Patience;
use super::restrict::{Lifting, Redaction, Restriction, say_readings};
use super::{
    Session, call, code, code_of, completed, identity_number, instant, more, request, shown,
    submit, warn, word,
};
use crate::cli::Write;
use crate::failure::Failure;
use crate::output;
use crate::verify::Language;

/// Registers a relocation.
#[derive(Debug, Args)]
pub(crate) struct Register {
    /// A `RegisterRelocationRequest` as JSON, or - for standard input. Municipality, actor and request id come
    /// from the profile when they are missing
    file: PathBuf,
    /// Wait for the receipt, and write it into this file, the entry's bytes beside it with .entry
    #[arg(long)]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    patience: Patience,
    #[command(flatten)]
    write: Write,
}

/// A relocation by name.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// relocations/…
    name: String,
    /// The etag you saw
    #[arg(long, default_value = "")]
    etag: String,
    #[command(flatten)]
    write: Write,
}

/// A reply.
#[derive(Debug, Args)]
pub(crate) struct Reply {
    /// relocations/…
    name: String,
    /// The text
    text: String,
    /// A `LegalGround` as JSON: the ground for telling what the text tells
    #[arg(long)]
    ground: PathBuf,
    /// It is an objection
    #[arg(long)]
    objection: bool,
    #[command(flatten)]
    write: Write,
}

/// A search.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Find {
    /// Say - to give the identity number on standard input, where no list of processes shows it; or the number
    /// itself
    #[arg(long)]
    number: Option<String>,
    /// Your own case number, as you announced it
    #[arg(long)]
    case: Option<String>,
    /// Given names and family name, whole words
    #[arg(long, num_args = 2, value_names = ["GIVEN", "FAMILY"])]
    name: Option<Vec<String>>,
}

/// Reads and commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Relocation {
    /// Read one, with its content
    Get {
        /// relocations/…
        name: String,
        /// The envelope alone; the reading is not recorded
        #[arg(long)]
        basic: bool,
        /// Although its processing is restricted: consent, legal-claim, rights-of-another or public-interest
        #[arg(long, default_value = "")]
        exception: String,
    },
    /// List what you sent and received
    List {
        /// Only sent
        #[arg(long, conflicts_with = "received")]
        sent: bool,
        /// Only received
        #[arg(long)]
        received: bool,
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: i32,
        /// From the answer before
        #[arg(long, default_value = "")]
        page_token: String,
    },
    /// Add a text
    Supplement {
        /// relocations/…
        name: String,
        /// The text
        text: String,
        #[command(flatten)]
        write: Write,
    },
    /// Withdraw one
    Withdraw {
        /// relocations/…
        name: String,
        /// Why
        #[arg(long, value_parser = ["consent-revoked", "move-cancelled", "mistake"])]
        reason: String,
        #[command(flatten)]
        write: Write,
    },
    /// Call one back that went to the wrong municipality, and report the breach
    Recall {
        /// relocations/…
        name: String,
        /// When you found out: an instant (2026-11-30T08:00:00Z)
        #[arg(long)]
        discovered: String,
        /// How it came to that
        #[arg(long)]
        text: String,
        #[command(flatten)]
        write: Write,
    },
    /// End it for the other party: what you told can be opened there no more, and you see who read it
    Redact(Redaction),
    /// Lift what your municipality said of a whole person by hand; what its register tells stays
    LiftProtection(Lifting),
    /// Restrict the processing at your municipality, or hold it for a legal matter
    Restrict(Restriction),
    /// Lift a restriction or a hold
    Release(Restriction),
    /// Write the report of the breach after a recall, GDPR article 33
    Breach {
        /// relocations/…
        name: String,
        /// In which language
        #[arg(long, value_enum, default_value_t = Language::Sv)]
        language: Language,
    },
    /// Tell that you asked IVO to decide a transfer, after a month of silence
    Refer {
        /// relocations/…
        name: String,
        /// When your application came in to IVO, YYYY-MM-DD
        on: String,
        #[command(flatten)]
        write: Write,
    },
    /// Tell how IVO decided a transfer
    Decided {
        /// relocations/…
        name: String,
        /// When IVO decided, YYYY-MM-DD
        on: String,
        /// The case is transferred
        #[arg(long)]
        granted: bool,
        #[command(flatten)]
        write: Write,
    },
}

impl Session {
    pub(super) async fn register(&self, verb: Register) -> Result<(), Failure> {
        let (file, write) = (&verb.file, &verb.write);
        let request = completed!(
            self,
            RegisterRelocationRequest(file, write, "avisera flytt")
        );
        let municipality = request.municipality.clone();
        let answer = submit!(self, relocations.register_relocation(request))?;
        // first what is done, then the proof that may be waited for
        self.registered(&answer)?;
        match (&verb.receipt, answer.relocation) {
            (Some(out), Some(relocation)) => {
                let request = v1::GetReceiptRequest {
                    municipality,
                    name: relocation.name,
                    ..v1::GetReceiptRequest::default()
                };
                self.write_receipt(request, out, false, verb.patience).await
            }
            _ => Ok(()),
        }
    }

    fn registered(&self, answer: &v1::RegisterRelocationResponse) -> Result<(), Failure> {
        if self.json {
            return output::say_json("RegisterRelocationResponse", answer);
        }
        warn(&answer.warnings);
        for function in &answer.reach_by {
            let first = function.first_contact.clone().unwrap_or_default();
            let (phone, email) = (first.phone, first.email);
            output::talk(&format!("call: {} {phone} {email}", function.display_name));
        }
        if let Some(dry_run) = &answer.dry_run {
            let connected = if dry_run.recipient_connected {
                "is"
            } else {
                "is not yet"
            };
            output::say(&format!(
                "The ground carries. The receiver {connected} connected and should answer by {}. It would see:",
                dry_run.answer_due_on
            ));
            for field in &dry_run.fields_seen_by_recipient {
                output::say(&format!("  {field}"));
            }
            if !dry_run.receiving_function.is_empty() {
                output::say(&format!("It would go to {}.", dry_run.receiving_function));
            }
            return Ok(());
        }
        show(answer.relocation.as_slice());
        Ok(())
    }

    pub(super) async fn relocation(&self, verb: Relocation) -> Result<(), Failure> {
        match verb {
            Relocation::Get {
                name,
                basic,
                exception,
            } => self.get(name, basic, &exception).await,
            Relocation::List {
                sent,
                received,
                limit,
                page_token,
            } => self.list_own((sent, received), limit, page_token).await,
            Relocation::Supplement { name, text, write } => {
                let request = v1::SupplementRelocationRequest {
                    municipality: self.profile.municipality()?,
                    actor: Some(self.profile.actor("komplettera", "")),
                    request_id: write.id(),
                    validate_only: write.dry_run,
                    name,
                    etag: String::new(),
                    text,
                };
                let answer = submit!(self, relocations.supplement_relocation(request))?;
                self.answer(answer.relocation)
            }
            Relocation::Withdraw {
                name,
                reason,
                write,
            } => self.withdraw(name, &reason, &write).await,
            Relocation::Recall {
                name,
                discovered,
                text,
                write,
            } => self.recall(name, &discovered, text, &write).await,
            Relocation::Redact(verb) => self.redact(verb).await,
            Relocation::LiftProtection(verb) => self.lift(verb).await,
            Relocation::Restrict(verb) => self.restrict(verb).await,
            Relocation::Release(verb) => self.release(verb).await,
            Relocation::Breach { name, language } => self.breach(name, language).await,
            Relocation::Refer { name, on, write } => self.refer(name, on, &write).await,
            Relocation::Decided {
                name,
                on,
                granted,
                write,
            } => self.decided(name, on, granted, &write).await,
        }
    }

    async fn list_own(
        &self,
        sides: (bool, bool),
        limit: i32,
        page_token: String,
    ) -> Result<(), Failure> {
        let side = match sides {
            (true, _) => v1::RelocationSide::Sent,
            (_, true) => v1::RelocationSide::Received,
            (false, false) => v1::RelocationSide::Unspecified,
        };
        let request = v1::ListRelocationsRequest {
            municipality: self.profile.municipality()?,
            page_size: limit,
            page_token,
            side: side.into(),
            ..v1::ListRelocationsRequest::default()
        };
        let answer = call!(self, relocations.list_relocations(request))?;
        if self.json {
            return output::say_json("ListRelocationsResponse", &answer);
        }
        show(&answer.relocations);
        more(&answer.next_page_token);
        Ok(())
    }

    async fn withdraw(&self, name: String, reason: &str, write: &Write) -> Result<(), Failure> {
        let known = v1::WithdrawalReason::from_str_name(&code_of(reason, "WITHDRAWAL_REASON_"));
        let request = v1::WithdrawRelocationRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("återta", "")),
            request_id: write.id(),
            validate_only: write.dry_run,
            name,
            etag: String::new(),
            reason: known.unwrap_or_default().into(),
        };
        let answer = submit!(self, relocations.withdraw_relocation(request))?;
        self.answer(answer.relocation)
    }

    async fn get(&self, name: String, basic: bool, exception: &str) -> Result<(), Failure> {
        let exception = code_of(exception, "RESTRICTION_EXCEPTION_");
        let exception = v1::RestrictionException::from_str_name(&exception);
        let view = if basic {
            v1::View::Basic
        } else {
            v1::View::Full
        };
        let request = v1::GetRelocationRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("läsa flytt", "")),
            name,
            view: view.into(),
            known_at: None,
            exception: exception.unwrap_or_default().into(),
        };
        let answer = call!(self, relocations.get_relocation(request))?;
        let relocation = answer.relocation.unwrap_or_default();
        if self.json {
            return output::say_json("Relocation", &relocation);
        }
        show(std::slice::from_ref(&relocation));
        if let Some(content) = &relocation.content {
            output::say_content("RelocationContent", content)?;
        } else if !basic {
            output::say("its content can be opened here no more");
        }
        for line in shown::lines(&relocation) {
            output::say(&line);
        }
        say_readings(&answer.readings, answer.more_readings);
        Ok(())
    }

    pub(super) async fn find(&self, verb: Find) -> Result<(), Failure> {
        use v1::find_relocations_request::Term;
        let number = verb.number.map(identity_number).transpose()?;
        let term = number
            .map(Term::IdentityNumber)
            .or(verb.case.map(Term::CaseNumber))
            .or(verb.name.map(|name| {
                let mut names = name.into_iter();
                let mut next = || names.next().unwrap_or_default();
                Term::Name(v1::PersonName {
                    given_name: next(),
                    family_name: next(),
                })
            }));
        let request = v1::FindRelocationsRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("söka flytt", "")),
            term,
        };
        let answer = call!(self, relocations.find_relocations(request))?;
        if self.json {
            return output::say_json("FindRelocationsResponse", &answer);
        }
        show(&answer.relocations);
        Ok(())
    }

    pub(super) async fn acknowledge(&self, verb: Named) -> Result<(), Failure> {
        let request = v1::AcknowledgeRelocationRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("ta emot flytt", "")),
            request_id: verb.write.id(),
            validate_only: verb.write.dry_run,
            name: verb.name,
            etag: verb.etag,
        };
        let answer = submit!(self, relocations.acknowledge_relocation(request))?;
        self.answer(answer.relocation)
    }

    pub(super) async fn reply(&self, verb: Reply) -> Result<(), Failure> {
        let legal_ground = Some(request("LegalGround", &verb.ground)?);
        let request = v1::ReplyToRelocationRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("svara", "")),
            request_id: verb.write.id(),
            validate_only: verb.write.dry_run,
            name: verb.name,
            etag: String::new(),
            text: verb.text,
            objection: verb.objection,
            contact: None,
            legal_ground,
        };
        let answer = submit!(self, relocations.reply_to_relocation(request))?;
        self.answer(answer.relocation)
    }

    pub(super) fn answer(&self, relocation: Option<v1::Relocation>) -> Result<(), Failure> {
        let relocation = relocation.unwrap_or_default();
        if self.json {
            return output::say_json("Relocation", &relocation);
        }
        show(&[relocation]);
        Ok(())
    }
}

fn show(relocations: &[v1::Relocation]) {
    let rows = relocations
        .iter()
        .map(|it| {
            vec![
                it.name.clone(),
                format!(
                    "{} → {}",
                    code(&it.sending_municipality),
                    code(&it.receiving_municipality)
                ),
                word(it.kind().as_str_name(), "RELOCATION_KIND_"),
                word(it.state().as_str_name(), "RELOCATION_STATE_"),
                it.planned_month.clone(),
                it.answer_due_on.clone(),
                instant(it.recorded_at.as_ref()),
            ]
        })
        .collect();
    output::table(
        &[
            "relocation",
            "from → to",
            "kind",
            "state",
            "planned",
            "answer by",
            "recorded",
        ],
        rows,
    );
}
