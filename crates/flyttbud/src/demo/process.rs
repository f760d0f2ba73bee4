//! A service as a process of the demo's: started, asked to end, or killed.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a service may take to say its address.
const START: Duration = Duration::from_secs(20);
/// How long it may take to drain.
const STOP: Duration = Duration::from_secs(40);

/// A running service.
pub(super) struct Process {
    child: Child,
    url: String,
}

impl Process {
    /// Starts a service by its verb over `<name>.toml`; it logs into `<name>.log`.
    pub(super) async fn start(folder: &Path, verb: &str, name: &str) -> anyhow::Result<Self> {
        let log = std::fs::File::create(folder.join(format!("{name}.log")))?;
        let mut child = Command::new(std::env::current_exe()?)
            .args([verb, "--config"])
            .arg(folder.join(format!("{name}.toml")))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            // a Ctrl-C is for the demo, which then ends the service
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("no output of the service")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(START, lines.next_line()).await;
        let line = line.context("the service did not start in time")??;
        let url = line
            .as_deref()
            .and_then(|line| line.strip_prefix("serving on "))
            .with_context(|| {
                let folder = folder.display();
                format!("flyttbud {verb} did not start; see {folder}/{name}.log")
            })?
            .to_owned();
        Ok(Self { child, url })
    }

    /// Where it answers.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// As a crash would end it.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// As an operator would: it drains.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        let Some(id) = self.child.id() else {
            // it was killed before
            return Ok(());
        };
        Command::new("kill").arg(id.to_string()).status().await?;
        let ended = timeout(STOP, self.child.wait()).await;
        let status = ended.context("a service did not end in time")??;
        ensure!(status.success(), "a service ended with {status}");
        Ok(())
    }
}
