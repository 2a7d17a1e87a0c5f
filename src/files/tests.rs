use std::fs;

use super::*;

#[test]
fn a_file_is_replaced_whole_and_nothing_else_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.json");
    put(&path, b"one", Readers::Anyone).unwrap();
    put(&path, b"two", Readers::Anyone).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_failure_leaves_no_temporary_file() {
    let dir = tempfile::tempdir().unwrap();
    let taken = dir.path().join("taken");
    fs::create_dir(&taken).unwrap();
    put(&taken, b"x", Readers::Anyone).unwrap_err();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert!(taken.is_dir());
}

#[cfg(unix)]
#[test]
fn a_private_file_is_its_owners() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    put(&path, b"new", Readers::Owner).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
