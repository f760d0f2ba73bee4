//! What must be true of a server before anything is entrusted to it.

use super::{ConnectError, Link, LinkError, Settings};

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
        is_new_enough(version)?;
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

/// Whether a server is new enough, by the number that it counts versions with.
fn is_new_enough(version: i32) -> Result<(), ConnectError> {
    if version < VERSION_MIN {
        return Err(ConnectError::Old(version / 10_000));
    }
    Ok(())
}

/// Tells at the start when another server may take over that lacks what was answered: several hosts are named, and no
/// commit waits for a second one. `store` is whose database it is.
pub async fn tell_of_standby(
    link: &mut Link,
    settings: &Settings,
    store: &'static str,
) -> Result<(), ConnectError> {
    let hosts = settings.hosts()?.len();
    if hosts < 2 {
        return Ok(());
    }
    let sql = "SELECT current_setting('synchronous_standby_names') <> ''";
    let rows = link.rows(sql, &[]).await?;
    let waits = rows.first().map_or(Ok(false), |row| row.try_get(0));
    if !waits.map_err(LinkError::from)? {
        tracing::warn!(
            store,
            hosts,
            "no synchronous standby: another host that takes over may lack what was answered"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgresql_15_and_newer_is_new_enough() {
        for (version, refused) in [
            (90_624, Some(9)),
            (140_000, Some(14)),
            (140_020, Some(14)),
            (149_999, Some(14)),
            (150_000, None),
            (150_014, None),
            (160_000, None),
            (180_001, None),
        ] {
            let told = match is_new_enough(version) {
                Ok(()) => None,
                Err(ConnectError::Old(major)) => Some(major),
                Err(error) => panic!("{error}"),
            };
            assert_eq!(told, refused, "{version}");
        }
    }
}
