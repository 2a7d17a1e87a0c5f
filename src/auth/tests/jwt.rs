use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{EC, ED, Pair, RSA};
use crate::auth::jwt::{Head, Terms, Verifier, verify};
use crate::auth::{Credentials, Grant, NewClaims, Refusal, Signer, Token, issue};
use crate::config::{PublicKey, Secret};
use crate::wire::Role;

const NOW: u64 = 1_000_000;
const SECRET: &str = "a secret of thirty-two bytes, or more";
const NO_TERMS: Terms<'static> = Terms { issuer: None, audience: None, leeway: Duration::from_secs(30) };

fn token(text: &str) -> Token {
    Credentials::of_hello(Some(text)).token().unwrap().unwrap()
}

fn hs256() -> Verifier {
    Verifier { algorithm: Algorithm::HS256, key: DecodingKey::from_secret(SECRET.as_bytes()).unwrap() }
}

fn of(pair: &Pair) -> Verifier {
    let key = PublicKey::from_pem(&pair.public).unwrap();
    Verifier { algorithm: key.algorithm(), key: key.key().clone() }
}

fn signed(claims: &Value) -> Token {
    let key = EncodingKey::from_secret(SECRET.as_bytes()).unwrap();
    token(&encode(&Header::new(Algorithm::HS256), claims, &key).unwrap())
}

fn verified(token: &Token, verifier: &Verifier, terms: Terms<'_>, role: Role) -> Option<Result<Grant, Refusal>> {
    verify(token, verifier, terms, role, Duration::from_secs(NOW))
}

fn says(claims: Value) -> Result<(), Refusal> {
    verified(&signed(&claims), &hs256(), NO_TERMS, Role::Player).expect("it is signed").map(|_| ())
}

#[tokio::test]
async fn what_each_kind_of_key_signs_that_key_alone_verifies() {
    let claims = NewClaims { role: vec!["player".to_owned()], exp: NOW + 60, ..NewClaims::default() };
    let pairs = [&*RSA, &*EC, &*ED];
    let secret = Secret::for_tests(SECRET);
    let signers = pairs.map(|pair| Signer::private_key(&pair.private).unwrap()).into_iter();
    let signers = signers.chain([Signer::secret(&secret).unwrap()]);
    let verifiers = || pairs.map(of).into_iter().chain([hs256()]);
    for (signing, signer) in signers.enumerate() {
        let token = token(&issue(&claims, &signer).unwrap());
        for (verifying, verifier) in verifiers().enumerate() {
            let counts = verified(&token, &verifier, NO_TERMS, Role::Player);
            assert_eq!(counts.is_some(), signing == verifying, "{signing} by {verifying}");
            assert!(counts.is_none_or(|granted| granted.is_ok()));
        }
        assert_eq!(Head::of(&token).unwrap().algorithm, verifiers().nth(signing).unwrap().algorithm);
    }
}

/// The oldest tricks: no signature, and the public key taken for a secret.
#[tokio::test]
async fn the_key_decides_the_algorithm() {
    let claims = json!({"role": "player", "exp": NOW + 60});
    let pairs = [&*RSA, &*EC, &*ED];
    for pair in pairs {
        for secret in [pair.public.as_bytes(), pair.public.trim_end().as_bytes()] {
            let key = EncodingKey::from_secret(secret).unwrap();
            let forged = token(&encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap());
            assert_eq!(verified(&forged, &of(pair), NO_TERMS, Role::Player), None);
        }
    }
    let body = signed(&claims).as_str().split('.').nth(1).unwrap().to_owned();
    // {"alg":"none"}, {"alg":"None"}, {"alg":"HS256"}
    for head in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJOb25lIn0", "eyJhbGciOiJIUzI1NiJ9"] {
        let unsigned = token(&format!("{head}.{body}."));
        for verifier in pairs.map(of).into_iter().chain([hs256()]) {
            assert_eq!(verified(&unsigned, &verifier, NO_TERMS, Role::Player), None, "{head}");
        }
    }
    // {"alg":"HS384"}, with the right secret.
    let key = EncodingKey::from_secret(SECRET.as_bytes()).unwrap();
    let other = token(&encode(&Header::new(Algorithm::HS384), &claims, &key).unwrap());
    assert_eq!(verified(&other, &hs256(), NO_TERMS, Role::Player), None);
}

#[tokio::test]
async fn a_changed_token_does_not_count() {
    let good = signed(&json!({"role": "player", "exp": NOW + 60}));
    assert!(verified(&good, &hs256(), NO_TERMS, Role::Player).is_some());
    for at in (0..good.as_str().len() - 1).step_by(7) {
        let mut bytes = good.as_str().as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = token(std::str::from_utf8(&bytes).unwrap());
        assert_eq!(verified(&changed, &hs256(), NO_TERMS, Role::Player), None, "at {at}");
    }
}

#[tokio::test]
async fn times_and_roles_are_measured() {
    assert_eq!(says(json!({"role": "player", "exp": NOW + 60})), Ok(()));
    assert_eq!(says(json!({"role": ["sfu", "player"], "exp": NOW - 29})), Ok(()), "within the leeway");
    assert_eq!(says(json!({"role": "player", "exp": NOW - 30})), Err(Refusal::Expired));
    assert_eq!(says(json!({"role": "player", "exp": NOW + 60, "nbf": NOW + 30})), Ok(()));
    assert_eq!(says(json!({"role": "player", "exp": NOW + 60, "nbf": NOW + 31})), Err(Refusal::Early));
    assert_eq!(says(json!({"role": "streamer", "exp": NOW + 60})), Err(Refusal::Role));
    assert_eq!(says(json!({"exp": NOW + 60})), Err(Refusal::Role), "none is no role");
    assert_eq!(says(json!({"role": "player"})), Err(Refusal::Wrong), "a token ends");
}

#[tokio::test]
async fn issuer_and_audience_must_be_those_that_are_named() {
    let claims = |iss: Value, aud: Value| signed(&json!({"role": "player", "exp": NOW + 60, "iss": iss, "aud": aud}));
    let terms = Terms { issuer: Some("https://id.example"), audience: Some("games"), ..NO_TERMS };
    let granted = |token: &Token| verified(token, &hs256(), terms, Role::Player).unwrap().is_ok();
    assert!(granted(&claims(json!("https://id.example"), json!("games"))));
    assert!(granted(&claims(json!("https://id.example"), json!(["x", "games"]))));
    for (iss, aud) in [
        (json!("https://id.example/"), json!("games")),
        (json!(null), json!("games")),
        (json!("https://id.example"), json!(["x"])),
        (json!("https://id.example"), json!(null)),
    ] {
        assert!(!granted(&claims(iss, aud)));
    }
}

#[tokio::test]
async fn claims_of_the_wrong_kind_do_not_count() {
    for claims in [
        json!({"role": "player", "exp": "soon"}),
        json!({"role": 7, "exp": NOW + 60}),
        json!({"role": "player", "exp": NOW + 60, "streamers": {"a": 1}}),
        json!({"role": "player", "exp": NOW + 60, "max_session": "1h"}),
        json!(["role", "player"]),
    ] {
        assert_eq!(verified(&signed(&claims), &hs256(), NO_TERMS, Role::Player), None, "{claims}");
    }
}

#[test]
fn what_is_no_signed_token_has_no_head() {
    for text in ["x", "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJIUzI1NiJ9.e30", "é.é.é"] {
        assert_eq!(Head::of(&token(text)), None, "{text}");
    }
}

proptest::proptest! {
    /// Nothing that anybody sends makes the parser stumble.
    #[test]
    fn any_text_is_parsed_or_not(text in ".{1,200}", head in "[A-Za-z0-9_-]{0,60}", body in "[A-Za-z0-9_-]{0,60}") {
        for text in [text, format!("{head}.{body}."), format!("eyJhbGciOiJIUzI1NiJ9.{body}.{head}")] {
            let shown = token(&text);
            let _ = Head::of(&shown);
            proptest::prop_assert_eq!(verified(&shown, &hs256(), NO_TERMS, Role::Player), None);
        }
    }
}
