//! A real PostgreSQL in a folder of its own, for the tests of this room and of those above. It ends only servers
//! that it started. Nothing here is for production.

mod database;
mod earlier;
mod pair;
mod recovery;
mod tls;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, NoTls};

use super::ConnectError;

pub use database::Database;
pub use pair::Pair;
pub use recovery::BaseBackup;

/// Whom the server runs as when we are root, which it refuses: nobody.
const NOBODY: u32 = 65_534;
/// How long a server may take to start: after a crash it reads its log first.
const START: Duration = Duration::from_mins(1);
/// Between looks whether it has started.
const LOOK: Duration = Duration::from_millis(10);

/// Why a test has no database.
#[derive(Debug, thiserror::Error)]
pub enum TestingError {
    /// The programs are not installed.
    #[error(
        "initdb and postgres are not found: name their folder in FLYTTBUD_POSTGRES_BIN, or put it on PATH"
    )]
    Missing,
    /// A file or process.
    #[error("the server cannot be started")]
    Io(#[from] std::io::Error),
    /// A program failed; what it said.
    #[error("initdb failed: {0}")]
    Initdb(String),
    /// It did not start in time; the end of its log.
    #[error("postgres did not start:\n{0}")]
    NotReady(String),
    /// It refused.
    #[error("the database refused")]
    Refused(#[from] tokio_postgres::Error),
    /// The schema.
    #[error("the schema cannot be made")]
    Connect(#[from] ConnectError),
}

/// A running server. Dropped, it is ended and its folder removed.
#[derive(Debug)]
pub struct Server {
    // before the folder, so that it has ended when that is removed
    process: Mutex<Process>,
    programs: Programs,
    port: u16,
    folder: TempDir,
}

#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // at once, but its shared memory is given back; nothing can be done about one that does not end
        signal(&self.0, Signal::SIGQUIT);
        self.0.wait().ok();
    }
}

static SHARED: tokio::sync::Mutex<Weak<Server>> = tokio::sync::Mutex::const_new(Weak::new());

impl Server {
    /// Starts a server on a socket in its folder.
    pub async fn start() -> Result<Self, TestingError> {
        // so that a test need not wait a minute for what is vacuumed
        Self::start_with(5432, "autovacuum_naptime = 1").await
    }

    /// Starts a server with more lines in its configuration. The port names its socket, and is listened on when
    /// these say so.
    pub async fn start_with(port: u16, lines: &str) -> Result<Self, TestingError> {
        Self::start_new(port, lines, true).await
    }

    /// The server that all tests of a process share, as long as one of them has it.
    pub async fn shared() -> Result<Arc<Self>, TestingError> {
        let mut shared = SHARED.lock().await;
        if let Some(server) = shared.upgrade() {
            return Ok(server);
        }
        let server = Arc::new(Self::start().await?);
        *shared = Arc::downgrade(&server);
        Ok(server)
    }

    /// Starts a server, with or without checksums in its pages.
    pub async fn start_new(
        port: u16,
        lines: &str,
        has_checksums: bool,
    ) -> Result<Self, TestingError> {
        let folder = tempfile::tempdir()?;
        let programs = Programs::find(folder.path())?;
        programs.initialize(&folder.path().join("data"), has_checksums)?;
        Self::start_in(folder, programs, port, lines).await
    }

    /// Starts a server over a database that was made in a folder.
    async fn start_in(
        folder: TempDir,
        programs: Programs,
        port: u16,
        lines: &str,
    ) -> Result<Self, TestingError> {
        let mut config = File::options()
            .append(true)
            .open(folder.path().join("data/postgresql.conf"))?;
        let sockets = folder.path().display();
        writeln!(
            config,
            "listen_addresses = ''\nunix_socket_directories = '{sockets}'"
        )?;
        writeln!(config, "port = {port}\n{lines}")?;
        let server = Self {
            process: Mutex::new(programs.launch(folder.path())?),
            programs,
            port,
            folder,
        };
        server.ready().await?;
        Ok(server)
    }

    /// A copy of this one that follows it, to take over from it. This one is restarted for it.
    pub async fn standby(&self) -> Result<Self, TestingError> {
        self.stop().await?;
        let folder = tempfile::tempdir()?;
        let programs = Programs::find(folder.path())?;
        let data = folder.path().join("data");
        Command::new("cp")
            .arg("-a")
            .arg(self.folder.path().join("data"))
            .arg(&data)
            .status()?;
        self.ready().await?;
        File::create(data.join("standby.signal"))?;
        let (sockets, followed) = (folder.path().display(), self.folder.path().display());
        let mut config = File::options()
            .append(true)
            .open(data.join("postgresql.conf"))?;
        writeln!(config, "unix_socket_directories = '{sockets}'")?;
        writeln!(
            config,
            "primary_conninfo = 'host={followed} port={} user=postgres'",
            self.port
        )?;
        let server = Self {
            process: Mutex::new(programs.launch(folder.path())?),
            programs,
            port: self.port,
            folder,
        };
        server.ready().await?;
        Ok(server)
    }

    /// Its folder; the database is in `data`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where a user finds a database, over the socket.
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgresql://{user}@{}/{database}", self.host())
    }

    fn host(&self) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("{folder}:{}", self.port)
    }

    /// A connection of somebody else's, for what no service may do.
    pub async fn client(&self, user: &str, database: &str) -> Result<Client, TestingError> {
        let (client, connection) =
            tokio_postgres::connect(&self.url(user, database), NoTls).await?;
        crate::spawn(async move {
            connection.await.ok();
        });
        Ok(client)
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&self) -> Result<(), TestingError> {
        let mut process = self.process();
        process.0.kill()?;
        process.0.wait()?;
        Ok(())
    }

    /// Ends it in order.
    pub async fn stop(&self) -> Result<(), TestingError> {
        signal(&self.process().0, Signal::SIGINT);
        while self.process().0.try_wait()?.is_none() {
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// Starts it again with the same files. One that still runs is ended first.
    pub async fn restart(&self) -> Result<(), TestingError> {
        self.stop().await?;
        self.ready().await
    }

    /// Waits until it takes connections. Its former self may still be leaving: then it is started once more.
    async fn ready(&self) -> Result<(), TestingError> {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            if self.is_ready()? {
                return Ok(());
            }
            sleep(LOOK).await;
        }
        let log = fs::read_to_string(self.folder.path().join("log"))?;
        let lines: Vec<&str> = log.lines().collect();
        let newest = lines.get(lines.len().saturating_sub(20)..);
        Err(TestingError::NotReady(
            newest.unwrap_or_default().join("\n"),
        ))
    }

    fn is_ready(&self) -> Result<bool, TestingError> {
        let mut process = self.process();
        if process.0.try_wait()?.is_some() {
            *process = self.programs.launch(self.folder.path())?;
        }
        let file = self.folder.path().join("data/postmaster.pid");
        let text = fs::read_to_string(file).unwrap_or_default();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Ok(lines.first() == Some(&process.0.id().to_string().as_str())
            && matches!(lines.last(), Some(&("ready" | "standby"))))
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The programs, and whom they run as.
#[derive(Debug)]
struct Programs {
    folder: PathBuf,
    /// The server refuses to be root's.
    as_nobody: bool,
}

impl Programs {
    /// Finds them; what they write goes to a new folder of ours, which is given to whom they run as.
    fn find(ours: &Path) -> Result<Self, TestingError> {
        let named = std::env::var_os("FLYTTBUD_POSTGRES_BIN");
        Self::at(find_in(named, std::env::var_os("PATH"))?, ours)
    }

    /// Likewise, those in a folder.
    fn at(folder: PathBuf, ours: &Path) -> Result<Self, TestingError> {
        let programs = Self {
            folder,
            as_nobody: ours.metadata()?.uid() == 0,
        };
        programs.own(ours)?;
        Ok(programs)
    }

    /// Gives a file or folder of ours to whom they run as.
    fn own(&self, ours: &Path) -> Result<(), TestingError> {
        if self.as_nobody {
            chown(ours, Some(NOBODY), Some(NOBODY))?;
        }
        Ok(())
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join(name));
        if self.as_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.stdin(Stdio::null());
        command
    }

    fn initialize(&self, data: &Path, has_checksums: bool) -> Result<(), TestingError> {
        let mut initdb = self.command("initdb");
        initdb.arg("-D").arg(data).args(["-U", "postgres"]);
        initdb.args(["-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        if has_checksums {
            initdb.arg("--data-checksums");
        } else if self.writes_checksums_unasked()? {
            initdb.arg("--no-data-checksums");
        }
        let output = initdb.output()?;
        if output.status.success() {
            Ok(())
        } else {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(TestingError::Initdb(said))
        }
    }

    /// As PostgreSQL does from 18 on.
    fn writes_checksums_unasked(&self) -> Result<bool, TestingError> {
        let help = self.command("initdb").arg("--help").output()?.stdout;
        Ok(String::from_utf8_lossy(&help).contains("--no-data-checksums"))
    }

    fn launch(&self, folder: &Path) -> Result<Process, TestingError> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"))?;
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(folder.join("data"));
        postgres.stdout(log.try_clone()?).stderr(log);
        Ok(Process(postgres.spawn()?))
    }
}

fn signal(child: &Child, signal: Signal) {
    if let Ok(pid) = i32::try_from(child.id()) {
        // one that has ended is not there to be told
        kill(Pid::from_raw(pid), signal).ok();
    }
}

fn find_in(named: Option<OsString>, path: Option<OsString>) -> Result<PathBuf, TestingError> {
    let places = named.unwrap_or_else(|| path.unwrap_or_default());
    std::env::split_paths(&places)
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .ok_or(TestingError::Missing)
}
