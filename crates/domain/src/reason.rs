//! The catalogue of refusals: stable reasons, what they mean, what to do. Every reason is for ever.
//! No text holds a value of the request.

use std::fmt;

/// Makes the enum and its lookups from the table: reason, code, class, page, English, Swedish.
macro_rules! reasons {
    ($($reason:ident $code:literal $class:ident $page:literal $english:literal $swedish:literal)*) => {
        /// A stable reason of a refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(clippy::doc_markdown, reason = "the texts are for people, not for rustdoc alone")]
        pub enum Reason {
            $(#[doc = $english] $reason,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: [Self; [$($code),*].len()] = [$(Self::$reason),*];

            /// Its stable code, for example `GENERAL_CLAUSE_REFUSED`.
            pub fn code(self) -> &'static str {
                match self { $(Self::$reason => $code,)* }
            }

            /// Its class.
            pub fn class(self) -> Class {
                match self { $(Self::$reason => Class::$class,)* }
            }

            /// Its page under docs/errors, for example `E0005`.
            pub fn page(self) -> &'static str {
                match self { $(Self::$reason => $page,)* }
            }

            /// English, one sentence: what is wrong, what to do. No values.
            pub fn message(self) -> &'static str {
                match self { $(Self::$reason => $english,)* }
            }

            /// Swedish, likewise.
            pub fn message_sv(self) -> &'static str {
                match self { $(Self::$reason => $swedish,)* }
            }
        }
    };
}

mod catalogue;

pub use catalogue::Reason;

impl Reason {
    /// Whether it tells of a secrecy marking (sekretessmarkering). It is answered to the caller, who knows or may know, and
    /// written down nowhere.
    pub fn tells_of_marking(self) -> bool {
        matches!(
            self,
            Self::SecrecyConfirmationRequired
                | Self::SecrecyNotMarked
                | Self::SecrecyMarkingKnown
                | Self::FunctionNotForMarked
                | Self::SecrecyFunctionRequired
        )
    }
}

/// What a client does about a refusal, as a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Fix it; never retry as it is.
    InvalidArgument,
    /// Show it to the officer.
    FailedPrecondition,
    /// Call IT.
    PermissionDenied,
    /// Call IT.
    Unauthenticated,
    /// It is not there, or not yours.
    NotFound,
    /// A mistake in the client.
    AlreadyExists,
    /// Read again and decide again.
    Aborted,
    /// Wait or shrink.
    ResourceExhausted,
    /// Retry with the same request id.
    Unavailable,
    /// Retry with the same request id.
    DeadlineExceeded,
    /// Our fault.
    Internal,
}

/// What deserves a look although the call succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notable {
    /// The person is announced already; the answer names the first relocation.
    AlreadyAnnounced,
    /// The person returns to where it was announced from.
    Returned,
    /// An inquiry about a child must be finished.
    InquiryMustFinish,
    /// A coordination number that may be dormant.
    CoordinationNumberDormant,
    /// The arrival is reported already; the answer names the first report.
    AlreadyReported,
    /// The receiving municipality's system has never confirmed a notice.
    RecipientNotConnected,
    /// The person is announced already, without the secrecy marking that is told now.
    AnnouncedUnmarked,
    /// The person is announced already, and whether with the secrecy marking that is told now cannot be read any more.
    AnnouncedUnreadable,
}

impl Notable {
    /// Its stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::AlreadyAnnounced => "ALREADY_ANNOUNCED",
            Self::Returned => "RETURNED",
            Self::InquiryMustFinish => "INQUIRY_MUST_FINISH",
            Self::CoordinationNumberDormant => "COORDINATION_NUMBER_DORMANT",
            Self::AlreadyReported => "ALREADY_REPORTED",
            Self::RecipientNotConnected => "RECIPIENT_NOT_CONNECTED",
            Self::AnnouncedUnmarked => "ANNOUNCED_UNMARKED",
            Self::AnnouncedUnreadable => "ANNOUNCED_UNREADABLE",
        }
    }

    /// English.
    pub fn message(self) -> &'static str {
        match self {
            Self::AlreadyAnnounced => {
                "This person is announced to that municipality already: the answer names that relocation."
            }
            Self::Returned => {
                "This person was announced the other way before: whose responsibility it is has to be assessed."
            }
            Self::InquiryMustFinish => {
                "An inquiry about a child that has begun must be finished where it began (SoL 29:9)."
            }
            Self::CoordinationNumberDormant => {
                "The coordination number is dormant, or may be since it is over five years old: check it in the population register."
            }
            Self::AlreadyReported => {
                "This person's arrival in that month is reported already: the answer names that report."
            }
            Self::RecipientNotConnected => {
                "The receiving municipality is not connected: this is kept until it is, and meanwhile it is to be called, by the functions in the answer or its switchboard."
            }
            Self::AnnouncedUnmarked => {
                "This person is announced without the secrecy marking, and every function there reads it: redact that relocation, and announce anew."
            }
            Self::AnnouncedUnreadable => {
                "This person is announced, and whether without the secrecy marking cannot be read any more: redact that relocation, and announce anew."
            }
        }
    }

    /// Swedish.
    pub fn message_sv(self) -> &'static str {
        match self {
            Self::AlreadyAnnounced => {
                "Personen är redan aviserad till den kommunen: svaret anger den flytten."
            }
            Self::Returned => {
                "Personen aviserades åt andra hållet förut: ansvaret behöver bedömas."
            }
            Self::InquiryMustFinish => {
                "En påbörjad utredning om barn ska slutföras där den började (SoL 29:9)."
            }
            Self::CoordinationNumberDormant => {
                "Samordningsnumret är vilande, eller kan vara det eftersom det är äldre än fem år: kontrollera det i folkbokföringen."
            }
            Self::AlreadyReported => {
                "Personens ankomst den månaden är redan anmäld: svaret anger den anmälan."
            }
            Self::RecipientNotConnected => {
                "Den mottagande kommunen är inte ansluten: detta sparas tills den är det, och till dess ska den ringas, via funktionerna i svaret eller växeln."
            }
            Self::AnnouncedUnmarked => {
                "Personen är aviserad utan sekretessmarkeringen, och varje funktion där läser det: avsluta den flytten för mottagaren, och avisera på nytt."
            }
            Self::AnnouncedUnreadable => {
                "Personen är aviserad, och om det skedde utan sekretessmarkeringen går inte längre att läsa: avsluta den flytten för mottagaren, och avisera på nytt."
            }
        }
    }
}

/// A field at fault, by its path in the proto. Never its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path, for example `content.person.birth_date`.
    pub field: String,
    /// What is wrong.
    pub reason: Reason,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason.code())
    }
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_upper_snake_and_short() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for code in codes {
            assert!(code.len() <= 63, "{code}");
            assert!(
                code.bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte == b'_'),
                "{code}"
            );
        }
    }

    #[test]
    fn each_text_is_one_sentence() {
        for reason in Reason::ALL {
            for text in [reason.message(), reason.message_sv()] {
                assert!(text.ends_with('.') && !text.contains(". "), "{text}");
            }
            assert_ne!(reason.message(), reason.message_sv());
        }
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the pages are files; only this test reads them"
    )]
    fn each_reason_stands_on_its_page_with_its_class_and_texts() {
        let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors");
        for reason in Reason::ALL {
            let page = format!("{pages}/{}.md", reason.page());
            let page = std::fs::read_to_string(&page).expect("a page for each reason");
            let row = format!(
                "| `{}` | {:?} | {} | {} |",
                reason.code(),
                reason.class(),
                reason.message(),
                reason.message_sv()
            );
            assert!(
                page.lines().any(|line| line == row),
                "{} has no line: {row}",
                reason.page()
            );
        }
    }

    #[test]
    fn the_manual_route_never_says_why_and_names_the_other_way() {
        let reason = Reason::ManualRouteRequired;
        for text in [reason.code(), reason.message(), reason.message_sv()] {
            for word in [
                "protect",
                "skydd",
                "secre",
                "sekret",
                "marking",
                "registration",
            ] {
                assert!(!text.to_lowercase().contains(word), "{text}");
            }
        }
        assert!(reason.message().contains("SDK") && reason.message_sv().contains("SDK"));
    }

    #[test]
    fn a_violation_shows_its_path_and_code_alone() {
        let field = "content.person.birth_date".to_owned();
        let violation = Violation {
            field,
            reason: Reason::SecondIdentifierMismatch,
        };
        let shown = "content.person.birth_date: SECOND_IDENTIFIER_MISMATCH";
        assert_eq!(violation.to_string(), shown);
        assert_eq!(format!("{violation:?}"), shown);
    }
}
