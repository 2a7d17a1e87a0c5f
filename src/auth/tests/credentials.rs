use http::header::{AUTHORIZATION, HeaderMap, SEC_WEBSOCKET_PROTOCOL};

use crate::auth::{Credentials, Refusal, Token, is_bearer};

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

fn shown(query: Option<&str>, lines: &[(&'static str, &'static str)]) -> Result<Option<String>, Refusal> {
    let token = Credentials::of_request(query, &headers(lines)).token()?;
    Ok(token.map(|token| token.as_str().to_owned()))
}

#[test]
fn a_token_is_found_wherever_it_is_shown() {
    let t = Ok(Some("t.o-k_en".to_owned()));
    assert_eq!(shown(Some("a=b&token=t.o-k_en"), &[]), t);
    assert_eq!(shown(Some("%74oken=t%2Eo-k_en"), &[]), t);
    assert_eq!(shown(None, &[("authorization", "Bearer t.o-k_en")]), t);
    assert_eq!(shown(None, &[("authorization", "bearer   t.o-k_en ")]), t);
    assert_eq!(shown(None, &[("sec-websocket-protocol", "pixelstream, bearer.t.o-k_en")]), t);
    assert_eq!(shown(None, &[("sec-websocket-protocol", "BEARER.t.o-k_en")]), t);
    let of_session = Credentials::of_session(Some("token=x"), Some("Bearer x")).token().unwrap().unwrap();
    assert_eq!(of_session.as_str(), "x");
    assert_eq!(Credentials::of_hello(Some("x")).token(), Credentials::of_session(Some("token=x"), None).token());
}

#[test]
fn what_is_no_token_is_none() {
    for query in [None, Some(""), Some("token"), Some("token="), Some("Token=x"), Some("mytoken=x")] {
        assert_eq!(shown(query, &[]), Ok(None), "{query:?}");
    }
    assert_eq!(shown(None, &[("authorization", "Basic dXNlcjpwYXNz")]), Ok(None));
    assert_eq!(shown(None, &[("sec-websocket-protocol", "pixelstream, bearer")]), Ok(None));
    assert_eq!(Credentials::of_hello(None).token(), Ok(None));
}

#[test]
fn the_same_token_twice_is_one_and_two_that_differ_are_refused() {
    let everywhere = [("authorization", "Bearer x"), ("sec-websocket-protocol", "bearer.x")];
    assert_eq!(shown(Some("token=x&token=x"), &everywhere), Ok(Some("x".to_owned())));
    for (query, lines) in [
        (Some("token=x&token=y"), &[][..]),
        (Some("token=x"), &[("authorization", "Bearer y")]),
        (Some("token=x"), &[("sec-websocket-protocol", "bearer.y")]),
        (None, &[("sec-websocket-protocol", "bearer.x, bearer.y")]),
    ] {
        assert_eq!(shown(query, lines), Err(Refusal::Conflict), "{query:?} {lines:?}");
    }
    let mut two = HeaderMap::new();
    two.append(AUTHORIZATION, "Bearer x".parse().unwrap());
    two.append(AUTHORIZATION, "Bearer y".parse().unwrap());
    assert_eq!(Credentials::of_request(None, &two).token(), Err(Refusal::Conflict));
}

#[test]
fn a_token_has_a_longest_length_and_is_text() {
    let longest = "x".repeat(Token::MAX_BYTES);
    assert_eq!(shown(Some(&format!("token={longest}")), &[]), Ok(Some(longest.clone())));
    assert_eq!(shown(Some(&format!("token={longest}x")), &[]), Err(Refusal::TooLong));
    assert_eq!(Credentials::of_hello(Some(&format!("{longest}x"))).token(), Err(Refusal::TooLong));
    assert_eq!(shown(Some("token=%ff"), &[]), Err(Refusal::Wrong));
    let mut garbage = HeaderMap::new();
    garbage.insert(SEC_WEBSOCKET_PROTOCOL, http::HeaderValue::from_bytes(b"bearer.\xff").unwrap());
    assert_eq!(Credentials::of_request(None, &garbage).token(), Ok(None));
}

/// Those that differ in their signature alone are one; what only looks as if it were signed is all of it.
#[test]
fn a_token_is_known_by_what_is_signed() {
    let fingerprint = |text: &str| Credentials::of_hello(Some(text)).token().unwrap().unwrap().fingerprint();
    // {"alg":"ES256"} . {} and {"a":1}
    let signed = ["eyJhbGciOiJFUzI1NiJ9.e30", "eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ"];
    assert_eq!(fingerprint(&format!("{}.one", signed[0])), fingerprint(&format!("{}.another", signed[0])));
    assert_ne!(fingerprint(&format!("{}.one", signed[0])), fingerprint(&format!("{}.one", signed[1])));
    for (one, other) in [("v1.ann.x", "v1.ann.y"), (signed[0], signed[1]), ("a.b", "a.c"), ("x", "y")] {
        assert_ne!(fingerprint(one), fingerprint(other), "{one} {other}");
    }
}

#[test]
fn nothing_shows_a_token() {
    let shown = Credentials::of_hello(Some("HUSH"));
    assert!(!format!("{shown:?}{:?}", shown.clone().token()).contains("HUSH"));
}

#[test]
fn a_subprotocol_with_a_token_is_known_by_its_beginning() {
    assert!(is_bearer("bearer.x") && is_bearer("Bearer.x") && is_bearer("bearer."));
    assert!(!is_bearer("bearer") && !is_bearer("pixelstream") && !is_bearer("b\u{e9}arer.x"));
}
