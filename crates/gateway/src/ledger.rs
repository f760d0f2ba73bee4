//! LedgerService: what the log proves, for those who want to see for themselves. Entries go to their parties alone.

mod checkpoint;
mod entries;
mod receipt;

use std::collections::BTreeSet;
use std::sync::Arc;

use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use api::v1::ledger_service_server::LedgerService;
use daemon::ErrorChain;
use domain::entry::Entry;
use domain::reason::Reason;
use domain::subject::{Position, SubjectKind};
use jiff::Timestamp;
use journal::evidence::EvidenceError;
use tlog::checkpoint::SignedCheckpoint;
use tlog::cosignature::UnixTime;
use tlog::policy::Policy;
use tlog::tree::Hash;
use tonic::{Request, Response, Status};

use crate::body::Parties;
use crate::core::{Core, unread};
use crate::permit::Viewer;
use crate::relocation::method;

/// The service.
#[derive(Clone)]
pub(crate) struct Ledger(pub(crate) Arc<Core>);

#[tonic::async_trait]
impl LedgerService for Ledger {
    method!(
        get_checkpoint,
        "GetCheckpoint",
        v1::GetCheckpointRequest,
        v1::GetCheckpointResponse,
        checkpoint::get
    );
    method!(
        get_receipt,
        "GetReceipt",
        v1::GetReceiptRequest,
        v1::GetReceiptResponse,
        receipt::get
    );
    method!(
        get_consistency_proof,
        "GetConsistencyProof",
        v1::GetConsistencyProofRequest,
        v1::GetConsistencyProofResponse,
        checkpoint::prove
    );
    method!(
        list_entries,
        "ListEntries",
        v1::ListEntriesRequest,
        v1::ListEntriesResponse,
        entries::list
    );
}

impl Core {
    /// Why no checkpoint is there: it comes in a moment, or somebody must act first.
    async fn not_signed(&self) -> Result<Refusal, Refusal> {
        let alarm = self.evidence.alarm().await.map_err(unproven)?;
        Ok(Refusal::new(if alarm.is_none() && self.signs {
            Reason::ReceiptNotReady
        } else {
            Reason::LogNotSigned
        }))
    }

    /// The entry at a position with its bytes as they are stored now.
    async fn stored(&self, position: Position) -> Result<(Entry, Vec<u8>), Refusal> {
        let nobodys = || Refusal::new(Reason::NotFound);
        let before = Position(position.0.checked_sub(1).ok_or_else(nobodys)?);
        let found = self.journal.read_stored(before, 1).await.map_err(unread)?;
        let found = found.into_iter().find(|(found, _)| *found == position);
        let (Position(position), bytes) = found.ok_or_else(nobodys)?;
        let entry = api::record::decode(&bytes)
            .map_err(|source| unread(journal::ReadError::Unreadable { position, source }))?;
        Ok((entry, bytes))
    }

    /// Whose an entry is, if it is the viewer's; for anybody else it does not exist.
    async fn permitted(&self, viewer: Viewer, entry: &Entry) -> Result<Parties, Refusal> {
        let entries = match entry.subject.kind {
            SubjectKind::System | SubjectKind::Municipality | SubjectKind::RegisterEvent => {
                Vec::new()
            }
            SubjectKind::Relocation | SubjectKind::Arrival | SubjectKind::Alert => {
                self.entries(viewer, entry.subject, entry.position).await?
            }
        };
        viewer.entry(entry, &entries)
    }
}

/// An entry as the wire shows it. Its bytes are for a party only.
fn shown(entry: &Entry, stored: Vec<u8>, viewer: Viewer) -> v1::LogEntry {
    v1::LogEntry {
        name: entry.subject.to_string(),
        version: i32::try_from(entry.version.0).unwrap_or(i32::MAX),
        kind: api::record::kind(&entry.event).into(),
        position: i64::try_from(entry.position.0).unwrap_or(i64::MAX),
        recorded_at: Some(to_wire(entry.recorded_at)),
        leaf_hash: Hash::leaf(&stored).as_bytes().to_vec(),
        stored: viewer.party().map(|_| stored).unwrap_or_default(),
    }
}

/// A checkpoint, with those of its signatures that the service's policy knows.
fn checkpoint(core: &Core, signed: &SignedCheckpoint) -> v1::Checkpoint {
    let head = signed.checkpoint().head;
    let mut cosignatures = Vec::new();
    let mut names = BTreeSet::new();
    for witness in core.policy.iter().flat_map(Policy::witnesses) {
        // a forged line is none: whoever verifies the note will say so
        if let Ok(Some(at)) = witness.key.check(signed.note()) {
            names.insert(witness.name.as_str());
            cosignatures.push(v1::Cosignature {
                witness: witness.name.clone(),
                cosigned_at: instant(at),
            });
        }
    }
    v1::Checkpoint {
        note: signed.to_string(),
        size: i64::try_from(head.size.0).unwrap_or(i64::MAX),
        root: head.root.as_bytes().to_vec(),
        quorum_met: core
            .policy
            .as_ref()
            .is_some_and(|policy| policy.is_met(&names)),
        cosignatures,
    }
}

/// A witness's time on the wire; none when it lies beyond the calendar.
fn instant(at: UnixTime) -> Option<api::generated::Timestamp> {
    let seconds = i64::try_from(at.seconds()).ok()?;
    Timestamp::from_second(seconds).ok().map(to_wire)
}

/// A log that cannot be read, or does not hold: the log says why.
#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
pub(crate) fn unproven(error: EvidenceError) -> Refusal {
    tracing::error!(error = %ErrorChain(&error), "log not read");
    Refusal::new(if matches!(error, EvidenceError::Store(_)) {
        Reason::JournalUnavailable
    } else {
        Reason::Internal
    })
}
