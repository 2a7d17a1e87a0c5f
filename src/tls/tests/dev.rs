use std::fs;
use std::path::Path;

use rcgen::SanType;
use rustls_pki_types::PrivateKeyDer;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::super::dev::{CERT_FILE, KEY_FILE, Kept, alternative_names, obtain};
use super::super::{Certificates, Credential, Fingerprint};
use super::{DAY, HOUR, leaf, noon};
use crate::config::LogFormat;
use crate::telemetry::tests::logged;

fn reason(kept: Kept) -> String {
    match kept {
        Kept::Written { replaced: Some(reason) } => reason,
        other => panic!("nothing was replaced: {other:?}"),
    }
}

fn assert_replaced(dir: &Path, old: Fingerprint, expected: &str) {
    let (credential, kept) = obtain(Some(dir), noon()).unwrap();
    assert_ne!(credential.fingerprint(), old);
    assert_eq!(reason(kept), expected);
    assert_eq!(obtain(Some(dir), noon()).unwrap().1, Kept::Found, "what took its place serves");
}

#[test]
fn it_is_what_browsers_take_by_hash() {
    let credential = Credential::dev(noon()).unwrap();
    let der = leaf(&credential);
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    let key = certificate.public_key().algorithm.clone();
    assert_eq!(key.algorithm.to_id_string(), "1.2.840.10045.2.1", "an elliptic curve key");
    assert_eq!(key.parameters.unwrap().as_oid().unwrap().to_id_string(), "1.2.840.10045.3.1.7", "P-256");
    assert_eq!(credential.lifetime(), 13 * DAY + HOUR);
    assert_eq!(credential.not_after(), noon() + 13 * DAY);
    assert!(credential.is_valid(noon() - HOUR) && credential.is_early(noon() - HOUR - HOUR));
    assert!(credential.is_valid(noon() + 13 * DAY) && credential.is_expired(noon() + 13 * DAY + HOUR));
}

#[test]
fn it_names_the_loopback() {
    let der = leaf(&Credential::dev(noon()).unwrap());
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    let names = &certificate.subject_alternative_name().unwrap().unwrap().value.general_names;
    assert!(names.contains(&GeneralName::DNSName("localhost")));
    assert!(names.contains(&GeneralName::IPAddress(&[127, 0, 0, 1])));
    assert!(names.contains(&GeneralName::IPAddress(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])));
}

#[test]
fn it_names_the_host_with_and_without_domain() {
    let names = |host: &str| -> Vec<String> {
        let names = alternative_names(Some(host.to_owned())).unwrap().into_iter();
        names
            .filter_map(|name| match name {
                SanType::DnsName(name) => Some(name.as_str().to_owned()),
                _ => None,
            })
            .collect()
    };
    assert_eq!(names("Studio.example.com"), ["localhost", "studio.example.com", "studio"]);
    assert_eq!(names("studio"), ["localhost", "studio"]);
    assert_eq!(names("localhost"), ["localhost"]);
    for odd in ["", "under_score", "-x", "a..b", "größe", "a b", &"x".repeat(64)] {
        assert_eq!(names(odd), ["localhost"], "{odd}");
    }
}

#[test]
fn the_fingerprint_is_sha_256_in_lower_case_hex() {
    let known = Fingerprint::of(&b"abc"[..].into());
    assert_eq!(known.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn it_is_reused_until_half_of_its_life_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let (first, kept) = obtain(Some(dir.path()), noon()).unwrap();
    assert_eq!(kept, Kept::Written { replaced: None });
    let half = (13 * DAY + HOUR) / 2 - HOUR;
    let (second, kept) = obtain(Some(dir.path()), noon() + half - HOUR).unwrap();
    assert_eq!((second.fingerprint(), kept), (first.fingerprint(), Kept::Found));
    assert!(second.made_here());
    let (third, kept) = obtain(Some(dir.path()), noon() + half).unwrap();
    assert_ne!(third.fingerprint(), first.fingerprint());
    assert_eq!(reason(kept), "half of its life is over");
}

#[test]
fn a_missing_folder_is_made_and_holds_two_files() {
    let dir = tempfile::tempdir().unwrap();
    let certs = dir.path().join("a/certs");
    obtain(Some(&certs), noon()).unwrap();
    let mut names: Vec<_> = fs::read_dir(&certs).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [CERT_FILE, KEY_FILE]);
}

#[cfg(unix)]
#[test]
fn the_key_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    obtain(Some(dir.path()), noon()).unwrap();
    assert_eq!(fs::metadata(dir.path().join(KEY_FILE)).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_clock_that_went_back_replaces_it() {
    let dir = tempfile::tempdir().unwrap();
    let (old, _) = obtain(Some(dir.path()), noon() + 2 * HOUR).unwrap();
    assert_replaced(dir.path(), old.fingerprint(), "it is not valid yet (the clock went back)");
}

#[test]
fn a_clock_that_went_back_a_little_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let (old, _) = obtain(Some(dir.path()), noon() + HOUR).unwrap();
    assert_eq!(obtain(Some(dir.path()), noon()).unwrap().0.fingerprint(), old.fingerprint());
}

#[test]
fn an_expired_one_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let (old, _) = obtain(Some(dir.path()), noon() - 14 * DAY).unwrap();
    assert_replaced(dir.path(), old.fingerprint(), "it has expired");
}

#[test]
fn one_that_no_browser_takes_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = noon().into();
    params.not_after = (noon() + 30 * DAY).into();
    let certificate = params.self_signed(&key).unwrap();
    fs::write(dir.path().join(CERT_FILE), certificate.pem()).unwrap();
    fs::write(dir.path().join(KEY_FILE), key.serialize_pem()).unwrap();
    let reason = "it lives more than 14 days, so no browser takes it by its hash";
    assert_replaced(dir.path(), Fingerprint::of(certificate.der()), reason);
}

#[test]
fn what_is_damaged_is_replaced() {
    let damages: [(&str, &[u8], &str); 5] = [
        (CERT_FILE, b"", "the certificate cannot be read"),
        (CERT_FILE, b"-----BEGIN CERTIFICATE-----\n!!!", "dev-cert.pem is garbled"),
        (
            CERT_FILE,
            b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
            "the certificate cannot be read",
        ),
        (KEY_FILE, b"\xff\x00", "dev-key.pem is garbled"),
        (
            KEY_FILE,
            b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
            "the key is of no known kind (RSA, ECDSA P-256/384/521 or Ed25519)",
        ),
    ];
    for (file, content, reason) in damages {
        let dir = tempfile::tempdir().unwrap();
        let (old, _) = obtain(Some(dir.path()), noon()).unwrap();
        fs::write(dir.path().join(file), content).unwrap();
        assert_replaced(dir.path(), old.fingerprint(), reason);
    }
}

#[test]
fn half_a_pair_is_replaced() {
    for (file, reason) in [(CERT_FILE, "dev-cert.pem is missing"), (KEY_FILE, "dev-key.pem is missing")] {
        let dir = tempfile::tempdir().unwrap();
        let (old, _) = obtain(Some(dir.path()), noon()).unwrap();
        fs::remove_file(dir.path().join(file)).unwrap();
        assert_replaced(dir.path(), old.fingerprint(), reason);
    }
}

#[test]
fn a_pair_that_does_not_match_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let (old, _) = obtain(Some(dir.path()), noon()).unwrap();
    let other = rcgen::KeyPair::generate().unwrap();
    assert!(PrivateKeyDer::try_from(other.serialize_der()).is_ok());
    fs::write(dir.path().join(KEY_FILE), other.serialize_pem()).unwrap();
    assert_replaced(dir.path(), old.fingerprint(), "the key does not match the certificate");
}

#[test]
fn a_folder_that_takes_no_files_costs_persistence_only() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for folder in [file.clone(), file.join("certs")] {
        let certificates = Certificates::dev(Some(&folder), noon()).unwrap();
        let Kept::Unwritable(why) = certificates.kept() else { panic!("{:?}", certificates.kept()) };
        assert!(!why.is_empty());
        assert_eq!(certificates.published_hashes(), [certificates.current().fingerprint()]);
    }
}

#[test]
fn a_name_that_is_taken_by_a_folder_costs_persistence_only() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(KEY_FILE)).unwrap();
    let (credential, kept) = obtain(Some(dir.path()), noon()).unwrap();
    assert!(matches!(kept, Kept::Unwritable(_)), "{kept:?}");
    assert!(credential.is_valid(noon()));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn the_log_says_what_became_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let said = |folder: &Path| logged(LogFormat::Text, || drop(obtain(Some(folder), noon()).unwrap()));
    assert!(said(dir.path()).contains("INFO"), "made");
    assert_eq!(said(dir.path()), "", "found");
    fs::write(dir.path().join(CERT_FILE), "").unwrap();
    let replaced = said(dir.path());
    assert!(replaced.ends_with(" replaced: the certificate cannot be read\n"), "{replaced}");
    let warning = said(&dir.path().join(CERT_FILE));
    assert!(warning.contains(" WARN "), "{warning}");
    assert!(warning.contains("it is in memory only and a restart changes its hash"), "{warning}");
}
