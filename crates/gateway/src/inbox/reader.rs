//! Whose notices are read, and for which function. A notice is shown with the function that its relocation is for,
//! and a reminder with whom to tell there: both follow from its resource, and neither is part of its hash.

use api::chain;
use api::parse::{Faults, function_name};
use api::status::Refusal;
use api::v1;
use domain::code::{ContactRank, NoticeKind};
use domain::entry::{Entry, Event, NoticeRef};
use domain::function::FunctionId;
use domain::reason::Reason;
use domain::subject::{Subject, SubjectKind};
use fanout::Notice;

use crate::core::Core;
use crate::directory::functions::unknown;
use crate::permit::Party;
use crate::read::NOW;
use crate::show;

/// Who reads.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) party: Party,
    /// Only notices for this one, and those for none in particular; none: all.
    function: Option<FunctionId>,
}

impl Reader {
    /// A party that reads all, or what is for one of its functions.
    pub(super) async fn new(core: &Core, party: Party, name: &str) -> Result<Self, Refusal> {
        let mut faults = Faults::default();
        let function = function_name(&mut faults, "function", name, party.code());
        faults.end()?;
        if let Some(id) = &function {
            let fold = core.municipality(party, party.code()).await?;
            if !fold.functions.contains_key(id) {
                return Err(unknown(&fold, "function", Reason::FunctionUnknown));
            }
        }
        Ok(Self { party, function })
    }

    /// A notice as this reader sees it; none when it is for another function, or outside a vendor's grant. The entry
    /// that gave rise to it saves a look at the record.
    pub(super) async fn show(
        &self,
        core: &Core,
        notice: &Notice,
        entry: Option<&Entry>,
    ) -> Result<Option<v1::Notice>, Refusal> {
        let function = match entry.map(|entry| &entry.event) {
            Some(Event::RelocationRegistered { function, kind, .. }) => {
                let may_see = self.party.may_receive(*kind, function.as_ref());
                may_see.then(|| function.clone())
            }
            _ => self
                .party
                .found(self.function_of(core, notice.subject).await)?,
        };
        let Some(function) = function else {
            return Ok(None);
        };
        let is_for_another = function.is_some() && function != self.function;
        if self.function.is_some() && is_for_another {
            return Ok(None);
        }
        let mut shown = show::notice(notice);
        if let Some(id) = function {
            shown.receiving_function = id.resource_name(self.party.code());
            if let Some(rank) = reminded(notice.kind) {
                let fold = core.municipality(self.party, self.party.code()).await?;
                shown.contact = fold.contact(&id, rank).map(show::function_contact);
            }
        }
        Ok(Some(shown))
    }

    /// The reader's own function that a relocation is for.
    async fn function_of(
        &self,
        core: &Core,
        subject: Subject,
    ) -> Result<Option<FunctionId>, Refusal> {
        if subject.kind != SubjectKind::Relocation {
            let nobodys = || Refusal::new(Reason::NotFound);
            return self.party.sees_all().then_some(None).ok_or_else(nobodys);
        }
        let (fold, _entries) = core.relocation(self.party, subject, NOW).await?;
        let is_received = fold.recipient == self.party.code();
        Ok(fold.function.filter(|_function| is_received))
    }
}

/// Which contact a reminder is for.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every other kind is no reminder"
)]
fn reminded(kind: NoticeKind) -> Option<ContactRank> {
    match kind {
        NoticeKind::RelocationReminded => Some(ContactRank::First),
        NoticeKind::RelocationEscalated => Some(ContactRank::Second),
        _ => None,
    }
}

/// A notice as the entry has it that gave rise to it.
pub(super) fn notice(entry: &Entry, notice: &NoticeRef) -> Notice {
    Notice {
        recipient: notice.recipient,
        number: notice.number,
        kind: notice.kind,
        subject: entry.subject,
        position: entry.position,
        recorded_at: entry.recorded_at,
        content_hash: chain::content_hash(
            notice.recipient,
            notice.number,
            notice.kind,
            entry.subject,
            entry.position,
            entry.recorded_at,
        ),
        chain: notice.chain,
    }
}
