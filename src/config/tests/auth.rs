//! Who may connect: nothing that other machines reach is open by oversight.

use std::fs;
use std::time::Duration;

use super::Places;
use crate::config::cli::{Command, parse};
use crate::config::{Issuer, KeySource, Keys, Roles, Signing};
use crate::wire::Role;

const SECRET: &str = "a secret of thirty-two bytes, or more";

#[test]
fn beyond_this_machine_each_role_needs_a_rule_or_is_said_to_be_open() {
    let world = || Places::new().flag("http", "[::]:80").flag("http-roles", "player,streamer");
    let cases = [
        (
            world(),
            "--http: whoever reaches [::]:80 could connect as player: nothing says who may; \
          give player-token or another rule, or open = \"player\" if everybody may",
        ),
        (
            world().flag("player-token", "t"),
            "--http: whoever reaches [::]:80 could connect as streamer: nothing says \
          who may; give streamer-token or another rule, or open = \"streamer\" if everybody may",
        ),
        (
            world().flag("open", "sfu,streamer"),
            "--http: whoever reaches [::]:80 could connect as player: nothing says \
          who may; give player-token or another rule, or open = \"player\" if everybody may",
        ),
        (
            Places::new().flag("sfu", "192.0.2.1:9"),
            "--sfu: whoever reaches 192.0.2.1:9 could connect as sfu: nothing \
          says who may; give sfu-token or another rule, or open = \"sfu\" if everybody may",
        ),
    ];
    for (places, expected) in cases {
        assert_eq!(places.message(), expected);
    }
    for places in [
        world().flag("open", "true"),
        world().flag("open", "player,streamer"),
        world().flag("open", "player").flag("streamer-token", "t"),
        world().flag("player-token", "t").flag("streamer-token", "t"),
        Places::new().flag("http", "127.0.0.1:80"),
    ] {
        places.config();
    }
}

#[test]
fn a_listener_of_a_table_may_be_open_for_itself() {
    let table = |more: &str| Places::new().file(&format!("[[listener]]\naddress = '[::]:7'\nname = 'lan'\n{more}"));
    let message = table("").message();
    assert!(message.starts_with("listener \"lan\": whoever reaches [::]:7 could connect as player"), "{message}");
    let config = table("open = 'player'").config();
    assert_eq!(config.listener("lan").unwrap().open, Some(Roles::PLAYERS));
    assert_eq!(config.auth.open, Roles::NONE);
    table("open = true\nlegacy = 'streamer'").config();
}

#[test]
fn whoever_is_not_a_role_is_not_open() {
    assert_eq!(Places::new().flag("open", "plyer").message(), r#"--open: "plyer" is no role; did you mean "player"?"#);
    assert_eq!(Places::new().flag("player-token", "").message(), "--player-token: it is empty; write a secret");
}

#[test]
fn an_issuer_is_written_by_flags_or_in_tables() {
    let by_flags = Places::new()
        .flag("jwt-secret", SECRET)
        .flag("jwt-issuer", "https://id.example")
        .flag("jwt-audience", "games")
        .flag("jwt-roles", "player,sfu");
    let auth = by_flags.config().auth;
    let [issuer] = &auth.issuers[..] else { panic!("one issuer") };
    assert_eq!((issuer.name.as_deref(), issuer.audience.as_deref()), (Some("https://id.example"), Some("games")));
    assert!(issuer.roles.contains(Role::Sfu) && !issuer.roles.contains(Role::Streamer));
    assert!(auth.has_rule(Role::Player) && !auth.has_rule(Role::Streamer));

    let tables = format!(
        "jwt-secret = '{SECRET}'\n[[issuer]]\njwks = 'keys.json'\n[[issuer]]\nsecret = '{SECRET}'\nroles = 'sfu'"
    );
    let issuers = Places::new().file(&tables).config().auth.issuers;
    let kinds: Vec<_> = issuers.iter().map(|Issuer { keys, .. }| matches!(keys, Keys::Secret(_))).collect();
    assert_eq!(kinds, [true, false, true]);
    assert_eq!(issuers[1].keys, Keys::Set(KeySource::File("keys.json".into())));
    assert_eq!(issuers[1].roles, Roles::ALL);
}

#[test]
fn the_kind_of_a_public_key_decides_the_algorithm() {
    let places = Places::new();
    let folder = places.path.with_file_name("");
    for (kind, algorithm) in [
        (&rcgen::PKCS_RSA_SHA256, "PublicKey(RS256)"),
        (&rcgen::PKCS_ECDSA_P256_SHA256, "PublicKey(ES256)"),
        (&rcgen::PKCS_ED25519, "PublicKey(EdDSA)"),
    ] {
        let pair = rcgen::KeyPair::generate_for(kind).unwrap();
        let (public, private) = (folder.join("public.pem"), folder.join("private.pem"));
        fs::write(&public, pair.public_key_pem()).unwrap();
        fs::write(&private, pair.serialize_pem()).unwrap();
        let config = Places::new().flag("jwt-key", public.to_str().unwrap()).config();
        let Keys::Public(key) = &config.auth.issuers[0].keys else { panic!("a key") };
        assert_eq!(format!("{key:?}"), algorithm);
        let message = Places::new().flag("jwt-key", private.to_str().unwrap()).message();
        assert!(message.ends_with("private.pem holds a private key; name a file with the public one"), "{message}");
    }
    let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    fs::write(folder.join("p384.pem"), p384.public_key_pem()).unwrap();
    let message = Places::new().flag("jwt-key", folder.join("p384.pem").to_str().unwrap()).message();
    assert!(message.contains("holds no key that can be used; name a PEM file"), "{message}");
}

#[test]
fn what_is_wrong_with_a_rule_is_said() {
    let url = "it is no URL that can be asked; write https://HOST/PATH or http://HOST/PATH";
    let cases = [
        (
            Places::new().flag("jwt-secret", "short"),
            "--jwt-secret: a secret of 5 bytes can be guessed from a token; write 32".to_owned(),
        ),
        (
            Places::new().flag("jwt-issuer", "x"),
            "--jwt-issuer: an issuer signs in one way; give one of jwt-secret, jwt-key, jwt-jwks".to_owned(),
        ),
        (
            Places::new().flag("jwt-secret", SECRET).flag("jwt-jwks", "x"),
            "--jwt-secret: an issuer signs in one way; give one of jwt-secret, jwt-key, jwt-jwks".to_owned(),
        ),
        (
            Places::new().file("[[issuer]]\nroles = 'sfu'"),
            "gate.toml:1: issuer: an issuer signs in one way; give one of secret, key, jwks".to_owned(),
        ),
        (
            Places::new().file("[[issuer]]\nsecrt = 'x'"),
            "gate.toml:2: secrt: unknown key; did you mean \"secret\"?".to_owned(),
        ),
        (
            Places::new().file("issuer = 'x'"),
            "gate.toml:1: issuer: it is no list of tables; write [[issuer]]".to_owned(),
        ),
        (Places::new().flag("jwt-jwks", "ftp://x/y"), format!("--jwt-jwks: {url}")),
        (Places::new().flag("webhook", "https://user:pass@x/y"), format!("--webhook: {url}")),
        (Places::new().flag("webhook", "/path"), format!("--webhook: {url}")),
        (Places::new().flag("jwt-key", "no/such.pem"), "--jwt-key: no/such.pem cannot be read (".to_owned()),
        (
            Places::new().flag("webhook", "https://x/y").flag("webhook-timeout", "10s"),
            "--webhook-timeout: 10s is too long; write 9s at most: a newcomer is given 10s in all".to_owned(),
        ),
        (
            Places::new().flag("webhook", "https://x/y").flag("player-token", "t"),
            "--webhook: tokens of role player are measured here too; leave player out of webhook-roles".to_owned(),
        ),
    ];
    for (places, expected) in cases {
        let message = places.message();
        assert!(message.starts_with(&expected), "{expected}: {message}");
    }
    let many = "[[issuer]]\njwks = 'x'\n".repeat(17);
    assert_eq!(Places::new().file(&many).message(), "issuer: there are 17; give 16 at most");
}

#[test]
fn a_webhook_is_asked_about_all_roles_or_some() {
    let asked = |places: Places| {
        let auth = places.config().auth;
        Role::ALL.map(|role| auth.webhook(role).is_some())
    };
    let webhook = || Places::new().flag("webhook", "https://x/y");
    assert_eq!(asked(webhook()), [true; 3]);
    assert_eq!(asked(webhook().flag("webhook-roles", "sfu").flag("player-token", "t")), [false, true, false]);
    let timeout = webhook().flag("webhook-timeout", "250ms").config().auth.webhook.unwrap().timeout;
    assert_eq!(timeout, Duration::from_millis(250));
    let anonymous = |places: Places| places.config().auth.webhook.unwrap().anonymous;
    assert!(anonymous(webhook()) && !anonymous(webhook().flag("webhook-anonymous", "false")));
}

#[test]
fn secrets_are_hidden_and_what_is_asked_in_the_clear_is_warned_of() {
    let report = |text: &str| {
        let places = Places::new().file(text);
        let args = ["pixelgate".to_owned(), "check".to_owned(), format!("--config={}", places.path.display())];
        parse(args, &|_| None).unwrap_err().text
    };
    let said = report(&format!("jwt-secret = '{SECRET}'\n[[issuer]]\nsecret = '{SECRET}'"));
    assert!(!said.contains(SECRET) && said.contains("[[issuer]]\nsecret = \"<37 bytes>\""), "{said}");
    let said = report("jwt-jwks = 'http://id.example/keys?key=HUSH'");
    assert!(said.contains("# Warning: id.example is asked over http") && !said.contains("HUSH"), "{said}");
    for quiet in ["http://localhost:1/k", "http://127.0.0.1/k", "http://[::1]:1/k", "https://id.example/k"] {
        assert!(!report(&format!("jwt-jwks = '{quiet}'")).contains("Warning"), "{quiet}");
    }
}

#[test]
fn a_token_is_told_what_to_say() {
    let token = |args: &[&str], env: Option<&str>| {
        let args = ["pixelgate", "token"].iter().chain(args).map(ToString::to_string).collect::<Vec<_>>();
        let secret = env.map(std::ffi::OsString::from);
        match parse(args, &|name| secret.clone().filter(|_| name == "PIXELGATE_JWT_SECRET")) {
            Ok(Command::Token(config)) => Ok(*config),
            Ok(other) => panic!("{other:?}"),
            Err(exit) => Err(exit.text),
        }
    };
    let given = token(&["--role", "player,sfu", "--streamer", "Foo,team-*", "--ttl", "1h"], Some(SECRET)).unwrap();
    assert_eq!(given.roles, [Role::Sfu, Role::Player]);
    assert_eq!(given.streamers, Some(vec!["Foo".to_owned(), "team-*".to_owned()]));
    assert_eq!((given.ttl, given.max_session), (Duration::from_secs(3600), None));
    assert!(matches!(given.signing, Signing::Secret(secret) if secret.as_str() == SECRET));
    let places = Places::new().file(&format!("[[issuer]]\nsecret = '{SECRET}'\nissuer = 'me'\naudience = 'you'"));
    let of_file = token(&["--config", places.path.to_str().unwrap(), "--max-session=5m"], None).unwrap();
    assert_eq!((of_file.issuer.as_deref(), of_file.audience.as_deref()), (Some("me"), Some("you")));
    assert_eq!((of_file.roles, of_file.streamers), (vec![Role::Player], None));
    for (args, expected) in [
        (
            &[][..],
            "pixelgate: --jwt-secret: nothing to sign with; give --config with a jwt-secret in it, or --private-key\n",
        ),
        (&["--role=x"], "pixelgate: --role: \"x\" is no role; write one of player, streamer, sfu\n"),
        (&["--ttl=soon"], "pixelgate: --ttl: \"soon\" is no such time; write a number with its unit"),
        (&["--streamer=a,,b"], "pixelgate: --streamer: not a list of ids; write 64 at most, none of them empty\n"),
        (&["--private-key=no.pem"], "pixelgate: --private-key: no.pem cannot be read ("),
    ] {
        let said = token(args, None).unwrap_err();
        assert!(said.starts_with(expected), "{said}");
    }
}
