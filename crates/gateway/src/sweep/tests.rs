//! A record whose tables were changed by a bit, over both kinds of store: no key is lost by it, and it is told.

use daemon::postgres::testing::Database;
use domain::entry::Draft;
use domain::subject::Subject;
use journal::conformance::given::{
    append, batch, new_relocation, registered, solleftea, solna, supplemented,
};
use journal::{PostgresJournal, SqliteJournal};
use rusqlite::Connection;
use tempfile::TempDir;
use vault::RootKey;

use super::*;

/// A journal and a key store, and what somebody may do to the journal's tables.
struct House {
    folder: TempDir,
    /// The journal's and the key store's, when they are not files.
    databases: Option<(Database, Database)>,
}

impl House {
    fn over_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        RootKey::create(&folder.path().join("root.key")).expect("a root key");
        Self {
            folder,
            databases: None,
        }
    }

    async fn over_postgres() -> Self {
        let journal = journal::postgres::testing::database().await;
        let keys = Database::new().await.expect("a database");
        vault::postgres::migrate(&keys.owner())
            .await
            .expect("a schema");
        Self {
            databases: Some((journal.expect("a database"), keys)),
            ..Self::over_sqlite()
        }
    }

    async fn open(&self) -> (Arc<dyn Journal>, Vault) {
        let path = |name| self.folder.path().join(name);
        let root = RootKey::read(&path("root.key")).expect("a root key");
        if let Some((journal, keys)) = &self.databases {
            let journal = PostgresJournal::connect(journal.settings("gateway")).await;
            let vault = Vault::connect(keys.owner(), root, 2026).await;
            (journal.expect("a journal"), vault.expect("a key store"))
        } else {
            let journal = SqliteJournal::open(&path("journal.db")).expect("a journal");
            let vault = Vault::unlock(&path("keys.db"), root, 2026);
            (journal, vault.expect("a key store"))
        }
    }

    /// Changes the journal's tables, as nobody may who comes by way of the program.
    async fn alter(&self, sql: &str) {
        if let Some((journal, _keys)) = &self.databases {
            let client = journal.client("owner").await.expect("a connection");
            let sql = format!("SET search_path = flyttbud; {sql}");
            client.batch_execute(&sql).await.expect("altered");
        } else {
            let file = Connection::open(self.folder.path().join("journal.db"));
            file.expect("a file").execute_batch(sql).expect("altered");
        }
    }
}

/// Puts keys to a version, and appends its entry if it is to come.
async fn seal(journal: Option<&Arc<dyn Journal>>, vault: &Vault, draft: Draft) {
    let (subject, version) = (draft.subject, draft.version);
    let text = Some((&b"a text"[..], &[solna(), solleftea()][..]));
    let sealed = vault.seal(subject, version, (solna(), solleftea()), text, None);
    let (sealed, keys) = sealed.await.expect("sealed");
    vault.put(keys, Vec::new()).await.expect("put");
    if let Some(journal) = journal {
        append(journal, batch(vec![Draft { sealed, ..draft }])).await;
    }
}

/// Sweeps as if all were old.
async fn swept(house: &House) -> Swept {
    let (journal, vault) = house.open().await;
    let soon = Timestamp::now().as_microsecond() + SWEPT_AGE_MICROS;
    let swept = sweep_once(&vault, journal.as_ref(), soon).await;
    swept.expect("swept")
}

/// Two entries of one relocation, which is told, the first of another, and keys that no entry came to: to a third, and to
/// a second of the other.
async fn stock(house: &House) -> Subject {
    let (journal, vault) = house.open().await;
    let [one, other, orphan] = [new_relocation(), new_relocation(), new_relocation()];
    seal(Some(&journal), &vault, registered(one)).await;
    seal(Some(&journal), &vault, supplemented(one, 2)).await;
    seal(Some(&journal), &vault, registered(other)).await;
    seal(None, &vault, registered(orphan)).await;
    seal(None, &vault, supplemented(other, 2)).await;
    one
}

/// How one of the record's tables may lose sight of a subject's entries, and how it is mended.
fn changes(house: &House, subject: Subject) -> Vec<[String; 2]> {
    let other = Uuid::from_u128(subject.id.as_u128() ^ 1);
    let (table, [id, other]) = match house.databases {
        Some(_) => ("entries", [subject.id, other].map(|id| format!("'{id}'"))),
        None => (
            "versions",
            [subject.id, other].map(|id| format!("x'{}'", id.simple())),
        ),
    };
    let of = |version: &str| {
        [(&other, &id), (&id, &other)].map(|(to, from)| {
            format!("UPDATE {table} SET subject = {to} WHERE subject = {from} {version}")
        })
    };
    let mut changes = vec![of(""), of("AND version = 2")];
    if house.databases.is_none() {
        changes.extend([3, 1026].map(|position| {
            [position, 2].map(|to| {
                format!("UPDATE versions SET position = {to} WHERE subject = {id} AND version = 2")
            })
        }));
    }
    changes
}

async fn a_bit_in_the_records_tables_costs_no_key(house: House) {
    let one = stock(&house).await;
    let kept = Swept {
        subjects: 3,
        done: true,
        contradicted: vec![one.id],
        ..Swept::default()
    };
    // what no entry came to goes at the first sweep, and only that
    for (nth, [change, mend]) in changes(&house, one).into_iter().enumerate() {
        house.alter(&change).await;
        let expected = Swept {
            subjects: if nth == 0 { 3 } else { 2 },
            keys: if nth == 0 { 4 } else { 0 },
            ..kept.clone()
        };
        assert_eq!(swept(&house).await, expected, "{change}");
        house.alter(&mend).await;
    }
    let whole = Swept {
        subjects: 2,
        contradicted: Vec::new(),
        ..kept
    };
    assert_eq!(swept(&house).await, whole);
}

#[tokio::test]
async fn a_bit_in_the_tables_of_a_file_costs_no_key() {
    a_bit_in_the_records_tables_costs_no_key(House::over_sqlite()).await;
}

#[tokio::test]
async fn a_bit_in_the_tables_of_a_database_costs_no_key() {
    a_bit_in_the_records_tables_costs_no_key(House::over_postgres().await).await;
}

#[tokio::test]
async fn an_entry_that_is_gone_keeps_all_keys() {
    let house = House::over_sqlite();
    stock(&house).await;
    house.alter("DELETE FROM entries WHERE position = 2").await;
    let swept = swept(&house).await;
    assert_eq!((swept.subjects, swept.keys), (3, 0));
}
