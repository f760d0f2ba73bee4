//! Verbs of LedgerService: receipts, checkpoints, entries, as files that verify offline.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use api::v1;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use tlog::checkpoint::SignedCheckpoint;

use super::{Session, call, instant, word};
use crate::failure::Failure;
use crate::output;
use crate::verify::{PartFile, PartsFile, beside, read_checkpoint};

/// Receipts of entries of yours.
#[derive(Debug, Subcommand)]
pub(crate) enum Receipts {
    /// Write an entry's receipt into a file, and the entry's bytes beside it with .entry
    Get(Get),
    /// List your entries, oldest first
    List {
        /// After this position
        #[arg(long, default_value_t = 0)]
        after: i64,
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: i32,
    },
}

/// One receipt.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// relocations/…, arrivals/… or alerts/…
    #[arg(required_unless_present = "position", default_value = "")]
    name: String,
    /// Which of its entries, by the version that it made; the first when missing
    #[arg(long, value_name = "VERSION", default_value_t = 0)]
    entry_version: i32,
    /// The entry at this position
    #[arg(long, default_value_t = 0)]
    position: i64,
    /// The file
    #[arg(long)]
    out: PathBuf,
    /// Also the opened parts, with .parts: who holds that file reads what was sealed. The reading is recorded
    #[arg(long)]
    with_body: bool,
    #[command(flatten)]
    patience: Patience,
}

/// How long to wait for a receipt.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Patience {
    /// Wait until enough witnesses have cosigned
    #[arg(long)]
    witnessed: bool,
    /// Wait at most so many seconds; a receipt is there about a second after its entry
    #[arg(long = "wait", value_name = "SECONDS", default_value_t = 10)]
    seconds: u64,
}

/// Checkpoints: what the log says of itself.
#[derive(Debug, Subcommand)]
pub(crate) enum Checkpoint {
    /// Write the newest into a file
    Get {
        /// The newest that enough witnesses cosigned
        #[arg(long)]
        witnessed: bool,
        /// The file
        #[arg(long)]
        out: PathBuf,
    },
    /// Write the proof that the newest continues an older one into a file, with the newest in it
    Consistency {
        /// The older one: a checkpoint, or a receipt that holds one
        #[arg(long)]
        from: PathBuf,
        /// The size of the newer one; the newest when missing
        #[arg(long, default_value_t = 0)]
        size: i64,
        /// To the newest that enough witnesses cosigned
        #[arg(long, conflicts_with = "size")]
        witnessed: bool,
        /// The file
        #[arg(long)]
        out: PathBuf,
    },
    /// Compute the root from the hashes of all entries, and hold it against a checkpoint
    Audit {
        /// The checkpoint
        file: PathBuf,
    },
}

impl Session {
    pub(super) async fn receipts(&self, verb: Receipts) -> Result<(), Failure> {
        match verb {
            Receipts::Get(get) => {
                let request = v1::GetReceiptRequest {
                    municipality: self.profile.viewer(),
                    name: get.name,
                    version: get.entry_version,
                    position: get.position,
                    ..v1::GetReceiptRequest::default()
                };
                let patience = get.patience;
                self.write_receipt(request, &get.out, get.with_body, patience)
                    .await
            }
            Receipts::List { after, limit } => {
                let request = v1::ListEntriesRequest {
                    municipality: self.profile.viewer(),
                    page_size: limit,
                    after_position: after,
                };
                let answer = call!(self, ledger.list_entries(request))?;
                if self.json {
                    return output::say_json("ListEntriesResponse", &answer);
                }
                let headings = ["position", "recorded", "about", "version", "entry"];
                output::table(&headings, answer.entries.iter().map(row).collect());
                Ok(())
            }
        }
    }

    /// Waits for the receipt of an entry and writes it into its files.
    pub(super) async fn write_receipt(
        &self,
        mut request: v1::GetReceiptRequest,
        out: &Path,
        with_body: bool,
        patience: Patience,
    ) -> Result<(), Failure> {
        if with_body {
            request.actor = Some(self.profile.actor("hämta kvitto", ""));
            request.view = v1::View::Full.into();
        }
        let wait = Duration::from_secs(patience.seconds);
        let receipt = self
            .client
            .wait_for_receipt(&request, patience.witnessed, wait);
        let receipt = receipt.await?;
        let entry = receipt.entry.clone().unwrap_or_default();
        write(out, receipt.proof.as_bytes())?;
        if !entry.stored.is_empty() {
            write(&beside(out, ".entry"), &entry.stored)?;
        }
        if with_body {
            let parts = receipt.parts.iter().map(|part| PartFile {
                part: part.part,
                salt: STANDARD.encode(&part.salt),
                body: STANDARD.encode(&part.body),
            });
            let file = PartsFile {
                parts: parts.collect(),
            };
            let json = serde_json::to_vec_pretty(&file);
            let json = json.map_err(|error| Failure::Failed(error.into()))?;
            write(&beside(out, ".parts"), &json)?;
        }
        if self.json {
            return output::say_json("Receipt", &receipt);
        }
        let checkpoint = receipt.checkpoint.unwrap_or_default();
        let witnesses: Vec<&str> = checkpoint
            .cosignatures
            .iter()
            .map(|cosignature| cosignature.witness.as_str())
            .collect();
        output::say(&format!(
            "receipt of position {} in {}: leaf {}, {} entries, witnessed by {}",
            entry.position,
            out.display(),
            STANDARD.encode(&entry.leaf_hash),
            checkpoint.size,
            if witnesses.is_empty() {
                "nobody yet".to_owned()
            } else {
                witnesses.join(", ")
            },
        ));
        Ok(())
    }

    pub(super) async fn checkpoint(&self, verb: Checkpoint) -> Result<(), Failure> {
        match verb {
            Checkpoint::Get { witnessed, out } => {
                let request = v1::GetCheckpointRequest { witnessed };
                let answer = call!(self, ledger.get_checkpoint(request))?;
                let checkpoint = answer.checkpoint.unwrap_or_default();
                write(&out, checkpoint.note.as_bytes())?;
                self.told(&checkpoint, &out)
            }
            Checkpoint::Consistency {
                from,
                mut size,
                witnessed,
                out,
            } => {
                let old = read_checkpoint(&from)?.checkpoint().head.size.0;
                if witnessed {
                    let request = v1::GetCheckpointRequest { witnessed };
                    let answer = call!(self, ledger.get_checkpoint(request))?;
                    size = answer.checkpoint.unwrap_or_default().size;
                }
                let request = v1::GetConsistencyProofRequest {
                    old_size: i64::try_from(old).unwrap_or(i64::MAX),
                    size,
                };
                let answer = call!(self, ledger.get_consistency_proof(request))?;
                write(&out, answer.proof.as_bytes())?;
                self.told(&answer.checkpoint.unwrap_or_default(), &out)
            }
            Checkpoint::Audit { file } => self.audit(&read_checkpoint(&file)?).await,
        }
    }

    fn told(&self, checkpoint: &v1::Checkpoint, out: &Path) -> Result<(), Failure> {
        if self.json {
            return output::say_json("Checkpoint", checkpoint);
        }
        output::say(&format!(
            "{} entries, in {}",
            checkpoint.size,
            out.display()
        ));
        Ok(())
    }

    async fn audit(&self, checkpoint: &SignedCheckpoint) -> Result<(), Failure> {
        let head = checkpoint.checkpoint().head;
        let tree = self.client.tree_of_tiles(head.size).await;
        let tree = tree.map_err(|error| Failure::Failed(error.into()))?;
        if tree != head {
            let wrong =
                "the hashes that the service gives out make another root than the checkpoint says";
            return Err(Failure::Failed(anyhow!(wrong)));
        }
        output::say(&format!(
            "the hashes of all {} entries make the root {}",
            head.size.0, head.root
        ));
        Ok(())
    }
}

fn row(entry: &v1::LogEntry) -> Vec<String> {
    vec![
        entry.position.to_string(),
        instant(entry.recorded_at.as_ref()),
        entry.name.clone(),
        entry.version.to_string(),
        word(entry.kind().as_str_name(), "ENTRY_KIND_"),
    ]
}

/// Writes a file that its owner alone may read: entries and parts are nobody else's.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let write = || -> anyhow::Result<()> {
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(true).mode(0o600);
        options.open(path)?.write_all(bytes)?;
        Ok(())
    };
    write()
        .with_context(|| format!("'{}' cannot be written", path.display()))
        .map_err(Failure::Usage)
}
