//! The executable under test: where it is, and how a verb of it is run to its end.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The executable that was built beside this program, or the one that `FLYTTBUD_BIN` names.
pub fn flyttbud() -> PathBuf {
    if let Some(named) = env::var_os("FLYTTBUD_BIN") {
        return named.into();
    }
    let own = env::current_exe().expect("this program has a path");
    own.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("flyttbud"))
        .find(|program| program.is_file())
        .expect("flyttbud is not built: cargo build -p flyttbud")
}

/// Runs a verb to its end; it must succeed.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(flyttbud())
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("flyttbud starts");
    assert!(
        output.status.success(),
        "flyttbud {arguments:?} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
