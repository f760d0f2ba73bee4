//! To which parts of entries a key store has keys, at the moment when it was looked at: small, and without any key.

use domain::entry::SealedPart;
use domain::subject::{Subject, Version};
use ring::digest::{SHA256, digest};

use crate::part::{KeysId, push_id, sealing_of};

/// A short name of the sealing of each row of keys, in their order: the journal has millions.
#[derive(Clone, Default)]
pub struct HeldKeys(Vec<u64>);

impl std::fmt::Debug for HeldKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HeldKeys({} rows)", self.0.len())
    }
}

impl HeldKeys {
    pub(super) fn add(&mut self, id: &KeysId) {
        self.0.push(name(id));
    }

    /// No more come.
    pub(super) fn end(&mut self) {
        self.0.sort_unstable();
    }

    /// How many authorities had keys to a part of an entry. None when the part does not say which keys those are.
    pub fn holders(&self, subject: Subject, version: Version, part: &SealedPart) -> usize {
        let sealing = sealing_of(part);
        sealing.map_or(0, |sealing| {
            let name = name(&KeysId {
                subject,
                version,
                sealing,
            });
            let before = self.0.partition_point(|known| *known < name);
            let until = self.0.partition_point(|known| *known <= name);
            until - before
        })
    }
}

fn name(id: &KeysId) -> u64 {
    let mut bytes = Vec::new();
    push_id(&mut bytes, id);
    let digest = digest(&SHA256, &bytes);
    let first = digest.as_ref().first_chunk();
    u64::from_be_bytes(first.copied().unwrap_or_default())
}
