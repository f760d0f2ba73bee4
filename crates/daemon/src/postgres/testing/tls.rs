//! A server that speaks TLS itself and asks for passwords: what comes in the clear is not let in.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Programs, Server, TestingError};

/// Where packages of Debian put each version's programs.
const PACKAGED: &str = "/usr/lib/postgresql";
/// Who gets in: everybody on the socket, which lies in a folder of ours; with a password over TLS from this machine.
const ADMITTED: &str = "local all all trust\nhostssl all all 127.0.0.0/8 scram-sha-256\n";

impl Server {
    /// Starts a server with TLS on a free port of 127.0.0.1 and 127.0.0.2, with a certificate and its key, PEM. None when
    /// no PostgreSQL that is installed has TLS built in.
    pub async fn start_tls(certificate: &Path, key: &Path) -> Result<Option<Self>, TestingError> {
        for programs in installed() {
            let folder = tempfile::tempdir()?;
            let programs = Programs::at(programs, folder.path())?;
            let data = folder.path().join("data");
            programs.initialize(&data, true)?;
            if !programs.have_tls(&data)? {
                continue;
            }
            for (name, from) in [("server.crt", certificate), ("server.key", key)] {
                let to = data.join(name);
                fs::copy(from, &to)?;
                fs::set_permissions(&to, fs::Permissions::from_mode(0o600))?;
                programs.own(&to)?;
            }
            fs::write(data.join("pg_hba.conf"), ADMITTED)?;
            return Self::listening(folder, programs, "ssl = on")
                .await
                .map(Some);
        }
        Ok(None)
    }

    /// Starts a server without TLS on a free port of 127.0.0.1, which lets everybody in.
    pub async fn start_in_the_clear() -> Result<Self, TestingError> {
        let folder = tempfile::tempdir()?;
        let programs = Programs::find(folder.path())?;
        programs.initialize(&folder.path().join("data"), true)?;
        Self::listening(folder, programs, "").await
    }

    /// Its port, over TCP if it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    async fn listening(
        folder: TempDir,
        programs: Programs,
        lines: &str,
    ) -> Result<Self, TestingError> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let lines = format!("{lines}\nlisten_addresses = '127.0.0.1,127.0.0.2'");
        Self::start_in(folder, programs, port, &lines).await
    }
}

impl Programs {
    /// Whether TLS is built in, over a database that was made.
    fn have_tls(&self, data: &Path) -> Result<bool, TestingError> {
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(data);
        let told = postgres.args(["-c", "ssl=on", "-C", "ssl"]).output()?;
        Ok(told.status.success())
    }
}

/// Folders with programs: those that tests use, then those of packages.
fn installed() -> Vec<PathBuf> {
    let versions = fs::read_dir(PACKAGED).into_iter().flatten().flatten();
    let packaged = versions.map(|version| version.path().join("bin"));
    let named = std::env::var_os("FLYTTBUD_POSTGRES_BIN");
    let path = std::env::var_os("PATH");
    super::find_in(named, path)
        .into_iter()
        .chain(packaged.filter(|folder| folder.join("initdb").is_file()))
        .collect()
}
