//! The one way to read what the record says of a subject: under a permit, folded, and held against it. What is
//! another's does not exist.

use api::status::Refusal;
use domain::entry::Entry;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::{Position, Subject};
use ledger::{AlertFold, ArrivalFold, MunicipalityFold, RelocationFold};

use crate::core::{Core, unread};
use crate::permit::{Guest, Party, Viewer};
use crate::write::halted;

/// Wherever the record ends.
pub(crate) const NOW: Position = Position(u64::MAX >> 1);

/// What a search token leads to; none while its entry is being written, or when it is swept soon.
pub(crate) fn written<T>(found: Result<T, Refusal>) -> Result<Option<T>, Refusal> {
    match found {
        Err(refusal) if refusal.reason == Reason::NotFound => Ok(None),
        found => found.map(Some),
    }
}

impl Core {
    /// A relocation that the party sent or received, as it was at a position, and its entries.
    pub(crate) async fn relocation(
        &self,
        party: Party,
        subject: Subject,
        at: Position,
    ) -> Result<(RelocationFold, Vec<Entry>), Refusal> {
        let entries = self.entries(party, subject, at).await?;
        let fold = party.relocation(RelocationFold::fold(&entries).map_err(halted)?)?;
        Ok((fold, entries))
    }

    /// An arrival that the party reported, likewise.
    pub(crate) async fn arrival(
        &self,
        party: Party,
        subject: Subject,
        at: Position,
    ) -> Result<(ArrivalFold, Vec<Entry>), Refusal> {
        let entries = self.entries(party, subject, at).await?;
        let fold = party.arrival(ArrivalFold::fold(&entries).map_err(halted)?)?;
        Ok((fold, entries))
    }

    /// An alert that the viewer may see, likewise.
    pub(crate) async fn alert(
        &self,
        viewer: impl Into<Viewer>,
        subject: Subject,
        at: Position,
    ) -> Result<(AlertFold, Vec<Entry>), Refusal> {
        let viewer = viewer.into();
        let entries = self.entries(viewer, subject, at).await?;
        let fold = viewer.alert(AlertFold::fold(&entries).map_err(halted)?)?;
        Ok((fold, entries))
    }

    /// A municipality as it describes itself: functions and their contacts are everybody's, the rest is its own.
    pub(crate) async fn municipality(
        &self,
        _permit: impl Into<Guest>,
        code: MunicipalityCode,
    ) -> Result<MunicipalityFold, Refusal> {
        let subject = Subject::municipality(code);
        let entries = self.journal.subject(subject, NOW).await.map_err(unread)?;
        MunicipalityFold::fold(code, &entries).map_err(halted)
    }

    /// The arrival that an alert asks about, and its report: for whoever may see the alert.
    pub(crate) async fn question(
        &self,
        party: Party,
        alert: &AlertFold,
    ) -> Result<Option<(ArrivalFold, Entry)>, Refusal> {
        let Some(arrival) = alert.arrival else {
            return Ok(None);
        };
        let entries = self.entries(party, Subject::arrival(arrival), NOW).await?;
        let fold = ArrivalFold::fold(&entries).map_err(halted)?;
        Ok(fold.zip(entries.into_iter().next()))
    }

    /// The entries of a subject up to a position, before it is known whose they are: whoever asks holds them
    /// against the permit.
    pub(crate) async fn entries(
        &self,
        _permit: impl Into<Viewer>,
        subject: Subject,
        up_to: Position,
    ) -> Result<Vec<Entry>, Refusal> {
        self.journal.subject(subject, up_to).await.map_err(unread)
    }
}
