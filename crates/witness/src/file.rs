//! Files that are there wholly or not at all, also after a power cut.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Replaces a file, and returns once that is on the disk. Killed in between, the former one is there.
pub(crate) fn replace(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let fresh = folder.join(format!("{name}.new"));
    let mut file = File::create(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, folder.join(name))?;
    // the new name is in the folder, which has to be on the disk as well
    File::open(folder)?.sync_all()
}
