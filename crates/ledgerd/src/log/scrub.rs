//! The scrubber: reads the whole journal over and over, at the start and daily, and holds it against the log. It
//! takes a fifth of one processor at most, and goes on where it was.

use std::sync::Arc;
use std::time::Duration;

use daemon::{Drain, ErrorChain};
use domain::subject::Position;
use journal::evidence::{self, Evidence, Fault, Recount};
use journal::{Journal, Views};
use tlog::key::{self, Verifier};
use tlog::tree::Size;
use tokio::time::{Instant, sleep};

use super::{HASHED_ENTRIES, RETRY, calm, raise};

/// Where it is, among the read tables.
const MARK: &str = "scrubber";
/// How often that is kept.
const MARK_EVERY: Duration = Duration::from_secs(1);
/// A pause is so many times as long as the work before it.
const PAUSE: u32 = 4;
/// Between two passes: even when one takes days, each entry is read again within a week.
const REST: Duration = Duration::from_hours(24);

/// Reads the journal over and over.
pub struct Scrubber {
    journal: Arc<dyn Journal>,
    evidence: Arc<dyn Evidence>,
    views: Arc<dyn Views>,
    key: Option<Verifier<key::Log>>,
}

impl Scrubber {
    /// Over a journal and its log; where it is is kept among the read tables. Checkpoints that say so must be
    /// signed by the key.
    pub fn new(
        journal: Arc<dyn Journal>,
        evidence: Arc<dyn Evidence>,
        views: Arc<dyn Views>,
        key: Option<Verifier<key::Log>>,
    ) -> Self {
        Self {
            journal,
            evidence,
            views,
            key,
        }
    }

    /// Runs until the drain. What it finds is an alarm, and it waits until that is lifted.
    pub async fn run(self, drain: Drain) {
        tokio::select! {
            () = drain.cancelled() => {}
            () = self.passes() => {}
        }
    }

    async fn passes(&self) {
        loop {
            match self.pass().await {
                // began in the middle: the entries before come next
                Ok(began) if began > Size(0) => {}
                Ok(_) => sleep(REST).await,
                Err(Fault::Alarm(alarm)) => {
                    if raise(self.evidence.as_ref(), &alarm).await {
                        calm(self.evidence.as_ref()).await;
                    } else {
                        sleep(RETRY).await;
                    }
                }
                Err(fault) => {
                    tracing::warn!(error = %ErrorChain(&fault), "journal not scrubbed, will be again");
                    sleep(RETRY).await;
                }
            }
        }
    }

    /// From where it was to the end; says where that began.
    async fn pass(&self) -> Result<Size, Fault> {
        let (journal, evidence) = (self.journal.as_ref(), self.evidence.as_ref());
        let end = evidence::reach(journal, evidence).await?.integrated;
        let mark = Size(self.views.mark(MARK).await?.0);
        let began = if mark < end { mark } else { Size(0) };
        let mut recount = Recount::from(evidence, began, self.key.clone()).await?;
        let mut marked = Instant::now();
        while recount.head().size < end {
            let begun = Instant::now();
            let size = recount.head().size;
            let leaves = evidence::stored_leaves(journal, size, end, HASHED_ENTRIES).await?;
            recount.compare(evidence, leaves).await?;
            if marked.elapsed() >= MARK_EVERY {
                self.mark(recount.head().size).await;
                marked = Instant::now();
            }
            sleep(begun.elapsed() * PAUSE).await;
        }
        evidence::compare_inboxes(journal).await?;
        self.mark(Size(0)).await;
        Ok(began)
    }

    /// Who does not know where it was reads something twice: no reason to end.
    async fn mark(&self, reached: Size) {
        self.views.set_mark(MARK, Position(reached.0)).await.ok();
    }
}
