//! Which ledger leads: that one alone appends findings, writes the read tables and relays. The others follow, and
//! take over.

use std::sync::Arc;

use tokio::sync::watch;

/// Whether this process leads. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Leadership {
    leads: watch::Receiver<bool>,
    // kept where nobody else decides
    _always: Option<Arc<watch::Sender<bool>>>,
}

impl Leadership {
    /// There is no other ledger.
    pub fn always() -> Self {
        let (sender, leads) = watch::channel(true);
        Self {
            leads,
            _always: Some(Arc::new(sender)),
        }
    }

    /// As somebody else decides; when that one is gone, this process leads no more.
    pub fn decided_by(leads: watch::Receiver<bool>) -> Self {
        Self {
            leads,
            _always: None,
        }
    }

    /// Whether it leads now.
    pub fn leads(&self) -> bool {
        *self.leads.borrow() && self.leads.has_changed().is_ok()
    }

    /// Returns once it is no longer as it was.
    pub(crate) async fn is_no_longer(&mut self, before: bool) {
        let changed = self.leads.wait_for(|leads| *leads != before).await.is_ok();
        if !changed && !before {
            // nobody decides any more, and it does not lead
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_decides_no_more_leads_nobody() {
        let (sender, leads) = watch::channel(false);
        let mut leadership = Leadership::decided_by(leads);
        assert!(!leadership.leads());
        sender.send_replace(true);
        leadership.is_no_longer(false).await;
        assert!(leadership.leads());
        drop(sender);
        leadership.is_no_longer(true).await;
        assert!(!leadership.leads());
        assert!(Leadership::always().leads());
    }
}
