//! The witness: what it knows of each log, and what it answers. Comparing, storing and cosigning are one step; a
//! second one about the same log waits for it.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use daemon::file;
use sha2::{Digest as _, Sha256};
use tlog::checkpoint::{Origin, SignedCheckpoint};
use tlog::cosignature::{self, UnixTime};
use tlog::key::{Log, Signer, Verifier};
use tlog::tree::Head;
use tlog::witness::{Decision, Known, Refusal, Request, SIZE_CONTENT_TYPE, consider};

use crate::contradiction::{self, Kind};
use crate::limits::STATE_BYTES_MAX;

#[cfg(test)]
mod tests;

/// Text for people.
const TEXT: &str = "text/plain; charset=utf-8";

/// A witness of some logs.
#[derive(Debug)]
pub struct Witness {
    folder: PathBuf,
    signer: Signer<cosignature::Witness>,
    logs: BTreeMap<Origin, Mutex<Followed>>,
    /// Released by the system when the process ends, however it ends.
    _lock: File,
}

/// A log, and what was cosigned of it.
#[derive(Debug)]
struct Followed {
    /// The name of the file that holds what was cosigned last.
    file: String,
    known: Known,
    newest: Option<SignedCheckpoint>,
}

/// An answer over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

/// Why a witness cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file or folder cannot be used.
    #[error("'{}' cannot be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another witness uses the folder.
    #[error("'{}' is in use by another process", .0.display())]
    InUse(PathBuf),
    /// What was cosigned last cannot be read, or no known key of its log signed it.
    #[error("'{}' is not the checkpoint of a known log: restore it, or give back the log's former key", .0.display())]
    Damaged(PathBuf),
    /// A name of a key is no name of a log.
    #[error("the name of a key is no origin")]
    Origin(#[source] tlog::Malformed),
}

impl Witness {
    /// Reads what was cosigned from a folder, which is made when it is missing and locked for this process.
    pub fn open(
        folder: &Path,
        signer: Signer<cosignature::Witness>,
        keys: Vec<Verifier<Log>>,
    ) -> Result<Self, OpenError> {
        let lock = lock(folder)?;
        let mut by_origin: BTreeMap<Origin, Vec<Verifier<Log>>> = BTreeMap::new();
        for key in keys {
            let origin = Origin::parse(key.name().as_str()).map_err(OpenError::Origin)?;
            by_origin.entry(origin).or_default().push(key);
        }
        let mut logs = BTreeMap::new();
        for (origin, keys) in by_origin {
            let followed = Followed::read(folder, &origin, keys)?;
            if followed.newest.is_none() {
                tracing::warn!(%origin, "nothing of this log is known, its first checkpoint will be believed");
            }
            logs.insert(origin, Mutex::new(followed));
        }
        Ok(Self {
            folder: folder.to_owned(),
            signer,
            logs,
            _lock: lock,
        })
    }

    /// Answers `add-checkpoint`. Waits for the disk.
    pub fn add_checkpoint(&self, body: &[u8]) -> Answer {
        let request = match Request::parse(body) {
            Ok(request) => request,
            Err(fault) => {
                tracing::warn!(%fault, bytes = body.len(), "a request cannot be read");
                return Answer::text(400, format!("{fault}\n"));
            }
        };
        let Some(log) = self.logs.get(&request.checkpoint.checkpoint().origin) else {
            tracing::warn!("a checkpoint of an unknown log is refused");
            return Refusal::UnknownOrigin.into();
        };
        let mut log = held(log);
        match consider(Some(&log.known), &request) {
            Decision::Cosign(_) => self.cosign(&mut log, &request.checkpoint),
            Decision::Refuse(refusal) => {
                self.report(&log, &request, refusal);
                refusal.into()
            }
        }
    }

    /// Stores it, unless it is what is stored; only then signs.
    fn cosign(&self, log: &mut Followed, checkpoint: &SignedCheckpoint) -> Answer {
        let Some(at) = now() else {
            tracing::error!("the clock stands before 1970, nothing is cosigned");
            return Answer::text(500, "the witness has no time\n".to_owned());
        };
        if let Err(error) = log.take(&self.folder, checkpoint) {
            tracing::error!(%error, file = log.file, "a checkpoint could not be stored");
            return Answer::text(500, "the checkpoint could not be stored\n".to_owned());
        }
        let size = log.known.head.size.0;
        tracing::debug!(origin = %checkpoint.checkpoint().origin, size, "cosigned");
        Answer::text(200, format!("{}\n", self.signer.cosign(checkpoint, at)))
    }

    /// Logs a refusal, and keeps what contradicts.
    fn report(&self, log: &Followed, request: &Request, refusal: Refusal) {
        let (known, new) = (log.known.head, request.checkpoint.checkpoint());
        let said = refusal.to_string();
        let (origin, refusal_text) = (&new.origin, said.trim_end());
        let (old, size, known_size) = (request.old.0, new.head.size.0, known.size.0);
        let kind = Kind::of(refusal, &known, &new.head);
        if let (Some(kind), Some(newest)) = (kind, &log.newest) {
            match contradiction::keep(&self.folder, kind, newest, &request.checkpoint) {
                Ok(Some(kept)) => {
                    let kept = kept.display();
                    tracing::error!(%origin, ?kind, size, known_size, %kept, "a checkpoint contradicts what was cosigned");
                }
                Ok(None) => {
                    tracing::warn!(%origin, ?kind, size, known_size, "a contradiction again");
                }
                Err(error) => {
                    tracing::error!(%origin, ?kind, size, known_size, %error, "a contradiction could not be kept");
                }
            }
        } else if matches!(refusal, Refusal::OtherSize(_)) && new.head.size >= known.size {
            // how a log asks where to begin
            tracing::debug!(%origin, old, size, known_size, "told the size that is known");
        } else {
            tracing::warn!(%origin, refusal = refusal_text, old, size, known_size, "a checkpoint is refused");
        }
    }
}

impl Followed {
    fn read(folder: &Path, origin: &Origin, keys: Vec<Verifier<Log>>) -> Result<Self, OpenError> {
        let hash = <[u8; 32]>::from(Sha256::digest(origin.as_str()));
        let hash = hash.first_chunk().copied().unwrap_or_default();
        // an origin may be longer than a name, and hold signs that a name must not
        let file = format!("{:032x}.checkpoint", u128::from_be_bytes(hash));
        let newest = newest(&folder.join(&file), origin, &keys)?;
        let head = newest
            .as_ref()
            .map_or(Head::EMPTY, |newest| newest.checkpoint().head);
        Ok(Self {
            file,
            known: Known { keys, head },
            newest,
        })
    }

    /// Makes it what was cosigned last.
    fn take(&mut self, folder: &Path, checkpoint: &SignedCheckpoint) -> io::Result<()> {
        let head = checkpoint.checkpoint().head;
        if self.newest.is_none() || self.known.head != head {
            file::replace(&folder.join(&self.file), &checkpoint.to_string())?;
            self.known.head = head;
            self.newest = Some(checkpoint.clone());
        }
        Ok(())
    }
}

impl Answer {
    fn text(status: u16, body: String) -> Self {
        Self {
            status,
            content_type: TEXT,
            body,
        }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let is_size = matches!(refusal, Refusal::OtherSize(_));
        Self {
            status: refusal.status(),
            content_type: if is_size { SIZE_CONTENT_TYPE } else { TEXT },
            body: refusal.to_string(),
        }
    }
}

fn lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join("lock");
    let fault = |source| OpenError::File {
        path: path.clone(),
        source,
    };
    fs::create_dir_all(folder).map_err(fault)?;
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(fault)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path)),
        Err(TryLockError::Error(source)) => Err(fault(source)),
    }
}

/// What was cosigned last, if anything.
fn newest(
    path: &Path,
    origin: &Origin,
    keys: &[Verifier<Log>],
) -> Result<Option<SignedCheckpoint>, OpenError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(STATE_BYTES_MAX).read_to_end(&mut bytes));
    match read {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            let path = path.to_owned();
            return Err(OpenError::File { path, source });
        }
    }
    let is_signed = |newest: &SignedCheckpoint| {
        keys.iter()
            .any(|key| key.check(newest.note()) == Ok(Some(())))
    };
    match SignedCheckpoint::parse(&bytes) {
        Ok(newest) if newest.checkpoint().origin == *origin && is_signed(&newest) => {
            Ok(Some(newest))
        }
        Ok(_) | Err(_) => Err(OpenError::Damaged(path.to_owned())),
    }
}

fn held(log: &Mutex<Followed>) -> MutexGuard<'_, Followed> {
    // a panic leaves what is known behind what is stored, and nothing was answered
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> Option<UnixTime> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    UnixTime::new(since.ok()?.as_secs())
}
