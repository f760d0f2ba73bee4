//! Base backups and recovery to a point in time, as docs/backup.md has it, with the server's own program alone.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use super::{LOOK, Programs, START, Server, TestingError};

/// A server's files as they were copied while it ran. By themselves they are nothing: what was written meanwhile is in
/// the archive.
#[derive(Debug)]
pub struct BaseBackup(TempDir);

impl Server {
    /// Starts a server that archives its write-ahead log beside its data.
    pub async fn start_archiving() -> Result<Self, TestingError> {
        // both run where the data is
        let lines =
            "archive_mode = on\narchive_command = 'mkdir -p ../archive && cp %p ../archive/%f'";
        Self::start_with(5432, lines).await
    }

    /// Copies its files while it runs.
    pub async fn base_backup(&self) -> Result<BaseBackup, TestingError> {
        let backup = tempfile::tempdir()?;
        let data = backup.path().join("data");
        let superuser = self.client("postgres", "postgres").await?;
        superuser
            .execute("SELECT pg_backup_start('drill', true)", &[])
            .await?;
        copy(&self.folder.path().join("data"), &data)?;
        let stop = "SELECT labelfile FROM pg_backup_stop()";
        let label: String = superuser.query_one_scalar(stop, &[]).await?;
        fs::write(data.join("backup_label"), label)?;
        fs::remove_file(data.join("postmaster.pid"))?;
        for file in fs::read_dir(data.join("pg_wal"))? {
            let file = file?;
            if file.file_type()?.is_file() {
                fs::remove_file(file.path())?;
            }
        }
        Ok(BaseBackup(backup))
    }

    /// Gives this moment a name.
    pub async fn name_point(&self, name: &str) -> Result<(), TestingError> {
        let superuser = self.client("postgres", "postgres").await?;
        superuser
            .execute("SELECT pg_create_restore_point($1)", &[&name])
            .await?;
        Ok(())
    }

    /// A server over a base backup and this one's archive, with everything up to a named point and nothing after it.
    pub async fn recovered(&self, backup: &BaseBackup, point: &str) -> Result<Self, TestingError> {
        self.archive().await?;
        let folder = tempfile::tempdir()?;
        let programs = Programs::find(folder.path())?;
        let data = folder.path().join("data");
        copy(&backup.0.path().join("data"), &data)?;
        File::create(data.join("recovery.signal"))?;
        for ours in ["recovery.signal", "backup_label"] {
            programs.own(&data.join(ours))?;
        }
        let mut config = File::options()
            .append(true)
            .open(data.join("postgresql.conf"))?;
        let (sockets, archive) = (folder.path().display(), self.folder.path().join("archive"));
        writeln!(config, "unix_socket_directories = '{sockets}'")?;
        writeln!(config, "restore_command = 'cp {}/%f %p'", archive.display())?;
        writeln!(
            config,
            "recovery_target_name = '{point}'\nrecovery_target_action = 'promote'"
        )?;
        let server = Self {
            process: Mutex::new(programs.launch(folder.path())?),
            programs,
            port: self.port,
            folder,
        };
        server.ready().await?;
        let superuser = server.client("postgres", "postgres").await?;
        eventually(&superuser, "SELECT NOT pg_is_in_recovery()").await?;
        Ok(server)
    }

    /// Archives what was written so far.
    async fn archive(&self) -> Result<(), TestingError> {
        let superuser = self.client("postgres", "postgres").await?;
        let switch = "SELECT pg_walfile_name(pg_switch_wal())";
        let file: String = superuser.query_one_scalar(switch, &[]).await?;
        let archived = format!("SELECT last_archived_wal >= '{file}' FROM pg_stat_archiver");
        eventually(&superuser, &archived).await
    }
}

/// Owners and modes stay what they are.
fn copy(from: &Path, to: &Path) -> Result<(), TestingError> {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
    if copied.success() {
        return Ok(());
    }
    Err(std::io::Error::other("cp failed").into())
}

/// Asks until the answer is yes, as long as a start may take.
async fn eventually(client: &Client, question: &str) -> Result<(), TestingError> {
    let deadline = Instant::now() + START;
    while client
        .query_one_scalar::<Option<bool>, _>(question, &[])
        .await?
        != Some(true)
    {
        if Instant::now() > deadline {
            return Err(TestingError::NotReady(question.to_owned()));
        }
        sleep(LOOK).await;
    }
    Ok(())
}
