//! The proof that a caller may do what a handler does. Nothing reaches the record or the key store
//! without one, and only this file makes them.

use domain::entry::{Entry, Event};
use domain::municipality::{self, MunicipalityCode};
use domain::reason::Reason;
use domain::subject::SubjectKind;
use journal::Scope;
use ledger::{AlertFold, ArrivalFold, RelocationFold};

use api::status::Refusal;

use crate::body::Parties;
use crate::call::Call;
use crate::caller::Role;
use crate::write::halted;

/// A case system acts for a municipality.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Party {
    code: MunicipalityCode,
}

/// A reviewer looks at a municipality's access log. It opens no body: those who read are not those who review.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reviewer {
    code: MunicipalityCode,
}

/// Whose access log an access goes into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogOwner(MunicipalityCode);

/// An operator acts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operator(());

/// An administrator acts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Administrator(());

/// Who looks at what operators may see too: alerts, and the log.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Viewer {
    /// A party sees what it sent, received, asked or was asked.
    Party(Party),
    /// An operator sees the envelopes of all alerts.
    Operator(Operator),
}

/// The municipality that a caller names and may act for, in a role.
fn acting(call: &Call, name: &str, role: Role) -> Result<MunicipalityCode, Refusal> {
    if name.is_empty() {
        return Err(Refusal::field("municipality", Reason::FieldRequired));
    }
    let code = MunicipalityCode::parse_name(name)
        .ok_or_else(|| Refusal::field("municipality", Reason::MunicipalityCodeInvalid))?;
    if municipality::find(code).is_none() {
        return Err(Refusal::field("municipality", Reason::MunicipalityUnknown));
    }
    if !call.caller.roles.contains(&role) {
        return Err(Refusal::new(Reason::RoleNotAllowed));
    }
    if !call.caller.municipalities.contains(&code) {
        return Err(Refusal::new(Reason::SenderNotYours));
    }
    call.acts_for(code);
    Ok(code)
}

impl Reviewer {
    /// The caller's certificate lets it review the named municipality's access log.
    pub(crate) fn of(call: &Call, name: &str) -> Result<Self, Refusal> {
        let code = acting(call, name, Role::Reviewer)?;
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
    /// The caller's certificate lets it act for the named municipality.
    pub(crate) fn of(call: &Call, name: &str) -> Result<Self, Refusal> {
        let code = acting(call, name, Role::CaseSystem)?;
        Ok(Self { code })
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
        fold.filter(|fold| fold.sender == self.code || fold.recipient == self.code)
            .ok_or_else(|| Refusal::new(Reason::NotFound))
    }

    /// It reported the arrival.
    pub(crate) fn arrival(self, fold: Option<ArrivalFold>) -> Result<ArrivalFold, Refusal> {
        fold.filter(|fold| fold.municipality == self.code)
            .ok_or_else(|| Refusal::new(Reason::NotFound))
    }

    /// It asked or was asked. An alert that exists is what releases the question to the asked one.
    pub(crate) fn alert(self, fold: Option<AlertFold>) -> Result<AlertFold, Refusal> {
        fold.filter(|fold| fold.asking == self.code || fold.asked == self.code)
            .ok_or_else(|| Refusal::new(Reason::NotFound))
    }
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

impl From<Party> for Viewer {
    fn from(party: Party) -> Self {
        Self::Party(party)
    }
}

impl Viewer {
    /// With a municipality a party, without one an operator.
    pub(crate) fn of(call: &Call, municipality: &str) -> Result<Self, Refusal> {
        if municipality.is_empty() {
            Operator::of(call).map(Self::Operator)
        } else {
            Party::of(call, municipality).map(Self::Party)
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

    /// The two municipalities that an entry is about, if it is the viewer's. `subject` holds the entries of its
    /// subject up to this one. What operators do with an alert is theirs; what they have no part in does not
    /// exist for them either. Time, rules and definitions are everybody's.
    pub(crate) fn entry(self, entry: &Entry, subject: &[Entry]) -> Result<Parties, Refusal> {
        let nobodys = || Refusal::new(Reason::NotFound);
        let party = self.party();
        match entry.subject.kind {
            SubjectKind::Relocation => {
                let fold = RelocationFold::fold(subject).map_err(halted)?;
                let fold = party.ok_or_else(nobodys)?.relocation(fold)?;
                Ok((fold.sender, fold.recipient))
            }
            SubjectKind::Arrival => {
                let fold = ArrivalFold::fold(subject).map_err(halted)?;
                let fold = party.ok_or_else(nobodys)?.arrival(fold)?;
                Ok((fold.municipality, fold.previous))
            }
            SubjectKind::Alert => {
                let fold = self.alert(AlertFold::fold(subject).map_err(halted)?)?;
                let is_shown = party.is_none() || !entry.event.is_operators_own();
                let parties = is_shown.then_some((fold.asking, fold.asked));
                parties.ok_or_else(nobodys)
            }
            SubjectKind::System => match (&entry.event, party) {
                (Event::NoticesConfirmed { recipient, .. }, Some(party))
                    if *recipient != party.code =>
                {
                    Err(nobodys())
                }
                _ => Ok((MunicipalityCode::HOUSE, MunicipalityCode::HOUSE)),
            },
            SubjectKind::Municipality => {
                let code = entry.subject.municipality_code().ok_or_else(nobodys)?;
                let is_shown = party.is_none_or(|party| party.code == code);
                is_shown.then_some((code, code)).ok_or_else(nobodys)
            }
            SubjectKind::RegisterEvent => match (&entry.event, party) {
                (Event::IdentityReferred { scope, .. }, Some(party)) if *scope == party.code => {
                    Ok((*scope, *scope))
                }
                _ => Err(nobodys()),
            },
        }
    }
}
