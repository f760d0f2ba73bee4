//! The proof that a caller may do what a handler does. Nothing reaches the record or the key store
//! without one, and only this file makes them.

mod entries;
mod reach;

use domain::code::RelocationKind;
use domain::entry::{Entry, Event};
use domain::function::{FunctionId, Grant};
use domain::municipality::MunicipalityCode;
use domain::reason::{Class, Reason};
use journal::Scope;
use ledger::{AlertFold, ArrivalFold, RelocationFold};
use tokio::time::timeout;

use api::parse;
use api::status::Refusal;

use crate::call::Call;
use crate::caller::Role;
use crate::core::Core;
use crate::limits::{GRANT_REST, RECHECK};

use reach::Reach;

/// A case system acts for a municipality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    code: MunicipalityCode,
    reach: Reach,
}

/// A reviewer looks at a municipality's access log. It opens no body: those who read are not those who review.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reviewer {
    code: MunicipalityCode,
}

/// Whose access log an access goes into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogOwner(MunicipalityCode);

/// A municipality's register feed acts: it tells, and learns nothing of any case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Feed(Party);

/// An operator acts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operator(());

/// An administrator acts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Administrator(());

/// Anybody with a certificate looks something up in the directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guest(());

/// Who looks at what operators may see too: alerts, and the log.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Viewer {
    /// A party sees what it sent, received, asked or was asked.
    Party(Party),
    /// An operator sees the envelopes of all alerts.
    Operator(Operator),
}

/// The municipality that a caller names, in one of some roles.
fn named(call: &Call, name: &str, roles: &[Role]) -> Result<MunicipalityCode, Refusal> {
    if name.is_empty() {
        return Err(Refusal::field("municipality", Reason::FieldRequired));
    }
    let code = parse::municipality("municipality", name)?.code;
    if !roles.iter().any(|role| call.caller.roles.contains(role)) {
        return Err(Refusal::new(Reason::RoleNotAllowed));
    }
    Ok(code)
}

/// Likewise, by its own certificate: no vendor reviews a municipality's log, or tells what its register told.
fn acting(
    core: &Core,
    call: &Call,
    name: &str,
    roles: &[Role],
) -> Result<MunicipalityCode, Refusal> {
    let code = named(call, name, roles)?;
    if !is_own(core, call, code) {
        return Err(Refusal::new(Reason::SenderNotYours));
    }
    call.acts_for(code);
    Ok(code)
}

/// Whether the caller's certificate is a municipality's own, or that of who goes on as it: its inbox, its matters and
/// its log are theirs from the day of the change on.
fn is_own(core: &Core, call: &Call, code: MunicipalityCode) -> bool {
    let (lineage, today) = (core.context().lineage, core.today());
    let mut own = call.caller.municipalities.iter();
    own.any(|own| lineage.continues(*own, code, today))
}

/// What the caller was granted: by the municipality, or by who goes on as it. The functions of one are not those of the
/// other, so a grant for some of them reaches no further.
async fn granted(
    core: &Core,
    call: &Call,
    code: MunicipalityCode,
) -> Result<Option<Grant>, Refusal> {
    let vendor = &call.caller.organisation_number;
    let mut fold = core.municipality(Guest::of(call), code).await?;
    if let Some(grant) = fold.vendors.remove(vendor) {
        return Ok(Some(grant));
    }
    let current = core.context().lineage.current(code, core.today());
    if current == code {
        return Ok(None);
    }
    let mut fold = core.municipality(Guest::of(call), current).await?;
    let grant = fold.vendors.remove(vendor);
    Ok(grant.filter(|grant| grant.functions.is_empty()))
}

impl Reviewer {
    /// The caller's certificate lets it review the named municipality's access log.
    pub(crate) fn of(core: &Core, call: &Call, name: &str) -> Result<Self, Refusal> {
        let code = acting(core, call, name, &[Role::Reviewer])?;
        Ok(Self { code })
    }

    /// The municipality.
    pub(crate) fn code(self) -> MunicipalityCode {
        self.code
    }
}

impl LogOwner {
    /// The municipality.
    pub(crate) fn code(self) -> MunicipalityCode {
        self.0
    }
}

impl From<Party> for LogOwner {
    fn from(party: Party) -> Self {
        Self(party.code)
    }
}

impl From<Reviewer> for LogOwner {
    fn from(reviewer: Reviewer) -> Self {
        Self(reviewer.code)
    }
}

impl Party {
    /// The caller's certificate lets it act for the named municipality: as its own system, or as a vendor's whom it
    /// granted what is called. The grant is read from the record with each call, so that one that is withdrawn is
    /// gone at once, at every gateway.
    pub(crate) async fn of(core: &Core, call: &Call, name: &str) -> Result<Self, Refusal> {
        let code = named(call, name, &[Role::CaseSystem])?;
        let grant = if is_own(core, call, code) {
            None
        } else {
            let grant = granted(core, call, code).await?;
            Some(grant.ok_or_else(|| Refusal::new(Reason::SenderNotYours))?)
        };
        call.acts_for(code);
        let reach = match grant {
            None => Reach::Own,
            Some(grant) => Reach::granted(&grant, call.method, core.today())?,
        };
        Ok(Self { code, reach })
    }

    /// The municipality that began a subject with an entry, or whose drill is due by it: for what follows from the entry by
    /// duty, never for an answer.
    pub(crate) fn of_entry(entry: &Entry) -> Option<Self> {
        let code = if let Event::RelocationRegistered { sender, .. } = &entry.event {
            *sender
        } else if let Event::ArrivalReported { municipality, .. } = &entry.event {
            *municipality
        } else if let Event::DrillSent { .. } = &entry.event {
            entry.subject.municipality_code()?
        } else {
            return None;
        };
        Some(Self::itself(code))
    }

    /// Who asks and who is asked, by the entry that raised a question: for what each ends by duty, never for an answer.
    pub(crate) fn both_of_question(entry: &Entry) -> Option<(Self, Self)> {
        let Event::AlertRaised { asking, asked, .. } = &entry.event else {
            return None;
        };
        Some((Self::itself(*asking), Self::itself(*asked)))
    }

    #[cfg(test)]
    pub(crate) fn for_tests(code: MunicipalityCode) -> Self {
        Self::itself(code)
    }

    fn itself(code: MunicipalityCode) -> Self {
        let reach = Reach::Own;
        Self { code, reach }
    }

    /// As the municipality itself: for what it ends by duty, never for an answer.
    pub(crate) fn whole(self) -> Self {
        Self::itself(self.code)
    }

    /// The municipality under every code that is the same one today, that of the party first: what was told or announced
    /// under an earlier one is its own.
    pub(crate) fn under_all_codes(self, core: &Core) -> Vec<Self> {
        let (lineage, today) = (core.context().lineage, core.today());
        let codes = lineage.same(self.code, today).into_iter();
        let others = codes.filter(|code| *code != self.code);
        let others = others.map(|code| Self { code, ..self });
        std::iter::once(self).chain(others).collect()
    }

    /// What a method about the party's own subjects finds: what lies outside a vendor's grant does not exist for it.
    pub(crate) fn found<T>(self, found: Result<T, Refusal>) -> Result<Option<T>, Refusal> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(refusal) if refusal.reason == Reason::NotFound && self.reach.is_limited() => {
                Ok(None)
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// It may announce such a relocation.
    pub(crate) fn may_announce(self, kind: RelocationKind) -> Result<(), Refusal> {
        if self.reach.holds(kind, None) {
            Ok(())
        } else {
            Err(Refusal::new(Reason::VendorNotGranted))
        }
    }

    /// Whether it may see a relocation that came to one of its functions.
    pub(crate) fn may_receive(self, kind: RelocationKind, function: Option<&FunctionId>) -> bool {
        self.reach.holds(kind, function)
    }

    /// Whether it sees what has neither kind nor function: arrivals, questions, the whole inbox.
    pub(crate) fn sees_all(self) -> bool {
        !self.reach.is_limited()
    }

    /// Ends when a vendor's grant does, or becomes another; never for a municipality's own system.
    pub(crate) async fn ends(self, core: &Core, call: &Call) -> Refusal {
        if self.reach == Reach::Own {
            return std::future::pending().await;
        }
        let mut edge = core.journal.edge();
        loop {
            edge.mark_unchanged();
            if let Err(refusal) = self.still(core, call).await {
                return refusal;
            }
            tokio::time::sleep(GRANT_REST).await;
            // a day that ends moves no edge
            timeout(RECHECK, edge.changed()).await.ok();
        }
    }

    /// What was permitted when a stream began is permitted now. A record that cannot be read says nothing else.
    pub(crate) async fn still(self, core: &Core, call: &Call) -> Result<(), Refusal> {
        if self.reach == Reach::Own {
            return Ok(());
        }
        match Self::of(core, call, &self.code.resource_name()).await {
            Ok(now) if now == self => Ok(()),
            Err(refusal) if refusal.reason.class() == Class::Unavailable => Err(refusal),
            Ok(_) | Err(_) => Err(Refusal::new(Reason::GrantEnded)),
        }
    }

    /// The municipality.
    pub(crate) fn code(self) -> MunicipalityCode {
        self.code
    }

    /// In whose name request ids are unique.
    pub(crate) fn scope(self) -> Scope {
        Scope::Municipality(self.code)
    }

    /// It sent or received the relocation; for anybody else it does not exist.
    pub(crate) fn relocation(
        self,
        fold: Option<RelocationFold>,
    ) -> Result<RelocationFold, Refusal> {
        let is_mine = |fold: &RelocationFold| {
            let received =
                fold.recipient == self.code && self.may_receive(fold.kind, fold.function.as_ref());
            received || fold.sender == self.code && self.reach.holds(fold.kind, None)
        };
        fold.filter(is_mine)
            .ok_or_else(|| Refusal::new(Reason::NotFound))
    }

    /// It reported the arrival.
    pub(crate) fn arrival(self, fold: Option<ArrivalFold>) -> Result<ArrivalFold, Refusal> {
        fold.filter(|fold| fold.municipality == self.code && self.sees_all())
            .ok_or_else(|| Refusal::new(Reason::NotFound))
    }

    /// It asked or was asked. An alert that exists is what releases the question to the asked one.
    pub(crate) fn alert(self, fold: Option<AlertFold>) -> Result<AlertFold, Refusal> {
        fold.filter(|fold| fold.asking == self.code || fold.asked == self.code)
            .filter(|_fold| self.sees_all())
            .ok_or_else(|| Refusal::new(Reason::NotFound))
    }
}

impl Feed {
    /// The caller's certificate lets it tell what the register told the named municipality.
    pub(crate) fn of(core: &Core, call: &Call, name: &str) -> Result<Self, Refusal> {
        acting(core, call, name, &[Role::RegisterFeed]).map(Self::told)
    }

    /// Likewise, or it is the municipality's own case system: what the feed told is the municipality's own.
    pub(crate) fn or_party(core: &Core, call: &Call, name: &str) -> Result<Self, Refusal> {
        acting(core, call, name, &[Role::RegisterFeed, Role::CaseSystem]).map(Self::told)
    }

    /// What the receiver's own feed told before is held against a relocation to it.
    pub(crate) fn of_recipient(fold: &RelocationFold) -> Self {
        Self::told(fold.recipient)
    }

    fn told(code: MunicipalityCode) -> Self {
        Self(Party::itself(code))
    }

    /// The municipality whose register tells, as a party to its own relocations and arrivals. For the rooms that take
    /// events in, never for an answer.
    pub(crate) fn party(self) -> Party {
        self.0
    }

    /// The municipality under every code that is the same one today.
    pub(crate) fn parties(self, core: &Core) -> Vec<Party> {
        self.0.under_all_codes(core)
    }
}

/// Only a feed takes in what the register told.
pub(crate) fn is_feed(call: &Call) -> bool {
    call.caller.roles.contains(&Role::RegisterFeed)
}

/// Only a case system knows who is a client.
pub(crate) fn knows_cases(call: &Call) -> bool {
    call.caller.roles.contains(&Role::CaseSystem)
}

impl Operator {
    /// The caller's certificate is an operator's.
    pub(crate) fn of(call: &Call) -> Result<Self, Refusal> {
        if call.caller.roles.contains(&Role::Operator) {
            Ok(Self(()))
        } else {
            Err(Refusal::new(Reason::RoleNotAllowed))
        }
    }
}

impl Administrator {
    /// The caller's certificate is an administrator's.
    pub(crate) fn of(call: &Call) -> Result<Self, Refusal> {
        if call.caller.roles.contains(&Role::Administrator) {
            Ok(Self(()))
        } else {
            Err(Refusal::new(Reason::RoleNotAllowed))
        }
    }

    /// In whose name request ids are unique.
    pub(crate) fn scope(self) -> Scope {
        let Self(()) = self;
        Scope::Administrators
    }
}

impl Guest {
    /// Whoever was let in.
    pub(crate) fn of(_call: &Call) -> Self {
        Self(())
    }
}

impl From<Party> for Guest {
    fn from(_party: Party) -> Self {
        Self(())
    }
}

impl From<Party> for Viewer {
    fn from(party: Party) -> Self {
        Self::Party(party)
    }
}

impl Viewer {
    /// With a municipality a party, without one an operator.
    pub(crate) async fn of(core: &Core, call: &Call, municipality: &str) -> Result<Self, Refusal> {
        if municipality.is_empty() {
            Operator::of(call).map(Self::Operator)
        } else {
            Party::of(core, call, municipality).await.map(Self::Party)
        }
    }

    /// Ends when a vendor's grant does; never for anybody else.
    pub(crate) async fn ends(self, core: &Core, call: &Call) -> Refusal {
        match self {
            Self::Party(party) => party.ends(core, call).await,
            Self::Operator(_) => std::future::pending().await,
        }
    }

    /// The party, if it is one.
    pub(crate) fn party(self) -> Option<Party> {
        match self {
            Self::Party(party) => Some(party),
            Self::Operator(_) => None,
        }
    }

    /// Whose keys it acts with: operators have their own, under a code that no municipality has.
    pub(crate) fn authority(self) -> MunicipalityCode {
        self.party()
            .map_or(MunicipalityCode::HOUSE, |party| party.code)
    }

    /// In whose name request ids are unique.
    pub(crate) fn scope(self) -> Scope {
        self.party().map_or(Scope::Operators, Party::scope)
    }

    /// The alert, if it may be seen.
    pub(crate) fn alert(self, fold: Option<AlertFold>) -> Result<AlertFold, Refusal> {
        match self {
            Self::Party(party) => party.alert(fold),
            Self::Operator(_) => fold.ok_or_else(|| Refusal::new(Reason::NotFound)),
        }
    }
}
