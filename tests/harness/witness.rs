//! A witness of the world's log: a process of its own, killed, held and started again where it was.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;

use super::program::run;
use super::service::Service;
use super::world::started;

/// A witness.
#[derive(Debug)]
pub struct Witness {
    service: Service,
    /// Its name in the policy, and the name of its files: `<name>.toml`, `<name>.log`, `<name>.key`.
    pub name: String,
    /// What it knows, and contradictions.
    pub folder: PathBuf,
    world: PathBuf,
}

impl Witness {
    /// Makes its key and starts it; gives its line of the policy.
    pub(crate) async fn start(world: &Path, number: usize) -> (Self, String) {
        let name = format!("w{number}");
        let (full, file) = (format!("{name}.example/witness"), format!("{name}.key"));
        let made = run(world, &["keys", "witness", "--name", &full, "--out", &file]);
        let key = String::from_utf8(made.stdout).expect("a key");
        configure(world, number, "127.0.0.1:0");
        let service = started(world, "witness", &name).await;
        let address = service.url.strip_prefix("https://").expect("an address");
        // whoever starts it again finds it where it was
        configure(world, number, address);
        let line = format!("witness {name} {} {}\n", key.trim_end(), service.url);
        let witness = Self {
            service,
            folder: world.join(&name),
            name,
            world: world.to_owned(),
        };
        (witness, line)
    }

    /// Kills it.
    pub async fn kill(&mut self) {
        self.service.kill().await;
    }

    /// Starts it again over the same files.
    pub async fn start_again(&mut self) {
        self.service = started(&self.world, "witness", &self.name).await;
    }

    /// Holds it: it answers nobody, and its connections stay open.
    pub fn hold(&self) {
        self.service.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn let_go(&self) {
        self.service.signal(Signal::SIGCONT);
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.world.join(format!("{}.log", self.name))).expect("a log")
    }

    /// The file with the checkpoint that it cosigned last.
    pub fn state(&self) -> PathBuf {
        let listed = fs::read_dir(&self.folder).expect("a folder");
        let mut states = listed
            .map(|file| file.expect("a file").path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|ending| ending == "checkpoint")
            });
        states.next().expect("it has cosigned")
    }
}

/// The first one asks whoever connects for a certificate.
fn configure(world: &Path, number: usize, address: &str) {
    let key = fs::read_to_string(world.join("log.pub")).expect("a key");
    let (key, world_folder) = (key.trim_end(), world.display());
    let mut text = format!(
        r#"[listen]
https = "{address}"

[witness]
folder = "{world_folder}/w{number}"
signing_key = "{world_folder}/w{number}.key"

[known_logs]
flyttbud = "{key}"

[tls]
certificate = "{world_folder}/server.pem"
key = "{world_folder}/server.key"
"#
    );
    if number == 1 {
        writeln!(
            text,
            "client_authorities = \"{world_folder}/authority.pem\""
        )
        .expect("room");
    }
    fs::write(world.join(format!("w{number}.toml")), text).expect("a configuration");
}
