//! One service, `flyttbud serve` or another: started, asked to end, or killed as a crash would.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::program::flyttbud;

/// How long it may take to say its address, and to drain.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running service.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    pub(crate) url: String,
    /// Kept, so that it never writes into a closed pipe.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Service {
    /// Starts one by its verb over `<name>.toml`, with more options; none when it ended instead, with its log in
    /// `<name>.log`.
    pub(crate) async fn start(
        folder: &Path,
        verb: &str,
        name: &str,
        options: &[&str],
    ) -> Option<Self> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join(format!("{name}.log")))
            .expect("a log");
        let mut child = Command::new(flyttbud())
            .args([verb, "--config"])
            .arg(folder.join(format!("{name}.toml")))
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("flyttbud starts");
        let stdout = child.stdout.take().expect("its output is piped");
        let mut output = BufReader::new(stdout).lines();
        let line = timeout(PATIENCE, output.next_line())
            .await
            .expect("flyttbud serve says its address in time")
            .expect("its output can be read")?;
        let address = line.strip_prefix("serving on ")?;
        Some(Self {
            url: address.to_owned(),
            child,
            _output: output,
        })
    }

    /// As an operator would end it: it drains.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.ended().await
    }

    /// As a crash would end it.
    pub(crate) async fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.ended().await;
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id().expect("the service runs")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.process()).expect("a process id");
        kill(Pid::from_raw(id), signal).expect("the service is ours");
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait())
            .await
            .expect("the service ends in time")
            .expect("its status can be read")
    }
}

/// Starts one that must end by itself: its exit code, and what it said.
pub(crate) async fn refused(
    folder: &Path,
    verb: &str,
    name: &str,
    options: &[&str],
) -> (Option<i32>, String) {
    let ended = Command::new(flyttbud())
        .args([verb, "--config"])
        .arg(folder.join(format!("{name}.toml")))
        .args(options)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(PATIENCE, ended)
        .await
        .expect("it ends in time")
        .expect("flyttbud starts");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (output.status.code(), said)
}
