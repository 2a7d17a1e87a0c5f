use super::*;

fn bound() -> BoundAddrs {
    let address = |text: &str| Some(text.parse().unwrap());
    BoundAddrs {
        http: address("127.0.0.1:8080"),
        https: address("[::]:8443"),
        quic: address("[::]:8443"),
        streamer: address("0.0.0.0:8888"),
        sfu: None,
        admin: address("192.0.2.7:9090"),
        more: BTreeMap::new(),
    }
}

const LINE: &str = concat!(
    r#"{"http":"127.0.0.1:8080","https":"[::1]:8443","quic":"[::1]:8443","streamer":"127.0.0.1:8888","sfu":null,"#,
    r#""admin":"192.0.2.7:9090","certificate_hashes":["#,
    r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]}"#,
    "\n"
);

fn hashes() -> [Fingerprint; 1] {
    [Fingerprint::of(&b"abc"[..].into())]
}

#[test]
fn the_line_holds_addresses_that_can_be_dialled() {
    assert_eq!(line(&bound(), &hashes()), LINE);
}

#[test]
fn what_is_off_is_null() {
    let text = line(&BoundAddrs::default(), &[]);
    let expected =
        r#"{"http":null,"https":null,"quic":null,"streamer":null,"sfu":null,"admin":null,"certificate_hashes":[]}"#;
    assert_eq!(text.trim_end(), expected);
}

#[test]
fn a_file_is_replaced_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("gate.json");
    std::fs::write(&path, "x".repeat(4096)).unwrap();
    announce(&Announce::File(path.clone()), &bound(), &hashes()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), LINE);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_cannot_be_written_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none/gate.json");
    assert_eq!(announce(&Announce::File(path), &bound(), &[]).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn listeners_of_other_names_are_listed_by_them() {
    let mut bound = BoundAddrs::default();
    bound.set("lan", "0.0.0.0:9000".parse().unwrap());
    bound.set("http", "127.0.0.1:80".parse().unwrap());
    assert_eq!((bound.of("lan"), bound.of("http")), (bound.more.get("lan").copied(), bound.http));
    let text = line(&bound, &[]);
    assert!(text.contains(r#""listeners":{"lan":"127.0.0.1:9000"}"#), "{text}");
}
