//! Refusals on the wire: `google.rpc` details with a stable reason, every field that is at fault, and what to
//! do, in English and Swedish. No value of the request is ever echoed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::reason::{Class, Reason, Violation};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt};

/// The domain of every ErrorInfo.
pub const DOMAIN: &str = "flyttbud.se";
/// Field violations in one answer: more than a person mends at once.
const VIOLATIONS_MAX: usize = 25;
/// Bytes of all details in one answer, 4 KiB as base64: they travel in HTTP/2 trailers, and an answer that is
/// too long for a client's header list reaches it as a broken stream instead.
const DETAILS_BYTES_MAX: usize = 3 * 1024;

/// A refusal by the rules: a value, not a failure of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The stable reason; the first violation's when fields are at fault.
    pub reason: Reason,
    /// Fields at fault, with what is wrong with each.
    pub violations: Vec<Violation>,
    /// Codes and limits, never values of the request.
    pub metadata: BTreeMap<String, String>,
}

impl Refusal {
    /// A refusal that no field is to blame for.
    pub fn new(reason: Reason) -> Self {
        Self {
            reason,
            violations: Vec::new(),
            metadata: BTreeMap::new(),
        }
    }

    /// A refusal because of one field.
    pub fn field(field: &str, reason: Reason) -> Self {
        Self::violations(vec![Violation {
            field: field.to_owned(),
            reason,
        }])
    }

    /// A refusal because of several fields; without any it would be our fault.
    pub fn violations(violations: Vec<Violation>) -> Self {
        let reason = violations
            .first()
            .map_or(Reason::Internal, |first| first.reason);
        Self {
            reason,
            violations,
            metadata: BTreeMap::new(),
        }
    }

    /// As it may be written down: what tells of a secrecy marking is there as neutral as what tells of more protection.
    pub fn kept(&self) -> Cow<'_, Self> {
        let mut all = self.violations.iter().map(|violation| violation.reason);
        if self.reason.tells_of_marking() || all.any(Reason::tells_of_marking) {
            Cow::Owned(Self::new(Reason::ManualRouteRequired))
        } else {
            Cow::Borrowed(self)
        }
    }

    /// Adds a code or limit.
    #[must_use]
    pub fn with(mut self, key: &str, value: String) -> Self {
        self.metadata.insert(key.to_owned(), value);
        self
    }

    /// As a gRPC status. `request_id` is ours or the caller's, as in the logs.
    pub fn to_status(&self, request_id: &str, swedish: bool) -> Status {
        for telling in [Telling::Fully, Telling::TextsOnce] {
            let status = self.tell(request_id, swedish, telling);
            if status.details().len() <= DETAILS_BYTES_MAX {
                return status;
            }
        }
        self.tell(request_id, swedish, Telling::CodesAlone)
    }

    fn tell(&self, request_id: &str, swedish: bool, telling: Telling) -> Status {
        let mut details = ErrorDetails::new();
        details
            .set_error_info(
                self.reason.code(),
                DOMAIN,
                self.metadata
                    .iter()
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect::<std::collections::HashMap<_, _>>(),
            )
            .set_request_info(request_id, "")
            .set_localized_message(
                if swedish { "sv-SE" } else { "en" },
                text(self.reason, swedish),
            )
            .add_help_link(
                "what it means and what to do",
                format!("https://flyttbud.se/docs/errors/{}", self.reason.page()),
            );
        match self.reason.class() {
            // of what is aborted the etag alone is the request's
            Class::Aborted if self.violations.is_empty() => {}
            Class::InvalidArgument | Class::Aborted => {
                details.set_bad_request(self.fields(swedish, telling));
            }
            Class::FailedPrecondition => {
                details.set_precondition_failure(self.preconditions(swedish, telling));
                // the same by field, since forms show errors by field
                details.set_bad_request(self.fields(swedish, telling));
            }
            // what is too large stays so
            Class::ResourceExhausted if self.reason == Reason::BodyTooLarge => {}
            Class::Unavailable | Class::ResourceExhausted => {
                details.set_retry_info(Some(Duration::from_secs(1)));
            }
            Class::PermissionDenied
            | Class::Unauthenticated
            | Class::NotFound
            | Class::AlreadyExists
            | Class::DeadlineExceeded
            | Class::Internal => {}
        }
        Status::with_error_details(code(self.reason.class()), self.reason.message(), details)
    }

    /// Each field with its code, and the text as far as there is room.
    fn fields(&self, swedish: bool, telling: Telling) -> Vec<FieldViolation> {
        let mut told = BTreeSet::new();
        let shown = self.violations.iter().take(VIOLATIONS_MAX);
        shown
            .map(|violation| {
                let is_new = told.insert(violation.reason);
                let with_text = match telling {
                    Telling::Fully => true,
                    Telling::TextsOnce => is_new,
                    Telling::CodesAlone => false,
                };
                let code = violation.reason.code();
                let description = if with_text {
                    format!("{code}: {}", text(violation.reason, swedish))
                } else {
                    code.to_owned()
                };
                FieldViolation::new(violation.field.clone(), description)
            })
            .collect()
    }

    /// What stands in the way; the first alone when there is no room for all, since the fields name them too.
    fn preconditions(&self, swedish: bool, telling: Telling) -> Vec<PreconditionViolation> {
        let room = match telling {
            Telling::Fully => VIOLATIONS_MAX,
            Telling::TextsOnce | Telling::CodesAlone => 1,
        };
        let shown = self.violations.iter().take(room);
        shown
            .map(|violation| {
                PreconditionViolation::new(
                    violation.reason.code(),
                    violation.field.clone(),
                    text(violation.reason, swedish),
                )
            })
            .collect()
    }
}

/// How much is told of the fields at fault; less when it does not fit. Codes and paths are always told.
#[derive(Clone, Copy)]
enum Telling {
    Fully,
    TextsOnce,
    CodesAlone,
}

fn text(reason: Reason, swedish: bool) -> &'static str {
    if swedish {
        reason.message_sv()
    } else {
        reason.message()
    }
}

fn code(class: Class) -> Code {
    match class {
        Class::InvalidArgument => Code::InvalidArgument,
        Class::FailedPrecondition => Code::FailedPrecondition,
        Class::PermissionDenied => Code::PermissionDenied,
        Class::Unauthenticated => Code::Unauthenticated,
        Class::NotFound => Code::NotFound,
        Class::AlreadyExists => Code::AlreadyExists,
        Class::Aborted => Code::Aborted,
        Class::ResourceExhausted => Code::ResourceExhausted,
        Class::Unavailable => Code::Unavailable,
        Class::DeadlineExceeded => Code::DeadlineExceeded,
        Class::Internal => Code::Internal,
    }
}

#[cfg(test)]
mod tests;
