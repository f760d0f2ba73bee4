//! Gateways that died before they erased, key stores and journals that were restored: over real files.

use std::fs;
use std::path::PathBuf;

use domain::code::WithdrawalReason;
use domain::entry::{Draft, Event, SealedPart};
use domain::municipality::MunicipalityCode;
use domain::subject::Version;
use journal::SqliteJournal;
use journal::conformance::given::{
    append, batch, new_relocation, registered, solleftea, solna, supplemented,
};
use tempfile::TempDir;
use vault::RootKey;

use super::*;

/// A folder for a journal and a key store. Each is opened anew whenever it is asked for.
struct House(TempDir);

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        RootKey::create(&folder.path().join("root.key")).expect("a root key");
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn journal(&self) -> Arc<dyn Journal> {
        SqliteJournal::open(&self.path("journal.db")).expect("a journal")
    }

    fn vault(&self) -> Vault {
        let root = RootKey::read(&self.path("root.key")).expect("a root key");
        Vault::unlock(&self.path("keys.db"), root, 2026).expect("a key store")
    }

    /// Copies a file that nobody has open.
    fn copy(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).expect("copied");
    }
}

fn parties() -> (MunicipalityCode, MunicipalityCode) {
    (solna(), solleftea())
}

/// Registers a relocation whose text both may read.
async fn register(journal: &Arc<dyn Journal>, vault: &Vault) -> (Subject, SealedPart) {
    let subject = new_relocation();
    let text: (&[u8], &[MunicipalityCode]) = (b"a text", &[solna(), solleftea()]);
    let sealed = vault.seal(subject, Version(1), parties(), Some(text), None);
    let (mut parts, keys) = sealed.await.expect("sealed");
    vault.put(keys, Vec::new()).await.expect("put");
    append(journal, batch(vec![registered(subject)])).await;
    (subject, parts.remove(0))
}

/// So many entries that end nothing.
async fn fill(journal: &Arc<dyn Journal>, count: usize) {
    let drafts: Vec<_> = (0..count).map(|_| registered(new_relocation())).collect();
    for some in drafts.chunks(64) {
        append(journal, batch(some.to_vec())).await;
    }
}

/// The entry alone, as if whoever appended it died then.
fn withdrawn(subject: Subject, reason: WithdrawalReason) -> Draft {
    Draft {
        event: Event::RelocationWithdrawn { reason },
        ..supplemented(subject, 2)
    }
}

/// Who of the two can open the text: the sender, the receiver.
#[expect(
    clippy::disallowed_methods,
    reason = "the key store itself is looked into"
)]
async fn opens(vault: &Vault, (subject, part): &(Subject, SealedPart)) -> (bool, bool) {
    let open = async |who| {
        let opened = vault.open_part(who, *subject, Version(1), parties(), part);
        opened.await.expect("no fault").is_some()
    };
    (open(solna()).await, open(solleftea()).await)
}

/// How often the key store is made to erase, and the position of its mark after that.
async fn go_over(journal: &Arc<dyn Journal>, vault: &Vault) -> (usize, u64) {
    let erased = erase_ended(journal.as_ref(), vault).await.expect("erased");
    let mark = vault
        .mark(Round::Erasing)
        .await
        .expect("read")
        .expect("a mark");
    (erased, mark.position.0)
}

#[tokio::test]
async fn what_a_gateway_that_died_has_not_erased_the_next_one_does() {
    let house = House::new();
    let (journal, vault) = (house.journal(), house.vault());
    for (reason, receiver_opens) in [
        (WithdrawalReason::ConsentRevoked, false),
        (WithdrawalReason::Mistake, false),
        (WithdrawalReason::MoveCancelled, true),
    ] {
        let told = register(&journal, &vault).await;
        append(&journal, batch(vec![withdrawn(told.0, reason)])).await;
        assert_eq!(opens(&vault, &told).await, (true, true));
        let edge = journal.edge().borrow().0;
        let count = usize::from(!receiver_opens);
        assert_eq!(go_over(&journal, &vault).await, (count, edge), "{reason:?}");
        assert_eq!(opens(&vault, &told).await, (true, receiver_opens));
        assert_eq!(go_over(&journal, &vault).await, (0, edge), "once is enough");
    }
}

#[tokio::test]
async fn a_key_store_that_was_restored_erases_again_whatever_its_copy_knew() {
    let house = House::new();
    let journal = house.journal();
    let vault = house.vault();
    let one = register(&journal, &vault).await;
    let other = register(&journal, &vault).await;
    drop(vault);
    // before any mark, and with one
    house.copy("keys.db", "older.db");
    let vault = house.vault();
    assert_eq!(go_over(&journal, &vault).await, (0, 2));
    drop(vault);
    house.copy("keys.db", "newer.db");

    let vault = house.vault();
    let reason = WithdrawalReason::ConsentRevoked;
    append(&journal, batch(vec![withdrawn(one.0, reason)])).await;
    erase(journal.as_ref(), &vault, one.0)
        .await
        .expect("erased");
    assert_eq!(go_over(&journal, &vault).await, (0, 3));
    drop(vault);
    for copy in ["older.db", "newer.db"] {
        house.copy(copy, "keys.db");
        let vault = house.vault();
        assert_eq!(opens(&vault, &one).await, (true, true), "{copy}");
        assert_eq!(go_over(&journal, &vault).await, (1, 3), "{copy}");
        assert_eq!(opens(&vault, &one).await, (true, false), "{copy}");
        assert_eq!(opens(&vault, &other).await, (true, true), "{copy}");
    }
}

#[tokio::test]
async fn a_journal_that_lost_what_the_key_store_knows_is_refused_and_one_that_grew_again_is_all_gone_over()
 {
    let house = House::new();
    let vault = house.vault();
    let journal = house.journal();
    let kept = register(&journal, &vault).await;
    drop(journal);
    house.copy("journal.db", "older.db");
    let journal = house.journal();
    register(&journal, &vault).await;
    assert_eq!(go_over(&journal, &vault).await, (0, 2));
    drop(journal);

    house.copy("older.db", "journal.db");
    let journal = house.journal();
    let refused = erase_ended(journal.as_ref(), &vault).await;
    assert_eq!(
        refused.expect_err("refused").to_string(),
        "the record has lost entry 2, which the key store knows; it ends at entry 1"
    );
    // the entry that stands in the lost one's place ends something
    let reason = WithdrawalReason::Mistake;
    append(&journal, batch(vec![withdrawn(kept.0, reason)])).await;
    assert_eq!(go_over(&journal, &vault).await, (1, 2));
    assert_eq!(opens(&vault, &kept).await, (true, false));
    // that one is known from now on
    let found = journal.read_stored(Position(1), 1).await.expect("read");
    let mark = vault
        .mark(Round::Erasing)
        .await
        .expect("read")
        .expect("a mark");
    assert_eq!(mark.leaf, *Hash::leaf(&found[0].1).as_bytes());
}

#[tokio::test]
async fn all_pages_are_gone_over_and_no_mark_is_set_before_the_last() {
    let house = House::new();
    let (journal, vault) = (house.journal(), house.vault());
    let reason = WithdrawalReason::Mistake;
    let first = register(&journal, &vault).await;
    append(&journal, batch(vec![withdrawn(first.0, reason)])).await;
    let last = register(&journal, &vault).await;
    fill(&journal, ERASER_ENTRIES - 3).await;
    append(&journal, batch(vec![withdrawn(last.0, reason)])).await;
    let edge = u64::try_from(ERASER_ENTRIES + 1).expect("small");
    assert_eq!(journal.edge().borrow().0, edge);
    assert_eq!(go_over(&journal, &vault).await, (2, edge));

    // a record that contradicts itself on a later page leaves the mark where it was
    let next = register(&journal, &vault).await;
    append(&journal, batch(vec![withdrawn(next.0, reason)])).await;
    fill(&journal, ERASER_ENTRIES - 1).await;
    let unsound = Draft {
        version: Version(1),
        ..withdrawn(new_relocation(), reason)
    };
    append(&journal, batch(vec![unsound])).await;
    let halted = erase_ended(journal.as_ref(), &vault).await;
    assert!(matches!(halted, Err(EraseError::Halt(_))), "{halted:?}");
    assert_eq!(opens(&vault, &next).await, (true, false));
    let mark = vault
        .mark(Round::Erasing)
        .await
        .expect("read")
        .expect("a mark");
    assert_eq!(mark.position.0, edge);
}
