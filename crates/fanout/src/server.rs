//! A nats-server of our own, for demo and tests: started in a folder, ended with its handle. It never touches
//! a server that it did not start.

use std::env;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

use crate::config::{NatsPlan, server_config};
use crate::limits::{SERVER_LOOK, SERVER_START, SERVER_STOP};

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The program is not installed.
    #[error(
        "nats-server is not found: `cargo xtask test` installs it; or name one in FLYTTBUD_NATS_SERVER"
    )]
    Missing,
    /// The program cannot be started, or a file cannot be written.
    #[error("nats-server cannot be started")]
    Io(#[from] std::io::Error),
    /// It did not say its port in time; its log says why.
    #[error("nats-server did not start; see '{}'", log.display())]
    NotReady {
        /// Its log.
        log: PathBuf,
    },
}

/// A running nats-server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    binary: PathBuf,
    folder: PathBuf,
    plan: NatsPlan,
}

impl Server {
    /// The program: the one that `FLYTTBUD_NATS_SERVER` names, or the first on `PATH`.
    pub fn find() -> Result<PathBuf, ServerError> {
        find_in(env::var_os("FLYTTBUD_NATS_SERVER"), env::var_os("PATH"))
    }

    /// Starts a server; port -1 takes a free one, and keeps it over restarts.
    pub async fn start(binary: &Path, folder: &Path, plan: NatsPlan) -> Result<Self, ServerError> {
        let config = server_config(&plan);
        Self::start_with(binary, folder, plan, &config).await
    }

    /// Starts a server with a configuration that is not quite the plan's.
    pub(crate) async fn start_with(
        binary: &Path,
        folder: &Path,
        plan: NatsPlan,
        config: &str,
    ) -> Result<Self, ServerError> {
        fs::create_dir_all(folder)?;
        let mut server = Self {
            child: spawn(binary, folder, config)?,
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            plan,
        };
        server.plan.port = server.ready().await?;
        Ok(server)
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("nats://{}:{}", self.plan.listen.host(), self.plan.port)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it in order; one that does not end in time is killed.
    pub async fn stop(&mut self) -> Result<(), ServerError> {
        let deadline = Instant::now() + SERVER_STOP;
        if self.child.try_wait()?.is_none() {
            self.signal(Signal::SIGTERM)?;
        }
        while self.child.try_wait()?.is_none() {
            if Instant::now() >= deadline {
                return self.kill();
            }
            sleep(SERVER_LOOK).await;
        }
        Ok(())
    }

    /// Stops it where it is, as a machine does that is moved: its sockets stay open, and nothing is answered.
    pub fn pause(&self) -> Result<(), ServerError> {
        self.signal(Signal::SIGSTOP)
    }

    /// Lets it go on.
    pub fn resume(&self) -> Result<(), ServerError> {
        self.signal(Signal::SIGCONT)
    }

    fn signal(&self, signal: Signal) -> Result<(), ServerError> {
        // a process id is never that large
        if let Ok(pid) = i32::try_from(self.child.id()) {
            kill(Pid::from_raw(pid), signal).map_err(std::io::Error::from)?;
        }
        Ok(())
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) -> Result<(), ServerError> {
        self.child.kill()?;
        self.child.wait()?;
        // another may get its process id
        fs::remove_file(self.ports_file()).ok();
        Ok(())
    }

    /// Starts it again on the same port, with the same files. One that still runs is ended first.
    pub async fn restart(&mut self) -> Result<(), ServerError> {
        self.stop().await?;
        self.child = spawn(&self.binary, &self.folder, &server_config(&self.plan))?;
        self.ready().await.map(|_port| ())
    }

    /// Waits until it says its ports, and returns the client port.
    async fn ready(&mut self) -> Result<i32, ServerError> {
        let ports = self.ports_file();
        let deadline = Instant::now() + SERVER_START;
        while Instant::now() < deadline && self.child.try_wait()?.is_none() {
            let text = fs::read_to_string(&ports).ok();
            if let Some(port) = text.and_then(|text| port(&text)) {
                return Ok(port);
            }
            sleep(SERVER_LOOK).await;
        }
        Err(ServerError::NotReady {
            log: self.folder.join("nats.log"),
        })
    }

    fn ports_file(&self) -> PathBuf {
        let name = format!("nats-server_{}.ports", self.child.id());
        self.folder.join(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // nothing can be done about one that does not die
        self.kill().ok();
    }
}

fn find_in(named: Option<OsString>, path: Option<OsString>) -> Result<PathBuf, ServerError> {
    if let Some(named) = named {
        return Some(PathBuf::from(named))
            .filter(|named| named.components().count() == 1 || named.is_file())
            .ok_or(ServerError::Missing);
    }
    env::split_paths(&path.unwrap_or_default())
        .map(|folder| folder.join("nats-server"))
        .find(|program| program.is_file())
        .ok_or(ServerError::Missing)
}

fn spawn(binary: &Path, folder: &Path, config: &str) -> Result<Child, ServerError> {
    let file = folder.join("nats.conf");
    fs::write(&file, config)?;
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("nats.log"))?;
    let mut program = Command::new(binary);
    program.arg("--config").arg(&file);
    program.arg("--ports_file_dir").arg(folder);
    program.stdin(Stdio::null());
    program.stdout(log.try_clone()?).stderr(log);
    Ok(program.spawn()?)
}

/// The client port in the file that the server writes.
fn port(text: &str) -> Option<i32> {
    let ports: serde_json::Value = serde_json::from_str(text).ok()?;
    let url = ports.get("nats")?.get(0)?.as_str()?;
    url.rsplit_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_nowhere_is_missing_and_the_text_says_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path().join("nats-server");
        let path = || Some(folder.path().as_os_str().to_owned());
        let error = find_in(None, path()).expect_err("nothing there");
        assert!(error.to_string().contains("cargo xtask test"));
        assert!(find_in(None, None).is_err());
        assert!(find_in(Some(here.clone().into()), None).is_err());
        fs::write(&here, "").expect("a file");
        assert_eq!(find_in(None, path()).expect("on the path"), here);
        assert_eq!(
            find_in(Some(here.clone().into()), None).expect("named"),
            here
        );
    }

    #[test]
    fn the_port_is_read_from_what_the_server_writes() {
        for (text, expected) in [
            (r#"{"nats":["nats://127.0.0.1:4222"]}"#, Some(4222)),
            (r#"{"nats":[]}"#, None),
            (r#"{"nats":["nats://127.0"#, None),
            ("", None),
        ] {
            assert_eq!(port(text), expected, "{text}");
        }
    }
}
