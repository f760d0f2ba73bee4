//! How many handshakes each address has under way, so that one that says nothing leaves the others their turn.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::HANDSHAKES_PER_ADDRESS;

/// Handshakes under way, by address.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One handshake of an address, until it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    of: Addresses,
    address: IpAddr,
}

impl Addresses {
    /// One more of this address, unless it has its share.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Share> {
        let mut counts = self.counts();
        let count = counts.entry(address).or_default();
        if *count >= HANDSHAKES_PER_ADDRESS {
            return None;
        }
        *count += 1;
        Some(Share {
            of: self.clone(),
            address,
        })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut counts = self.of.counts();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}
