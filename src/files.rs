//! Files that others read while they are written: put in place whole, by a rename.
//!
//! A reader sees the old content or the new, never a part, and what cannot be written leaves nothing behind.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(test)]
mod tests;

/// Who may read the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Whoever the system's defaults let.
    Anyone,
    /// Its owner alone (mode 0600; on Windows the folder's own rules).
    Owner,
}

/// Puts a file in place, replacing one that is there.
///
/// # Errors
/// Those of the file system; the file that was there is untouched then.
pub fn put(path: &Path, content: &[u8], readers: Readers) -> io::Result<()> {
    let temporary = beside(path);
    let written = write_new(&temporary, content, readers).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A name in the same folder, since a rename does not cross file systems, that no other writer takes.
fn beside(path: &Path) -> PathBuf {
    static SERIAL: AtomicU32 = AtomicU32::new(0);
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}-{}.tmp", process::id(), SERIAL.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

fn write_new(path: &Path, content: &[u8], readers: Readers) -> io::Result<()> {
    let mut file = create(path, readers)?;
    file.write_all(content)?;
    // Without it a power cut may leave the new name on an empty file.
    file.sync_all()
}

/// A file left by a process that died under the same id is removed first: its mode would stay.
fn create(path: &Path, readers: Readers) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    restrict(&mut options, readers);
    options.open(path)
}

#[cfg(unix)]
fn restrict(options: &mut OpenOptions, readers: Readers) {
    use std::os::unix::fs::OpenOptionsExt;
    if readers == Readers::Owner {
        options.mode(0o600);
    }
}

#[cfg(not(unix))]
fn restrict(_: &mut OpenOptions, _: Readers) {}
