//! A file as an earlier version of the program left it: for tests of what a migration makes of rows that are there.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::migrate;

/// Takes a file, which nobody has open, back to an earlier version, with every row and value that had a place there.
/// Gives it to whoever knows what was written in another way then.
pub(crate) fn take_back(path: &Path, migrations: &[&str], version: usize) -> Connection {
    let aside = path.with_extension("aside");
    fs::rename(path, &aside).expect("put aside");
    let file = Connection::open(path).expect("a file");
    let earlier = migrations.get(..version).expect("a version");
    migrate(&file, earlier).expect("an earlier schema");
    let attach = format!(
        "PRAGMA foreign_keys = OFF; ATTACH '{}' AS aside",
        aside.display()
    );
    file.execute_batch(&attach).expect("attached");
    let sql = "SELECT t.name, group_concat(o.name, ', ') FROM main.sqlite_master AS t, \
               pragma_table_info(t.name, 'main') AS o WHERE t.type = 'table' \
               AND o.name IN (SELECT name FROM pragma_table_info(t.name, 'aside')) GROUP BY t.name";
    let tables = file.prepare(sql).and_then(|mut statement| {
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<Vec<(String, String)>, _>>()
    });
    for (table, columns) in tables.expect("tables") {
        let carry =
            format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM aside.{table}");
        file.execute_batch(&carry).expect(&carry);
    }
    file.execute_batch("DETACH aside").expect("detached");
    file
}
