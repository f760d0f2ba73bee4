//! Gateways for tests, over real stores in a folder.

pub(crate) mod acts;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::municipality::MunicipalityCode;
use fanout::Lanes;
use jiff::Timestamp;
use journal::evidence::SqliteEvidence;
use journal::views::SqliteViews;
use journal::{Journal, SqliteJournal};
use vault::{RootKey, Vault};

use crate::call::Call;
use crate::caller::{Caller, Role, Trust};
use crate::core::{Core, Keepalive, Parts};

/// A gateway over stores of its own.
pub(crate) fn core(folder: &Path) -> Arc<Core> {
    let journal = SqliteJournal::open(&folder.join("journal.db")).expect("a journal");
    core_over(folder, journal)
}

/// Likewise, over a journal that the test has its hands in. A folder that had a gateway goes on as it was.
pub(crate) fn core_over(folder: &Path, journal: Arc<dyn Journal>) -> Arc<Core> {
    let path = |name| folder.join(name);
    let root = if path("root.key").exists() {
        RootKey::read(&path("root.key"))
    } else {
        RootKey::create(&path("root.key"))
    };
    let root = root.expect("a root key");
    Core::new(Parts {
        journal,
        views: SqliteViews::open(&path("views.db")).expect("views"),
        evidence: SqliteEvidence::open(&path("evidence.db")).expect("a log"),
        signs: false,
        policy: None,
        vault: Vault::unlock(&path("keys.db"), root, 2026).expect("a key store"),
        lanes: Lanes::new(),
        trust: Trust {
            production: false,
            organisations: BTreeMap::new(),
        },
        calls_per_second: NonZeroU32::MIN,
        streams_per_caller: 1,
        keepalive: Keepalive {
            every: Duration::from_secs(30),
            answer: Duration::from_secs(10),
        },
        drain: daemon::Drain::new(),
    })
}

/// A call of a municipality's own system.
pub(crate) fn call_of(code: MunicipalityCode, role: Role, method: &'static str) -> Call {
    let caller = Caller {
        organisation_number: "559999-0009".to_owned(),
        organisation: code.to_string(),
        roles: BTreeSet::from([role]),
        municipalities: BTreeSet::from([code]),
        valid_until: Timestamp::MAX,
    };
    Call::new(Arc::new(caller), method, String::new(), false)
}
