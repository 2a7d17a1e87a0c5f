use super::{Welcome, named, reachable, url};
use crate::config::ListenAddr;

#[test]
fn a_url_without_a_path_means_the_streamers_path() {
    let table = [
        ("ws://localhost:8888", "ws://localhost:8888/streamer"),
        ("wss://example.org/", "wss://example.org/streamer"),
        ("https://h:8443/?a=b", "https://h:8443/streamer?a=b"),
        ("ws://h/any/path", "ws://h/any/path"),
        ("quic://[::1]:8443/streamer", "quic://[::1]:8443/streamer"),
    ];
    for (given, meant) in table {
        assert_eq!(url(&given.parse().unwrap()), meant);
    }
}

#[test]
fn the_page_is_named_as_a_person_on_this_machine_opens_it() {
    let bound = "127.0.0.1:8080".parse().unwrap();
    let everywhere = "[::]:8080".parse().unwrap();
    assert_eq!(named(ListenAddr::Localhost(8080), bound), "localhost:8080");
    assert_eq!(named(ListenAddr::Socket(everywhere), everywhere), "localhost:8080");
    assert_eq!(named(ListenAddr::Socket(bound), bound), "127.0.0.1:8080");
    assert_eq!(reachable(everywhere), bound);
}

#[test]
fn one_page_is_to_be_opened() {
    let text = Welcome { page: Some("http://localhost:8080/".into()), streamers: 1 }.to_string();
    assert_eq!(text.matches("://").count(), 1, "{text}");
    let text = Welcome { page: None, streamers: 2 }.to_string();
    assert!(text.contains("no page"), "{text}");
}
