use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::super::operator::doubt;
use super::super::{Certificates, Credential, Renewal};
use super::{DAY, noon};

/// Keys that OpenSSL wrote for these tests; they guard nothing.
const PKCS1: &str = include_str!("rsa-pkcs1.pem");
const SEC1: &str = include_str!("ec-sec1.pem");

struct Files {
    _dir: TempDir,
    cert: PathBuf,
    key: PathBuf,
}

fn files(cert: &str, key: &str) -> Files {
    let dir = tempfile::tempdir().unwrap();
    let (cert_path, key_path) = (dir.path().join("c.pem"), dir.path().join("k.pem"));
    fs::write(&cert_path, cert).unwrap();
    fs::write(&key_path, key).unwrap();
    Files { _dir: dir, cert: cert_path, key: key_path }
}

fn certificate(key: &KeyPair, end: SystemTime) -> String {
    let mut params = CertificateParams::new(["gate.example.com".to_owned()]).unwrap();
    params.not_before = (noon() - DAY).into();
    params.not_after = end.into();
    params.self_signed(key).unwrap().pem()
}

fn good() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    (certificate(&key, noon() + 90 * DAY), key.serialize_pem())
}

fn load(files: &Files) -> Result<Credential, String> {
    Credential::from_files(&files.cert, &files.key, noon()).map_err(|error| error.to_string())
}

/// The message, with the folder of the test taken out.
fn message(files: &Files) -> String {
    let dir = format!("{}{}", files.cert.parent().unwrap().display(), std::path::MAIN_SEPARATOR);
    load(files).unwrap_err().replace(&dir, "")
}

#[test]
fn a_pair_is_served_and_its_hash_not_published() {
    let (cert, key) = good();
    let files = files(&cert, &key);
    let certificates = Certificates::from_files(&files.cert, &files.key, noon()).unwrap();
    assert!(certificates.published_hashes().is_empty());
    assert_eq!(certificates.current().not_after(), noon() + 90 * DAY);
    assert_eq!(certificates.renew_if_due(noon() + 80 * DAY).unwrap(), Renewal::NotDue);
    certificates.replace(Credential::dev(noon()).unwrap(), noon());
    assert_eq!(certificates.published_hashes().len(), 1, "the operator's is not listed as the one before");
}

#[test]
fn a_chain_is_kept_whole() {
    let ((cert, key), (issuer, _)) = (good(), good());
    let credential = load(&files(&format!("{cert}{issuer}"), &key)).unwrap();
    assert_eq!(credential.key.cert.len(), 2);
}

#[test]
fn one_file_may_hold_both() {
    let (cert, key) = good();
    let both = format!("{key}{cert}");
    load(&files(&both, &both)).unwrap();
}

#[test]
fn all_three_forms_of_keys_are_read() {
    let pkcs8 = KeyPair::generate().unwrap().serialize_pem();
    let forms = [(&*pkcs8, "BEGIN PRIVATE KEY"), (PKCS1, "BEGIN RSA PRIVATE KEY"), (SEC1, "BEGIN EC PRIVATE KEY")];
    for (pem, label) in forms {
        assert!(pem.contains(label));
        let key = KeyPair::from_pem(pem).unwrap();
        load(&files(&certificate(&key, noon() + DAY), pem)).unwrap();
    }
}

#[test]
fn what_is_missing_is_named() {
    let (cert, key) = good();
    let mut files = files(&cert, &key);
    files.key = files.key.with_file_name("no.pem");
    let text = message(&files);
    assert!(text.starts_with("--key no.pem: "), "{text}");
    assert!(text.ends_with("; name a PEM file that the gateway may read"), "{text}");
    files.cert = Path::new(&files.cert).with_file_name("none.pem");
    assert!(message(&files).starts_with("--cert none.pem: "));
}

#[test]
fn every_message_says_which_file_and_what_to_do() {
    let (cert, key) = good();
    let (_, other) = good();
    let cut = &cert[..cert.len() / 2];
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let table = [
        (
            key.as_str(),
            key.as_str(),
            "--cert c.pem: no certificate in it; give the PEM chain (-----BEGIN CERTIFICATE-----)",
        ),
        ("", &key, "--cert c.pem: no certificate in it; give the PEM chain (-----BEGIN CERTIFICATE-----)"),
        (&cert, &cert, "--key k.pem: no private key in it; give an unencrypted PEM key (PKCS#8, PKCS#1 or SEC1)"),
        (&cert, encrypted, "--key k.pem: the key is encrypted; decrypt it first (openssl pkey -in … -out …)"),
        (
            &cert,
            &other,
            "--cert c.pem, --key k.pem: the key does not match the certificate; give the pair that belongs together, the server's own certificate first",
        ),
    ];
    for (cert, key, expected) in table {
        assert_eq!(message(&files(cert, key)), expected);
    }
    let text = message(&files(cut, &key));
    assert!(text.starts_with("--cert c.pem: not readable as PEM ("), "{text}");
    assert!(text.ends_with("); give the file as it was issued"), "{text}");
}

#[test]
fn an_expired_certificate_is_served_with_a_warning() {
    let key = KeyPair::generate().unwrap();
    let credential = load(&files(&certificate(&key, noon()), &key.serialize_pem())).unwrap();
    assert_eq!(doubt(&credential, noon()), None);
    assert_eq!(doubt(&credential, noon() + DAY).unwrap(), "it expired on 2026-05-28T20:26:40Z");
    assert_eq!(doubt(&credential, noon() - 2 * DAY).unwrap(), "it is not valid yet");
}
