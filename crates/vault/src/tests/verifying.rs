//! Claims about a key store that is held against itself: whatever turned, moved, changed places or was lost in it is named.

use jiff::Timestamp;

use super::*;
use crate::copy::{Place, TABLES, Table, copy};
use crate::note::{self, NoteRow};
use crate::store::Change;
use crate::{NoteKind, SearchTerm, Verified, verify};

/// A row as SQL writes its values.
type Literals = Vec<String>;

impl House {
    pub(super) async fn verified(&self) -> Verified {
        let place = match &self.database {
            Some(database) => Place::Database(database.settings("keeper")),
            None => Place::File(self.path()),
        };
        let roots = self.root().into();
        verify(&place, &roots).await.expect("looked at")
    }

    fn table_name(&self, table: &Table) -> &'static str {
        match &self.database {
            Some(_) => table.name,
            None => table.in_file,
        }
    }

    /// All rows of a table, in their order.
    pub(super) async fn literals(&self, table: &Table) -> Vec<Literals> {
        let names: Vec<_> = table.columns.iter().map(|(name, _form)| *name).collect();
        let order = names[..table.unique].join(", ");
        let from = self.table_name(table);
        if let Some(database) = &self.database {
            let client = database.client("owner").await.expect("a connection");
            let columns = names
                .iter()
                .map(|name| format!("quote_literal({name}::text)"));
            let columns = columns.collect::<Vec<_>>().join(", ");
            let sql = format!("SELECT {columns} FROM flyttbud_keys.{from} ORDER BY {order}");
            let rows = client.query(&sql, &[]).await.expect("rows");
            let row =
                |row: &tokio_postgres::Row| (0..names.len()).map(|nth| row.get(nth)).collect();
            rows.iter().map(row).collect()
        } else {
            let file = Connection::open(self.path()).expect("a file");
            let columns = names.iter().map(|name| format!("quote({name})"));
            let columns = columns.collect::<Vec<_>>().join(", ");
            let sql = format!("SELECT {columns} FROM {from} ORDER BY {order}");
            let mut statement = file.prepare(&sql).expect("a statement");
            let rows =
                statement.query_map([], |row| (0..names.len()).map(|nth| row.get(nth)).collect());
            let rows: Result<Vec<_>, _> = rows.expect("rows").collect();
            rows.expect("rows")
        }
    }

    /// Changes rows as nobody may who comes by way of the program.
    async fn force(&self, sql: &str) {
        if let Some(database) = &self.database {
            let client = database.client("postgres").await.expect("a connection");
            let free = "SET search_path = flyttbud_keys; SET session_replication_role = replica";
            let sql = format!("{free}; {sql}");
            client.batch_execute(&sql).await.expect(&sql);
        } else {
            self.alter(&format!("PRAGMA foreign_keys = OFF; {sql}"))
                .await;
        }
    }

    /// Sets one value of the row that stands somewhere.
    pub(super) async fn set(&self, table: &Table, row: &Literals, (nth, value): (usize, &str)) {
        let (column, _form) = table.columns[nth];
        let (name, place) = (self.table_name(table), at(table, row));
        self.force(&format!(
            "UPDATE {name} SET {column} = {value} WHERE {place}"
        ))
        .await;
    }
}

/// Where a row stands, as SQL says it.
fn at(table: &Table, row: &Literals) -> String {
    let columns = table.columns.iter().zip(row).take(table.unique);
    let each = columns.map(|((name, _form), value)| format!("{name} = {value}"));
    each.collect::<Vec<_>>().join(" AND ")
}

/// The value with its last bit turned.
pub(super) fn turned(value: &str) -> String {
    let end = value.trim_end_matches('\'').len();
    let (rest, quote) = value.split_at(end);
    let (rest, last) = rest.split_at(rest.len() - 1);
    let last = last.chars().next().expect("a sign");
    let turned = match last.to_digit(16) {
        Some(digit) => char::from_digit(digit ^ 1, 16).expect("a digit"),
        None => char::from(u8::try_from(last).expect("a plain sign") ^ 1),
    };
    format!("{rest}{turned}{quote}")
}

fn of<'a>(table: &str, verified: &'a Verified) -> Vec<&'a String> {
    let named = verified.faults.iter();
    named
        .filter(|fault| fault.starts_with(&format!("{table}, ")))
        .collect()
}

/// Two different things in every table.
async fn stock(vault: &Vault) {
    for (id, case) in [(1, "SOC 2026-1"), (2, "SOC 2026-2")] {
        put(vault, subject(id), case).await;
        let at = Timestamp::from_second(i64::try_from(id).expect("small"));
        let at = at.expect("an instant");
        let recorded = vault.record_access(access(subject(id), at, b"why")).await;
        recorded.expect("recorded");
        let review = crate::NewReview {
            authority: solna(),
            request_id: Uuid::from_u128(id),
            fingerprint: [7; 16],
            at,
            from: at,
            until: at,
            content: b"in order",
        };
        vault.record_review(review).await.expect("reviewed");
    }
    for kind in [NoteKind::Standing, NoteKind::Protected] {
        let name = name_of(vault, kind).await;
        assert!(vault.write_note(name, 0, b"a note").await.expect("written"));
        assert!(vault.write_note(name, 1, b"anew").await.expect("written"));
    }
}

async fn name_of(vault: &Vault, kind: NoteKind) -> crate::NoteName {
    let person = number("19900101-2385");
    let name = vault.note_of(solna(), kind, SearchTerm::Number(&person));
    name.await.expect("a name")
}

/// What only counts, or is given by the store itself: no row tells of it, and nothing is opened by it.
const COUNTS: [(&str, &str); 3] = [("roots", "nr"), ("accesses", "id"), ("reviews", "id")];

pub(super) async fn a_turned_bit_in_whichever_column_is_named(house: House) {
    stock(&house.vault().await).await;
    let sound = house.verified().await;
    assert_eq!((sound.faults_count, sound.unproven), (0, 0), "{sound:?}");
    let mut turns = 0;
    for table in TABLES.iter().filter(|table| table.name != "drops") {
        for (nth, (column, _form)) in table.columns.iter().enumerate() {
            if COUNTS.contains(&(table.name, column)) {
                continue;
            }
            for row in house.literals(table).await {
                let told = format!("{}.{column}", table.name);
                let mut changed = row.clone();
                changed[nth] = turned(&row[nth]);
                house.set(table, &row, (nth, &changed[nth])).await;
                let seen = house.verified().await;
                assert!(!of(table.name, &seen).is_empty(), "{told}: {seen:?}");
                house.set(table, &changed, (nth, &row[nth])).await;
                turns += 1;
            }
        }
    }
    assert!(turns > 80, "{turns}");
    let mended = house.verified().await;
    assert_eq!(mended.faults_count, 0, "{mended:?}");
    assert_eq!(mended.rows.len(), TABLES.len());
}

pub(super) async fn two_rows_that_changed_places_and_one_that_is_lost_are_named(house: House) {
    stock(&house.vault().await).await;
    // the keys of authorities come last: without them nothing else opens
    for (name, column) in [
        ("notes", "sealed"),
        ("reviews", "sealed"),
        ("accesses", "sealed"),
        ("accesses", "officer"),
        ("search", "token"),
        ("body_keys", "wrapped"),
        ("authority_keys", "wrapped"),
    ] {
        let table = TABLES.iter().find(|table| table.name == name);
        let table = table.expect("one of them");
        let mut columns = table.columns.iter();
        let nth = columns.position(|(of, _form)| *of == column).expect("one");
        let rows = house.literals(table).await;
        let (one, other) = (rows.first().expect("two"), rows.last().expect("two"));
        if one[nth] == other[nth] {
            // one officer read both: somebody else is given
            let value = turned(&one[nth]);
            house.set(table, one, (nth, &value)).await;
        } else {
            // what stands first is set last, so that no place is taken twice
            house.set(table, other, (nth, &one[nth])).await;
            house.set(table, one, (nth, &other[nth])).await;
        }
        let seen = house.verified().await;
        assert!(!of(name, &seen).is_empty(), "{name}.{column}: {seen:?}");
    }
    let house = match house.database {
        Some(_) => House::over_postgres().await,
        None => House::over_sqlite(),
    };
    stock(&house.vault().await).await;
    if house.database.is_none() {
        house.alter("DROP TRIGGER note_went").await;
    }
    let first = format!("subject {}, authority 184: ", subject(1).id);
    for (name, expected) in [
        ("search", first.as_str()),
        ("notes", "authority 184: 2 rows were kept, and there are 1"),
        (
            "reviews",
            "authority 184: 2 rows were kept, and there are 1",
        ),
    ] {
        let table = TABLES.iter().find(|table| table.name == name);
        let table = table.expect("one of them");
        let place = at(table, &house.literals(table).await[0]);
        let from = house.table_name(table);
        house
            .force(&format!("DELETE FROM {from} WHERE {place}"))
            .await;
        let seen = house.verified().await;
        let named = of(name, &seen);
        let expected = format!("{name}, {expected}");
        assert_eq!(named.len(), 1, "{seen:?}");
        assert!(named[0].starts_with(&expected), "{expected}: {seen:?}");
    }
}

pub(super) async fn what_an_earlier_program_wrote_is_sound_and_counted(house: House) {
    let vault = house.vault().await;
    let (_shared, _own, keys) = seal(&vault, subject(1)).await;
    let row = vault.search_row(solna(), SearchTerm::CaseNumber("SOC 2026-1"), subject(1));
    let row = row.await.expect("a row");
    // keys that hold no digest, and texts that are bound to their place alone
    let keys = vault.wrapped(keys, &[]).await.expect("wrapped");
    let change = Change::Put(keys, vec![row]);
    vault.inner.store.apply(change).await.expect("put");
    let recorded = vault.record_access_as_before(access(subject(1), Timestamp::UNIX_EPOCH, b"why"));
    recorded.await.expect("recorded");
    let name = name_of(&vault, NoteKind::Protected).await;
    let [_now, ad] = note::bound(name.kind.number(), name.token, 1);
    let sealed = vault.seal_small(solna(), &ad, b"a note", 100).await;
    let note = NoteRow {
        name,
        after: 0,
        sealed: sealed.expect("sealed"),
    };
    vault
        .inner
        .store
        .apply(Change::Note(note))
        .await
        .expect("written");
    let seen = house.verified().await;
    assert_eq!((seen.faults_count, seen.unproven), (0, 1), "{seen:?}");
    let note = vault.note(name).await.expect("no fault").expect("a note");
    assert_eq!(note.body.as_deref(), Some(&b"a note"[..]));
    // what is erased and swept leaves nothing behind that would be a fault
    put(&vault, subject(2), "SOC 2026-2").await;
    vault.erase(solna(), subject(2)).await.expect("erased");
    vault.remove_note(name).await.expect("removed");
    let seen = house.verified().await;
    assert_eq!((seen.faults_count, seen.unproven), (0, 1), "{seen:?}");
}

#[tokio::test]
async fn a_row_that_stands_in_one_of_a_files_two_tables_is_named() {
    let house = House::over_sqlite();
    stock(&house.vault().await).await;
    let moved = House::over_sqlite();
    let key = |house: &House| house.folder.path().join("root.key");
    fs::copy(key(&house), key(&moved)).expect("the same root key");
    let (from, to) = (Place::File(house.path()), Place::File(moved.path()));
    copy(&from, &to).await.expect("copied");
    assert_eq!(moved.verified().await.faults_count, 0);
    let rows = moved.count("search").await;
    for (sql, expected) in [
        (
            "DELETE FROM search WHERE hex(subject) LIKE '%2'",
            "search_rows, 0184's of",
        ),
        ("UPDATE search SET kind = 3", "search, 0184's of"),
    ] {
        moved.alter(sql).await;
        let seen = moved.verified().await;
        let named = seen.faults.iter().any(|fault| fault.starts_with(expected));
        assert!(named, "{seen:?}");
    }
    assert_eq!(moved.count("search").await, rows - 1);
}
