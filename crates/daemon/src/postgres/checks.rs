//! What must be true of a server before anything is entrusted to it.

use super::{ConnectError, Link, LinkError};

/// PostgreSQL 15.0, as the server counts.
const VERSION_MIN: i32 = 150_000;

/// A setting, what it may be, and what to do when it is not.
struct Wanted {
    name: &'static str,
    /// The first one is what we ask for.
    values: &'static [&'static str],
    remedy: &'static str,
}

const WANTED: [Wanted; 6] = [
    Wanted {
        name: "fsync",
        values: &["on"],
        remedy: "set it in postgresql.conf and reload",
    },
    Wanted {
        name: "full_page_writes",
        values: &["on"],
        remedy: "set it in postgresql.conf and reload",
    },
    Wanted {
        name: "synchronous_commit",
        values: &["on", "remote_apply"],
        remedy: "set it in postgresql.conf, and not otherwise for the role or the database",
    },
    Wanted {
        name: "data_checksums",
        values: &["on"],
        remedy: "stop the server and run pg_checksums --enable",
    },
    Wanted {
        name: "autovacuum",
        values: &["on"],
        remedy: "set it in postgresql.conf and reload",
    },
    Wanted {
        name: "default_transaction_isolation",
        values: &["read committed"],
        remedy: "set it in postgresql.conf, and not otherwise for the role or the database",
    },
];

/// Whether what the server confirms is on its disk, and what it reads is what it wrote.
pub(super) async fn is_safe(link: &mut Link) -> Result<(), ConnectError> {
    let names: Vec<&str> = WANTED.iter().map(|wanted| wanted.name).collect();
    let rows = link
        .rows(
            "SELECT current_setting('server_version_num')::int4, current_setting(name) \
             FROM unnest($1::text[]) WITH ORDINALITY AS asked (name, nth) ORDER BY nth",
            &[&names],
        )
        .await?;
    for (row, wanted) in rows.iter().zip(&WANTED) {
        let version: i32 = row.try_get(0).map_err(LinkError::from)?;
        let found: String = row.try_get(1).map_err(LinkError::from)?;
        if version < VERSION_MIN {
            return Err(ConnectError::Old(version / 10_000));
        }
        if !wanted.values.contains(&found.as_str()) {
            return Err(ConnectError::Unsafe {
                name: wanted.name,
                found,
                wanted: wanted.values.first().copied().unwrap_or_default(),
                remedy: wanted.remedy,
            });
        }
    }
    Ok(())
}

/// Whether a commit waits for another server. When not, a switch to that one may lose what was answered.
pub async fn has_synchronous_standby(link: &mut Link) -> Result<bool, LinkError> {
    let sql = "SELECT current_setting('synchronous_standby_names') <> ''";
    let rows = link.rows(sql, &[]).await?;
    Ok(rows.first().map_or(Ok(false), |row| row.try_get(0))?)
}
