use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::super::dev::CERT_FILE;
use super::super::{Certificates, Credential, LEAD, LISTED_AFTER, Renewal};
use super::{DAY, HOUR, leaf, noon};

const SECOND: Duration = Duration::from_secs(1);

/// Half of the life of a certificate made at noon.
fn half() -> SystemTime {
    noon() + (13 * DAY + HOUR) / 2 - HOUR
}

fn in_memory() -> Arc<Certificates> {
    Certificates::dev(None, noon()).unwrap()
}

#[test]
fn nothing_happens_before_half_of_the_life() {
    let certificates = in_memory();
    let hashes = certificates.published_hashes();
    for now in [noon(), noon() - HOUR, half() - SECOND] {
        assert_eq!(certificates.renew_if_due(now).unwrap(), Renewal::NotDue);
    }
    assert_eq!(certificates.published_hashes(), hashes);
}

#[test]
fn the_next_is_announced_then_shown_then_the_old_is_forgotten() {
    let certificates = in_memory();
    let old = certificates.current().fingerprint();

    assert_eq!(certificates.renew_if_due(half()).unwrap(), Renewal::Announced);
    assert_eq!(certificates.current().fingerprint(), old, "still shown");
    let [first, new] = certificates.published_hashes()[..] else { panic!("one hash or three") };
    assert_eq!(first, old);
    assert_eq!(certificates.renew_if_due(half() + LEAD - SECOND).unwrap(), Renewal::NotDue);

    assert_eq!(certificates.renew_if_due(half() + LEAD).unwrap(), Renewal::Switched);
    assert_eq!(certificates.current().fingerprint(), new);
    assert_eq!(certificates.published_hashes(), [new, old]);
    certificates.renew_if_due(half() + LEAD + LISTED_AFTER - SECOND).unwrap();
    assert_eq!(certificates.published_hashes(), [new, old]);

    assert_eq!(certificates.renew_if_due(half() + LEAD + LISTED_AFTER).unwrap(), Renewal::NotDue);
    assert_eq!(certificates.published_hashes(), [new]);
}

#[test]
fn an_expired_or_early_certificate_is_replaced_at_once() {
    for now in [noon() + 20 * DAY, noon() - 2 * HOUR] {
        let certificates = in_memory();
        let old = certificates.current().fingerprint();
        assert_eq!(certificates.renew_if_due(now).unwrap(), Renewal::Switched);
        assert_ne!(certificates.current().fingerprint(), old);
        assert!(certificates.current().is_valid(now));
    }
}

#[test]
fn a_clock_set_back_between_the_steps_does_not_hold_them_up() {
    let certificates = in_memory();
    certificates.renew_if_due(half()).unwrap();
    let earlier = half() - DAY;
    assert_eq!(certificates.renew_if_due(earlier).unwrap(), Renewal::Switched);
    certificates.renew_if_due(earlier - DAY).unwrap();
    assert!(!certificates.published_hashes().is_empty());
    assert!(certificates.current().is_valid(earlier - DAY), "the new one was early and is replaced");
}

#[test]
fn a_renewal_is_kept_for_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let certificates = Certificates::dev(Some(dir.path()), noon()).unwrap();
    certificates.renew_if_due(half()).unwrap();
    let again = Certificates::dev(Some(dir.path()), half()).unwrap();
    assert_eq!(certificates.published_hashes()[1], again.current().fingerprint());
}

#[test]
fn two_gateways_on_one_folder_renew_to_the_same_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let gateways = [(); 2].map(|()| Certificates::dev(Some(dir.path()), noon()).unwrap());
    for gateway in &gateways {
        gateway.renew_if_due(half()).unwrap();
    }
    assert_eq!(gateways[0].published_hashes(), gateways[1].published_hashes());
}

#[test]
fn a_folder_that_goes_away_does_not_stop_a_renewal() {
    let dir = tempfile::tempdir().unwrap();
    let certs = dir.path().join("certs");
    let certificates = Certificates::dev(Some(&certs), noon()).unwrap();
    std::fs::remove_dir_all(&certs).unwrap();
    std::fs::write(&certs, "a file now").unwrap();
    assert_eq!(certificates.renew_if_due(half()).unwrap(), Renewal::Announced);
    assert!(!certs.join(CERT_FILE).exists());
}

#[test]
fn a_replacement_is_shown_at_once_and_the_old_hash_stays_a_while() {
    let certificates = in_memory();
    let old = certificates.current().fingerprint();
    let other = Credential::dev(noon() + HOUR).unwrap();
    let new = other.fingerprint();
    certificates.replace(other, noon() + HOUR);
    assert_eq!(certificates.published_hashes(), [new, old]);
    certificates.renew_if_due(noon() + HOUR + LISTED_AFTER).unwrap();
    assert_eq!(certificates.published_hashes(), [new]);
}

#[test]
fn debug_output_holds_no_key() {
    let certificates = in_memory();
    let text = format!("{certificates:?} {:?}", leaf(&certificates.current()).len());
    assert!(text.contains(&certificates.current().fingerprint().to_string()));
    assert!(!text.to_lowercase().contains("private"), "{text}");
    assert!(text.len() < 400, "no DER in it: {text}");
}
