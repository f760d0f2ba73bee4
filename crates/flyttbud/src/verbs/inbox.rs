//! Verbs of InboxService.

use anyhow::Context as _;
use api::v1;
use api::v1::watch_inbox_response::Item;
use clap::Subcommand;

use super::{Session, call, code, instant, refused, word};
use crate::failure::Failure;
use crate::output;

/// What to do with the inbox.
#[derive(Debug, Subcommand)]
pub(crate) enum Inbox {
    /// Show notices as they come
    Watch {
        /// Continue after this token; from the beginning when missing
        #[arg(long, default_value = "")]
        resume_token: String,
        /// Only what is for this function of yours, by its id, or for none in particular
        #[arg(long)]
        function: Option<String>,
    },
    /// List notices after a number
    List {
        /// After this number
        #[arg(long, default_value_t = 0)]
        after: i64,
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: i32,
        /// Only what is for this function of yours, by its id, or for none in particular
        #[arg(long)]
        function: Option<String>,
    },
    /// Confirm everything up to the newest notice
    Confirm,
    /// List for whom something waits: of your announcements; as operator, of all notices
    Undelivered,
}

impl Session {
    pub(super) async fn inbox(&self, verb: Inbox) -> Result<(), Failure> {
        match verb {
            Inbox::Watch {
                resume_token,
                function,
            } => self.watch_inbox(resume_token, function).await,
            Inbox::List {
                after,
                limit,
                function,
            } => {
                let answer = self.list_notices(after, limit, function).await?;
                if self.json {
                    return output::say_json("ListNoticesResponse", &answer);
                }
                output::table(
                    &["number", "notice", "about", "recorded", "function"],
                    answer.notices.iter().map(row).collect(),
                );
                output::talk(&format!(
                    "read to {} of {}",
                    answer.read_number, answer.last_number
                ));
                Ok(())
            }
            Inbox::Confirm => self.confirm().await,
            Inbox::Undelivered => self.undelivered().await,
        }
    }

    async fn list_notices(
        &self,
        after: i64,
        limit: i32,
        function: Option<String>,
    ) -> Result<v1::ListNoticesResponse, Failure> {
        let request = v1::ListNoticesRequest {
            municipality: self.profile.municipality()?,
            function: self.function_name(function)?,
            page_size: limit,
            after_number: after,
        };
        call!(self, inbox.list_notices(request))
    }

    async fn undelivered(&self) -> Result<(), Failure> {
        let mut request = v1::ListUndeliveredRequest {
            municipality: self.profile.viewer(),
            page_size: 500,
            page_token: String::new(),
        };
        let mut rows = Vec::new();
        loop {
            let answer = call!(self, inbox.list_undelivered(request.clone()))?;
            if self.json {
                for one in &answer.undelivered {
                    output::say_json("Undelivered", one)?;
                }
            }
            rows.extend(answer.undelivered.iter().map(waiting));
            request.page_token = answer.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        if !self.json {
            let headings = ["code", "waits", "since", "connected", "call"];
            output::table(&headings, rows);
        }
        Ok(())
    }

    /// Reads every notice, computes the chain ourselves, and confirms what we computed.
    async fn confirm(&self) -> Result<(), Failure> {
        let mut chain = api::chain::START;
        let mut number = 0;
        loop {
            let page = self.list_notices(number, 500, None).await?;
            for notice in &page.notices {
                let hash = api::chain::hash_of(notice)
                    .with_context(|| format!("notice {} cannot be read", number + 1))?;
                chain = api::chain::link(&chain, &hash);
                number = notice.number;
            }
            if page.notices.is_empty() || number >= page.last_number {
                break;
            }
        }
        if number == 0 {
            output::say("there is nothing to confirm");
            return Ok(());
        }
        let request = v1::ConfirmNoticeRequest {
            municipality: self.profile.municipality()?,
            request_id: client::request_id(),
            validate_only: false,
            number,
            chain: chain.to_vec(),
        };
        let answer = call!(self, inbox.confirm_notice(request))?;
        let agrees = if answer.agrees { "agree" } else { "differ" };
        output::say(&format!("confirmed up to {number}; the chains {agrees}"));
        Ok(())
    }

    /// The resource name of a function of one's own; empty without one.
    fn function_name(&self, id: Option<String>) -> Result<String, Failure> {
        let municipality = self.profile.municipality()?;
        Ok(id
            .map(|id| format!("{municipality}/functions/{id}"))
            .unwrap_or_default())
    }

    async fn watch_inbox(
        &self,
        mut resume_token: String,
        function: Option<String>,
    ) -> Result<(), Failure> {
        let function = self.function_name(function)?;
        loop {
            let request = v1::WatchInboxRequest {
                municipality: self.profile.municipality()?,
                function: function.clone(),
                resume_token: resume_token.clone(),
            };
            let stream = match self.client.inbox().watch_inbox(request).await {
                Ok(stream) => stream,
                // a server that restarts is back soon
                Err(status) if status.code() == client::tonic::Code::Unavailable => {
                    output::talk("the service is not reachable; trying again");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    continue;
                }
                Err(status) => return Err(refused(status)),
            };
            let mut stream = stream.into_inner();
            loop {
                match stream.message().await {
                    Ok(Some(message)) => {
                        if let Some(Item::Notice(notice)) = message.item {
                            if !self.show_notice(&notice)? {
                                return Ok(());
                            }
                            resume_token = notice.resume_token;
                        }
                    }
                    // a server that stops: another one, or the same, continues from the token
                    Ok(None) => break,
                    Err(status) if status.code() == client::tonic::Code::Unavailable => break,
                    Err(status) => return Err(refused(status)),
                }
            }
            output::talk(&format!(
                "the stream ended; continuing after {resume_token}"
            ));
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }

    /// Shows a notice; false when nobody reads any more.
    fn show_notice(&self, notice: &v1::Notice) -> Result<bool, Failure> {
        let text = if self.json {
            output::json("Notice", notice)?
        } else {
            row(notice).join("  ")
        };
        Ok(output::is_heard(&text))
    }
}

fn waiting(one: &v1::Undelivered) -> Vec<String> {
    let contact = |function: &v1::Function| {
        let first = function.first_contact.clone().unwrap_or_default();
        format!("{} {}", function.display_name, first.phone)
    };
    let contacts: Vec<String> = one.functions.iter().map(contact).collect();
    vec![
        code(&one.municipality),
        one.count.to_string(),
        instant(one.oldest_at.as_ref()),
        if one.connected { "yes" } else { "" }.to_owned(),
        contacts.join(", "),
    ]
}

fn row(notice: &v1::Notice) -> Vec<String> {
    vec![
        notice.number.to_string(),
        word(notice.kind().as_str_name(), "NOTICE_KIND_"),
        notice.resource.clone(),
        instant(notice.recorded_at.as_ref()),
        code(&notice.receiving_function),
    ]
}
