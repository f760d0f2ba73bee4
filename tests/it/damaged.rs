//! Damaged keys in a key store whose root key changes: all others are moved and leave nothing behind, and there is a way
//! out, as docs/operation.md tells it.

use std::path::Path;
use std::process::{Command, Output};

use daemon::postgres::testing::Database;
use domain::municipality::MunicipalityCode;
use tests::{flyttbud, run};
use vault::{RootKey, Vault, postgres};

/// Moves the key store; what it ended with.
fn rotate(folder: &Path, keys: &str) -> Output {
    let moved = Command::new(flyttbud())
        .args(["keys", "rotate-root", keys])
        .args(["--to", "new.key", "--from", "root.key"])
        .current_dir(folder)
        .output();
    moved.expect("flyttbud starts")
}

/// Whether bytes stand in the file of the table of keys.
async fn table_holds(keys: &Database, bytes: &[u8]) -> bool {
    let superuser = keys.client("postgres").await.expect("a connection");
    let written = superuser.batch_execute("CHECKPOINT").await;
    written.expect("written");
    let path = "SELECT pg_relation_filepath('flyttbud_keys.authority_keys')";
    let path = superuser.query_one(path, &[]).await.expect("a path");
    let file = keys.server.folder().join("data");
    let content = std::fs::read(file.join(path.get::<_, String>(0))).expect("bytes");
    content.windows(bytes.len()).any(|window| window == bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_key_is_named_all_others_are_moved_and_their_old_wraps_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let [old, new] = ["root.key", "new.key"].map(|name| RootKey::create(&folder.join(name)));
    let (old, new) = (old.expect("a root key"), new.expect("a root key"));
    let old_id = old.id().to_owned();
    let keys = Database::new().await.expect("a database");
    let migrated = postgres::migrate(&keys.owner()).await;
    migrated.expect("a schema");
    let vault = Vault::connect(keys.owner(), old, 2026).await;
    let vault = vault.expect("a vault");
    for number in [184, 331] {
        let authority = MunicipalityCode::from_number(number).expect("a code");
        let print = vault.fingerprint(authority, b"request").await;
        print.expect("a fingerprint");
    }
    drop(vault);
    let owner = keys.client("owner").await.expect("a connection");
    let damage = "UPDATE flyttbud_keys.authority_keys \
                  SET wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20)) WHERE authority = 184";
    owner.batch_execute(damage).await.expect("damaged");
    let whole = "SELECT wrapped FROM flyttbud_keys.authority_keys WHERE authority = 331";
    let whole: Vec<u8> = owner.query_one(whole, &[]).await.expect("one").get(0);
    assert!(table_holds(&keys, &whole).await);

    let url = keys.owner().url;
    for _ in 0..2 {
        let moved = rotate(folder, &url);
        let told = String::from_utf8_lossy(&moved.stderr);
        assert_eq!(moved.status.code(), Some(1), "{told}");
        let named = "damaged keys stay under their root key: 1, the first of them 0184's of epoch 0 for purpose 4";
        assert!(told.contains(named), "{told}");
        assert!(told.contains("running it again mends nothing"), "{told}");
        assert!(!table_holds(&keys, &whole).await, "an old wrap is left");
    }
    // what no copy has is given up
    let given_up = format!("DELETE FROM flyttbud_keys.authority_keys WHERE root = '{old_id}'");
    owner.batch_execute(&given_up).await.expect("deleted");
    let moved = rotate(folder, &url);
    let told = String::from_utf8_lossy(&moved.stdout);
    assert!(
        moved.status.success() && told.contains("keys left under others 0"),
        "{told}"
    );
    let roots = run(folder, &["--json", "keys", "roots", &url]).stdout;
    let roots = String::from_utf8(roots).expect("text");
    assert!(
        roots.lines().count() == 1 && roots.contains(new.id()),
        "{roots}"
    );
}
