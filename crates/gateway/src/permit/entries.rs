//! Whose an entry of the record is. It makes no permit.

use api::status::Refusal;
use domain::entry::{Entry, Event};
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::SubjectKind;
use ledger::{AlertFold, ArrivalFold, RelocationFold};

use super::Viewer;
use crate::body::Parties;
use crate::write::halted;

impl Viewer {
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
                    if *recipient != party.code || !party.sees_all() =>
                {
                    Err(nobodys())
                }
                _ => Ok((MunicipalityCode::HOUSE, MunicipalityCode::HOUSE)),
            },
            SubjectKind::Municipality => {
                let code = entry.subject.municipality_code().ok_or_else(nobodys)?;
                let is_shown = party.is_none_or(|party| party.code == code && party.sees_all());
                is_shown.then_some((code, code)).ok_or_else(nobodys)
            }
            SubjectKind::RegisterEvent => match (&entry.event, party) {
                (Event::IdentityReferred { by, .. }, Some(party))
                    if *by == party.code && party.sees_all() =>
                {
                    Ok((*by, *by))
                }
                _ => Err(nobodys()),
            },
        }
    }
}
