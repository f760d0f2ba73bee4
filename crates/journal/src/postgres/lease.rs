//! The lead among ledgers: a lease in the database, by the database's clock. Its fence goes up whenever it changes
//! hands, so that a leader that was stopped for too long, and does not know, writes nothing any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use daemon::postgres::{Link, LinkError};
use daemon::{Drain, ErrorChain};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::PostgresJournal;
use super::limits::{LEASE, RENEW};

/// Takes the lead when nobody has it, or keeps it.
const TAKE: &str = "UPDATE flyttbud.lead SET \
     fence = CASE WHEN holder = $1 AND until >= clock_timestamp() THEN fence ELSE fence + 1 END, \
     holder = $1, until = clock_timestamp() + make_interval(secs => $2) \
     WHERE holder = $1 OR until < clock_timestamp() RETURNING fence";
/// Gives it back, so that another need not wait.
const GIVE: &str = "UPDATE flyttbud.lead SET until = '-infinity' WHERE holder = $1 AND fence = $2";
/// Finds the row while the fence is ours and holds it until the transaction ends: nobody takes the lead meanwhile.
const HOLD: &str =
    "SELECT 1 FROM flyttbud.lead WHERE fence = $1 AND until >= clock_timestamp() FOR SHARE";

/// A ledger's claim to lead.
#[derive(Debug)]
pub struct Lease {
    journal: Arc<PostgresJournal>,
    holder: Uuid,
    /// The fence of the lead that was taken last; 0 before any.
    fence: AtomicI64,
    leads: watch::Sender<bool>,
}

impl Lease {
    /// Over a journal's connections. Nothing is claimed until it [runs](Self::run).
    pub fn new(journal: Arc<PostgresJournal>) -> Arc<Self> {
        Self::of(journal, Uuid::now_v7())
    }

    /// In somebody's name.
    pub(crate) fn of(journal: Arc<PostgresJournal>, holder: Uuid) -> Arc<Self> {
        Arc::new(Self {
            journal,
            holder,
            fence: AtomicI64::new(0),
            leads: watch::Sender::new(false),
        })
    }

    pub(crate) fn journal(&self) -> &Arc<PostgresJournal> {
        &self.journal
    }

    /// Follows whether this ledger leads. It may lead a moment less than it is told, never more than the database
    /// allows.
    pub fn leads(&self) -> watch::Receiver<bool> {
        self.leads.subscribe()
    }

    /// Claims the lead, and keeps it, until the drain; then it is given back.
    pub async fn run(&self, drain: Drain) {
        let mut until = Instant::now();
        let mut is_lost = false;
        while !drain.is_cancelled() {
            let asked = Instant::now();
            let left = until.saturating_duration_since(asked).max(RENEW);
            // what takes longer than the lease lasts is not waited for
            match timeout(left, self.take()).await {
                Ok(Ok(leads)) => {
                    if leads {
                        until = asked + LEASE;
                    }
                    is_lost = false;
                    self.tell(leads);
                }
                Ok(Err(error)) => {
                    if !is_lost {
                        tracing::warn!(error = %ErrorChain(&error), "the lead cannot be asked for");
                    }
                    is_lost = true;
                    self.tell(*self.leads.borrow() && Instant::now() < until);
                }
                Err(_late) => self.tell(Instant::now() < until && *self.leads.borrow()),
            }
            drain.run_until_cancelled(sleep(RENEW)).await;
        }
        let held = self.leads.send_replace(false);
        if held && let Err(error) = self.give().await {
            tracing::warn!(error = %ErrorChain(&error), "the lead ends by itself");
        }
    }

    /// Inside a transaction: whether this ledger leads, and will until the transaction ends.
    pub(crate) async fn hold(&self, link: &mut Link) -> Result<bool, LinkError> {
        let fence = self.fence.load(Ordering::Acquire);
        Ok(!link.rows(HOLD, &[&fence]).await?.is_empty())
    }

    /// Claims the lead once; whether it was had.
    pub(crate) async fn take(&self) -> Result<bool, LinkError> {
        let seconds = LEASE.as_secs_f64();
        let pool = self.journal.pool();
        let rows = pool.rows(TAKE, &[&self.holder, &seconds]).await?;
        let Some(row) = rows.first() else {
            return Ok(false);
        };
        self.fence.store(row.try_get(0)?, Ordering::Release);
        Ok(true)
    }

    async fn give(&self) -> Result<(), LinkError> {
        let fence = self.fence.load(Ordering::Acquire);
        let pool = self.journal.pool();
        // the process ends: nobody waits long for it
        match timeout(RENEW, pool.rows(GIVE, &[&self.holder, &fence])).await {
            Ok(given) => given.map(|_rows| ()),
            Err(_late) => Ok(()),
        }
    }

    fn tell(&self, leads: bool) {
        self.leads.send_if_modified(|told| {
            let changed = *told != leads;
            *told = leads;
            changed
        });
    }
}
