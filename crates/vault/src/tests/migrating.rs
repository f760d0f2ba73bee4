//! Claims about key stores that an earlier version of the program left: all that they held is there, and they go on.

use domain::subject::Position;
use jiff::Timestamp;
use tokio_postgres::error::SqlState;

use super::copying::{Told, stocked, told};
use super::erasing::mark;
use super::refusing::refused;
use super::sharing::client;
use super::*;
use crate::sqlite::schema;
use crate::{NoteKind, Round, SearchTerm};

/// The schema version with which a store began to hold something.
struct Since {
    refusals: usize,
    mark: usize,
    reviews: usize,
    notes: usize,
    /// Before it there was one root key, in a table of its own.
    roots: usize,
    newest: usize,
}

impl House {
    fn since(&self) -> Since {
        let (first, newest) = match &self.database {
            Some(_) => ([2, 3, 5, 6, 7], postgres::SCHEMA.migrations.len()),
            None => ([3, 4, 6, 7, 8], schema::MIGRATIONS.len()),
        };
        let [refusals, mark, reviews, notes, roots] = first;
        Since {
            refusals,
            mark,
            reviews,
            notes,
            roots,
            newest,
        }
    }

    /// Makes the store, which nobody has open, one of an earlier version, with all that had a place there.
    async fn take_back(&self, version: usize) {
        let before_roots = version < self.since().roots;
        if let Some(database) = &self.database {
            let client = database.client("postgres").await.expect("a connection");
            let root = "SELECT id, proof FROM flyttbud_keys.roots";
            let root = client.query_one(root, &[]).await.expect("one");
            let taken = database.take_back(&postgres::SCHEMA, version).await;
            taken.expect("an earlier store");
            if before_roots {
                let (id, proof): (String, Vec<u8>) = (root.get(0), root.get(1));
                let put = "INSERT INTO flyttbud_keys.root VALUES (true, $1, $2)";
                client.execute(put, &[&id, &proof]).await.expect("put");
            }
            return;
        }
        let aside = self.folder.path().join("aside.db");
        fs::rename(self.path(), &aside).expect("put aside");
        let file = Connection::open(self.path()).expect("a file");
        schema::migrate(&file, &schema::MIGRATIONS[..version]).expect("an earlier schema");
        let attach = format!(
            "PRAGMA foreign_keys = OFF; ATTACH '{}' AS aside",
            aside.display()
        );
        file.execute_batch(&attach).expect("attached");
        let sql = "SELECT t.name, group_concat(o.name, ', ') FROM main.sqlite_master AS t, \
                   pragma_table_info(t.name, 'main') AS o \
                   WHERE t.type = 'table' AND o.name IN (SELECT name FROM pragma_table_info(t.name, 'aside')) \
                   GROUP BY t.name";
        let mut statement = file.prepare(sql).expect("tables");
        let tables = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        let tables: Result<Vec<(String, String)>, _> = tables.expect("tables").collect();
        for (table, columns) in tables.expect("tables") {
            // the first version had every row by its token
            let from = match (table.as_str(), version) {
                ("search", 1) => "search_rows",
                (table, _) => table,
            };
            let carry = format!(
                "DELETE FROM main.{table}; \
                 INSERT INTO main.{table} ({columns}) SELECT {columns} FROM aside.{from}"
            );
            file.execute_batch(&carry).expect(&carry);
        }
        drop(statement);
        // what was carried was counted once more
        let is_counted = "SELECT count(*) FROM main.sqlite_master WHERE name = 'census'";
        let is_counted: i64 = file
            .query_row(is_counted, [], |row| row.get(0))
            .expect("a count");
        if is_counted > 0 {
            let again =
                "DELETE FROM main.census; INSERT INTO main.census SELECT * FROM aside.census";
            file.execute_batch(again).expect("counted");
        }
        if before_roots {
            let put = "INSERT INTO main.root SELECT 1, id, proof FROM aside.roots";
            file.execute_batch(put).expect("put");
        }
        file.execute_batch("DETACH aside").expect("detached");
    }

    async fn bring_up_to_date(&self) {
        // a file is brought up to date by whoever opens it
        if let Some(database) = &self.database {
            let older = self.open(self.root()).await.map(drop);
            assert!(older.is_err(), "no service changes a schema: {older:?}");
            let migrated = postgres::migrate(&database.owner()).await;
            migrated.expect("up to date");
        }
    }
}

/// Nothing is missing, and nothing is there that had no place.
async fn check(
    version: usize,
    since: &Since,
    vault: &Vault,
    parts: &[SealedPart; 2],
    whole: &mut Told,
) {
    let seen = told(vault, parts).await;
    let is_open: Vec<bool> = seen.opened.iter().map(Option::is_some).collect();
    assert_eq!(
        is_open,
        [true, true, true, false],
        "{version}: one was erased"
    );
    assert_eq!((seen.found.len(), seen.accesses.len()), (2, 2), "{version}");
    if version < since.reviews {
        whole.reviews.clear();
    }
    whole.note = whole.note.take().filter(|_note| version >= since.notes);
    assert_eq!(&seen, whole, "{version}");
    let refusals = vault.refusals(solna(), u64::MAX, 9).await.expect("read");
    let refusals: Vec<_> = refusals
        .into_iter()
        .map(|(_number, refused)| refused)
        .collect();
    let expected =
        (version >= since.refusals).then(|| refused(solna(), 1, "ROLE_NOT_ALLOWED", &[]));
    assert_eq!(refusals, Vec::from_iter(expected), "{version}");
    let expected = (version >= since.mark).then(|| mark(7));
    assert_eq!(
        vault.mark(Round::Erasing).await.expect("read"),
        expected,
        "{version}"
    );
}

/// New rows come behind the old ones, and old ones are erased.
async fn goes_on(vault: &Vault, parts: &[SealedPart; 2], whole: &Told) {
    put(vault, subject(3), "SOC 2026-1").await;
    let three = [subject(3), subject(2), subject(1)];
    assert_eq!(found(vault, solna(), "SOC 2026-1").await, three);
    let new = access(subject(1), Timestamp::UNIX_EPOCH, b"third");
    vault.record_access(new).await.expect("recorded");
    let log = accesses(vault, solna(), subject(1)).await.expect("a log");
    let contents: Vec<_> = log
        .iter()
        .filter_map(|access| access.content.as_deref())
        .collect();
    assert_eq!(contents, [&b"third"[..], b"second", b"first"]);
    let again = refused(solna(), 2, "ACTOR_REQUIRED", &["actor"]);
    vault
        .record_refusals(vec![again.clone()])
        .await
        .expect("recorded");
    let newest = vault.refusals(solna(), u64::MAX, 1).await.expect("read");
    assert_eq!(
        newest.first().map(|(_number, refused)| refused),
        Some(&again)
    );
    vault.set_mark(Round::Erasing, mark(9)).await.expect("set");
    assert_eq!(
        vault
            .mark(Round::Erasing)
            .await
            .expect("read")
            .map(|mark| mark.position),
        Some(Position(9))
    );
    let person = number("19900101-2385");
    let name = vault.note_of(solna(), NoteKind::Standing, SearchTerm::Number(&person));
    let name = name.await.expect("a name");
    let before = vault.note(name).await.expect("no fault");
    let before = before.map_or(0, |note| note.revision);
    assert!(
        vault
            .write_note(name, before, b"anew")
            .await
            .expect("written")
    );
    assert_eq!(vault.erase(heby(), subject(1)).await.expect("erased"), 1);
    let left = told(vault, parts).await;
    let is_open: Vec<bool> = left.opened.iter().map(Option::is_some).collect();
    assert_eq!(is_open, [true, false, true, false]);
    vault.erase(solna(), subject(2)).await.expect("erased");
    let left = [subject(3), subject(1)];
    assert_eq!(found(vault, solna(), "SOC 2026-1").await, left);
    vault.drop_pseudonym_keys(YEAR).await.expect("dropped");
    assert!(!told(vault, parts).await.is_named_as(whole), "another key");
}

pub(super) async fn a_store_of_any_earlier_version_tells_all_that_it_held_and_goes_on(
    house: House,
) {
    let is_a_file = house.database.is_none();
    let since = house.since();
    for version in (1..=since.newest).rev() {
        let house = if is_a_file {
            House::over_sqlite()
        } else {
            House::over_postgres().await
        };
        let parts = stocked(&house).await;
        let vault = house.vault().await;
        let refused = refused(solna(), 1, "ROLE_NOT_ALLOWED", &[]);
        vault
            .record_refusals(vec![refused])
            .await
            .expect("recorded");
        vault.set_mark(Round::Erasing, mark(7)).await.expect("set");
        let mut whole = told(&vault, &parts).await;
        drop(vault);
        house.take_back(version).await;
        if version < since.newest {
            house.bring_up_to_date().await;
        }
        let vault = house.vault().await;
        check(version, &since, &vault, &parts, &mut whole).await;
        let seen = house.verified().await;
        assert_eq!(seen.faults_count, 0, "{version}: {seen:?}");
        goes_on(&vault, &parts, &whole).await;
        let seen = house.verified().await;
        assert_eq!(seen.faults_count, 0, "{version}: {seen:?}");
        drop(vault);
        // what was brought up to date stays so, and so does what was erased
        let vault = house.vault().await;
        let left = [subject(3), subject(1)];
        assert_eq!(found(&vault, solna(), "SOC 2026-1").await, left);
        drop(vault);
        // nor is it tied to the root key that it had
        let mover = house.mover(house.keys(["new.key", "root.key"])).await;
        mover.rotate_root(|_uses| {}).await.expect("moved");
        drop(mover);
        let vault = house.open(house.key("new.key")).await.expect("a vault");
        assert_eq!(found(&vault, solna(), "SOC 2026-1").await, left);
    }
}

/// What a program that knows schema 6 writes with: keys that it made and what was opened, all at once or not at all.
const GROUP_6: &str = "\
    WITH made AS ( \
        INSERT INTO flyttbud_keys.authority_keys (authority, epoch, purpose, wrapped) \
        SELECT * FROM unnest($1::int4[], $2::int2[], $3::int2[], $4::bytea[]) \
        ON CONFLICT DO NOTHING \
    ) \
    INSERT INTO flyttbud_keys.accesses (at_micros, authority, subject, sealed, kind, officer) \
    VALUES (0, 114, $5, '', 1, $5)";
/// And what it looks at on each connection that it makes.
const PROOF_6: &str = "SELECT id, proof FROM flyttbud_keys.root";

#[tokio::test]
async fn a_gateway_of_schema_6_that_was_left_running_makes_no_key_and_nothing_is_lost() {
    let house = House::over_postgres().await;
    let parts = stocked(&house).await;
    let vault = house.vault().await;
    let whole = told(&vault, &parts).await;
    drop(vault);
    house.take_back(6).await;
    let left = client(&house, "keeper").await;
    let group = left.prepare(GROUP_6).await.expect("of this schema");
    let write = async |made: &[i32]| {
        let numbers = vec![1_i16; made.len()];
        let wrapped = vec![&b"wrapped"[..]; made.len()];
        let id = Uuid::nil();
        let written = left
            .execute(&group, &[&made, &numbers, &numbers, &wrapped, &id])
            .await;
        let error = written.err();
        error.map(|error| error.code().cloned().expect("the server's"))
    };
    left.batch_execute("BEGIN").await.expect("begun");
    assert_eq!(write(&[114]).await, None, "as long as the schema is 6");
    left.batch_execute("ROLLBACK").await.expect("as it was");
    left.query_one(PROOF_6, &[]).await.expect("its root key");

    let counts = async || {
        [
            house.count("authority_keys").await,
            house.count("accesses").await,
        ]
    };
    let [keys, accesses] = counts().await;
    house.bring_up_to_date().await;
    let refused = write(&[114]).await;
    assert_eq!(refused, Some(SqlState::NOT_NULL_VIOLATION));
    assert_eq!(counts().await, [keys, accesses], "all or nothing");
    // what needs no new key goes on
    assert_eq!(write(&[]).await, None);
    assert_eq!(counts().await, [keys, accesses + 1]);
    let again = client(&house, "keeper").await;
    let refused = again.query(PROOF_6, &[]).await.expect_err("refused");
    assert_eq!(refused.code(), Some(&SqlState::UNDEFINED_TABLE));
    let vault = house.vault().await;
    assert_eq!(told(&vault, &parts).await, whole);
}
