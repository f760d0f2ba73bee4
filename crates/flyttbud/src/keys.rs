//! `flyttbud keys`: the files with the root key and with the keys that sign, and a key store that moves, to another
//! place or another root key. Nobody else may read these files, and none is ever overwritten.

mod copy;
mod held;
mod roots;
mod verify;

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, ensure};
use clap::Subcommand;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;
use tlog::cosignature::Witness;
use tlog::key::{Log, Role, Signer};
use tlog::note::Name;
use tokio::runtime::Runtime;
use vault::RootKey;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::journal::tell;
use crate::output;

/// Bytes of a file with a signing key: a name of some hundred signs fits.
const KEY_BYTES_MAX: u64 = 1024;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make a new root key; an existing file is never overwritten
    Create {
        /// The file to make
        file: PathBuf,
    },
    /// Make the key that signs the log, and print what verifies it; an existing file is never overwritten
    Log {
        /// The name of the log for ever, for example flyttbud.example/log
        #[arg(long)]
        name: String,
        /// The file to make
        #[arg(long)]
        out: PathBuf,
    },
    /// Make a witness's key, and print what verifies it; an existing file is never overwritten
    Witness {
        /// The name of the witness for ever, for example solna.example/witness
        #[arg(long)]
        name: String,
        /// The file to make
        #[arg(long)]
        out: PathBuf,
    },
    /// Carry a key store that no service has open into an empty place; the root key stays the same
    Copy(copy::Options),
    /// Show which root keys wrap the keys of a key store, the newest first, and how many each
    Roots(roots::Shown),
    /// Move a key store in PostgreSQL to a new root key while gateways run; killed, it is run again
    RotateRoot(roots::Options),
    /// Hold a key store against itself: name whatever was changed, moved or lost in it
    Verify(verify::Options),
}

pub(crate) fn run(verb: &Verb, json: bool) -> Result<(), Failure> {
    match verb {
        Verb::Create { file } => {
            let key = RootKey::create(file).map_err(|error| Failure::Usage(error.into()))?;
            if json {
                tell(json, &[("file", json!(file)), ("id", json!(key.id()))]);
                return Ok(());
            }
            output::say(&format!(
                "made {} with key {}; keep a copy in a safe",
                file.display(),
                key.id()
            ));
        }
        Verb::Log { name, out } => made::<Log>(name, out, json)?,
        Verb::Witness { name, out } => made::<Witness>(name, out, json)?,
        Verb::Copy(options) => runtime()?.block_on(copy::run(options, json))?,
        Verb::Roots(shown) => runtime()?.block_on(roots::show(shown, json))?,
        Verb::RotateRoot(options) => runtime()?.block_on(roots::rotate(options, json))?,
        Verb::Verify(options) => runtime()?.block_on(verify::run(options, json))?,
    }
    Ok(())
}

fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(error.into()))
}

/// Makes a key, and prints what verifies it.
fn made<R: Role>(name: &str, out: &Path, json: bool) -> Result<(), Failure> {
    let key = create::<R>(name, out).map_err(Failure::Usage)?;
    let verifier = key.verifier().to_string();
    if json {
        tell(json, &[("file", json!(out)), ("verifier", json!(verifier))]);
    } else {
        output::say(&verifier);
    }
    Ok(())
}

/// Makes a key and writes it to a file, which must not exist yet, with mode 0600.
pub(crate) fn create<R: Role>(name: &str, path: &Path) -> anyhow::Result<Signer<R>> {
    let name = Name::parse(name).with_context(|| format!("'{name}'"))?;
    let mut seed = Zeroizing::new([0; 32]);
    SystemRandom::new()
        .fill(seed.as_mut_slice())
        .map_err(|_unspecified| anyhow!("the system gives no random bytes"))?;
    let signer = Signer::new(name, &seed);
    let text = Zeroizing::new(format!("{}\n", *signer.secret()));
    let written = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    written().with_context(|| format!("'{}' cannot be made", path.display()))?;
    Ok(signer)
}

/// Reads a key from a file that nobody else may read.
pub(crate) fn read<R: Role>(path: &Path) -> anyhow::Result<Signer<R>> {
    let named = || format!("'{}'", path.display());
    let file = File::open(path).with_context(named)?;
    let mode = file.metadata().with_context(named)?.permissions().mode() & 0o7777;
    ensure!(
        mode == 0o600 || mode == 0o400,
        "'{}' has mode {mode:04o}, so that others can read the key: set it to 0600",
        path.display()
    );
    let mut text = Zeroizing::new(String::new());
    file.take(KEY_BYTES_MAX)
        .read_to_string(&mut text)
        .with_context(named)?;
    Signer::parse(text.trim_end_matches('\n')).with_context(named)
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, read_to_string, set_permissions, write};

    use super::*;

    fn text(error: &anyhow::Error) -> String {
        format!("{error:#}")
    }

    #[test]
    fn a_key_is_read_back_as_it_was_made_and_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.key");
        let made = create::<Log>("flyttbud.example/log", &path).expect("made");
        let kept = read_to_string(&path).expect("text");
        assert_eq!(
            read::<Log>(&path).expect("read").verifier(),
            made.verifier()
        );
        let again = create::<Log>("flyttbud.example/log", &path).expect_err("refused");
        assert!(
            text(&again).contains("log.key' cannot be made"),
            "{again:#}"
        );
        assert_eq!(read_to_string(&path).expect("text"), kept);
        let other = create::<Log>("flyttbud.example/log", &folder.path().join("other"));
        assert_ne!(other.expect("made").verifier(), made.verifier());
    }

    #[test]
    fn a_key_that_others_may_read_or_of_another_form_is_refused_and_not_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.key");
        create::<Log>("flyttbud.example/log", &path).expect("made");
        set_permissions(&path, Permissions::from_mode(0o640)).expect("a mode");
        let refused = text(&read::<Log>(&path).expect_err("refused"));
        assert!(
            refused.ends_with("mode 0640, so that others can read the key: set it to 0600"),
            "{refused}"
        );
        set_permissions(&path, Permissions::from_mode(0o600)).expect("a mode");
        let kept = read_to_string(&path).expect("text");
        read::<Witness>(&path).expect_err("a key for another role");
        for wrong in [kept.replace("PRIVATE", ""), kept.repeat(2), String::new()] {
            write(&path, &wrong).expect("written");
            let refused = text(&read::<Log>(&path).expect_err("refused"));
            let secret = kept.rsplit('+').next().expect("the last part").trim();
            assert!(!refused.contains(secret), "{refused}");
        }
        for name in ["", "a b", "a+b"] {
            let refused = create::<Log>(name, &folder.path().join("new"));
            assert!(refused.is_err(), "{name}");
        }
        assert!(!folder.path().join("new").exists());
    }
}
