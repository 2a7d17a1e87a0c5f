//! `pixelgate wilbur`: the reference server since Unreal Engine 5.5.
//!
//! Its player port is a legacy port: every path is a player. With `https` players come over TLS, with WebTransport and
//! QUIC on the same number; the plain port then serves redirections, where they are asked for, or players alone, where
//! there is nothing to serve over HTTP.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::super::error::{ConfigError, Fault};
use super::json::Unset;
use super::map::{Certificate, Mapping, level, shown};
use super::words::{self, Asked, Opt, Takes, Words, flag, help, value};
use super::{Meant, json};

/// What it knows, and what is ours besides.
const OPTIONS: &[Opt] = &[
    flag("no_config", "Read no file"),
    value("config_file", "config.json", "The file"),
    value("log_folder", "logs", "Folder of the log files"),
    value("log_level_console", "info", "What the console shows: debug, info, warning or error"),
    value("log_level_file", "info", "What the files hold: debug, info, warning or error"),
    Opt {
        name: "console_messages",
        takes: Takes::ValueOr("basic"),
        default: "",
        help: "Show every message: basic, verbose or formatted",
    },
    value("streamer_port", "8888", "Port for streamers"),
    value("player_port", "80", "Port for players"),
    value("sfu_port", "8889", "Port for SFUs"),
    value("max_players", "0", "Players per streamer; 0 for no limit"),
    flag("serve", "Serve pages on the player port"),
    value("http_root", "www", "Folder of the pages"),
    value("homepage", "player.html", "The page at /"),
    flag("https", "Players and pages over TLS; WebTransport and QUIC on UDP of the same port"),
    value("https_port", "443", "Port for that (implies https)"),
    value("ssl_key_path", USUAL.1, "The certificate's key"),
    value("ssl_cert_path", USUAL.0, "The certificate"),
    flag("https_redirect", "Answer on the player port with where https is"),
    flag("rest_api", "The REST API at /api of the player port"),
    flag("cors", "Let other sites' scripts read answers"),
    value("cors_allowed_origins", "", "Origins of those sites; none for all"),
    value("cors_allowed_methods", "", "Methods that they may use"),
    value("cors_allowed_headers", "", "Headers that they may send; none for all"),
    flag("cors_credentials", "Let their credentials through"),
    value("peer_options", "", "peerConnectionOptions, a JSON object"),
    value("peer_options_file", "", "The same from a file"),
    flag("reverse_proxy", "Believe X-Forwarded-For of reverse proxies"),
    value("reverse_proxy_num_proxies", "1", "How many of them stand in a row (implies reverse_proxy)"),
    flag("log_config", "Log the configuration"),
    flag("stdin", "Obey keys on standard input"),
    flag("save", "Save the configuration into the file"),
    value("turn_secret", "", "Secret shared with the TURN server"),
    value("turn_ttl", "86400", "How many seconds its credentials live"),
    value("player_token", "", "What players must give as ?token="),
    value("reverse_proxy_from", "private", "Ours: whom reverse_proxy believes: addresses, networks, private or any"),
    flag("print_config", "Ours: print the same as a file for pixelgate serve --config, and end"),
    value("dialect", "wilbur", "Ours: wilbur or wilbur-5.5"),
    value("announce", "", "Ours: as in pixelgate serve"),
    value("admin", "off", "Ours: as in pixelgate serve"),
    value("admin_token", "", "Ours: as in pixelgate serve"),
    value("admin_hosts", "", "Ours: as in pixelgate serve"),
    value("allowed_origins", "", "Ours: as in pixelgate serve"),
    value("cert_dir", "", "Ours: as in pixelgate serve"),
    value("drain_grace", "", "Ours: as in pixelgate serve"),
    value("limits", "", "Ours: as in pixelgate serve"),
];

/// What is ours goes through as it is.
const OURS: [(&str, &str); 9] = [
    ("dialect", "dialect"),
    ("announce", "announce"),
    ("admin", "admin"),
    ("admin-token", "admin_token"),
    ("admin-hosts", "admin_hosts"),
    ("allowed-origins", "allowed_origins"),
    ("cert-dir", "cert_dir"),
    ("drain-grace", "drain_grace"),
    ("limits", "limits"),
];

/// What is not saved.
const NOT_SAVED: [&str; 4] = ["no_config", "config_file", "save", "print_config"];

/// Where it looks for the certificate and its key.
const USUAL: (&str, &str) = ("certificates/client-cert.pem", "certificates/client-key.pem");

/// What it lets pages do over TLS: helmet's policy, with connections to anywhere.
const POLICY: &str = "default-src 'self';base-uri 'self';connect-src * 'self';font-src 'self' https: data:;\
    form-action 'self';frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';\
    script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests";

/// Understands a command line, without the name of the command.
pub(in super::super) fn read(args: &[String]) -> Result<Asked<Meant>, ConfigError> {
    let line = words::read_line(args, &known)?;
    if line.help {
        return Ok(Asked::Help(help("Usage: pixelgate wilbur [OPTIONS]", OPTIONS)));
    }
    if line.version {
        return Ok(Asked::Version);
    }
    let path = PathBuf::from(line.words.get("config_file").map_or("config.json", |written| written.text.as_str()));
    let (file, mut warnings) =
        if line.words.is("no_config") { Default::default() } else { json::read(&path, &known, Unset::Falsy)? };
    warnings.extend(json::missing(&line.words, "config_file"));
    warnings.extend(line.unknown.iter().map(|name| format!("{name}: unknown, ignored")));
    // Only the command line implies anything: files that were saved hold every option.
    let mut implied = Words::default();
    for (said, implies) in [("https_port", "https"), ("reverse_proxy_num_proxies", "reverse_proxy")] {
        if line.words.said(said) {
            implied.set(implies, "true", format!("--{said}"));
        }
    }
    let words = line.words.over(implied).over(file).over(Words::defaults(OPTIONS));
    let mut mapping = Mapping { warnings, ..Mapping::default() };
    map(&words, &mut mapping)?;
    Ok(Asked::Run(Meant {
        args: mapping.args,
        warnings: mapping.warnings,
        options: shown(&words),
        save: words.is("save").then(|| (path, saved(&words))),
        print: words.is("print_config"),
    }))
}

/// The reference server accepts its names with underscores, and two of them with dashes.
fn known(name: &str) -> Option<Opt> {
    let name = name.replace('-', "_");
    OPTIONS.iter().find(|option| option.name == name).copied()
}

fn map(words: &Words, to: &mut Mapping) -> Result<(), ConfigError> {
    OURS.iter().for_each(|(key, name)| to.take(key, words, name));
    listeners(words, to)?;
    web(words, to);
    peers(words, to)?;
    to.put("log", level(words, "log_level_console")?);
    to.put("log-file", level(words, "log_level_file")?);
    to.take("log-folder", words, "log_folder");
    to.take("console-messages", words, "console_messages");
    to.put("log-config", words.is("log_config").to_string());
    to.put("stdin", words.is("stdin").to_string());
    Ok(())
}

fn listeners(words: &Words, to: &mut Mapping) -> Result<(), ConfigError> {
    let (serve, https) = (words.is("serve"), words.is("https"));
    let web = serve || words.is("rest_api");
    let redirect = https && web && words.is("https_redirect");
    for key in ["http", "https", "streamer", "sfu"] {
        to.put(key, "off");
    }
    let of = |role: &str| ("legacy", role.to_owned());
    if !https || !web || redirect {
        let pages = ("pages", (serve && (redirect || !https)).to_string());
        let entries = [of("player"), pages, ("redirect", redirect.to_string())];
        to.listen("http", "--player_port", words.port("player_port")?, &entries);
    }
    if https {
        let entries = [of("player"), ("pages", serve.to_string()), ("tls", "true".to_owned())];
        to.listen("https", "--https_port", words.port("https_port")?, &entries);
        to.certificate(words, &Certificate { cert: "ssl_cert_path", key: "ssl_key_path", usual: USUAL });
    }
    to.listen("streamer", "--streamer_port", words.port("streamer_port")?, &[of("streamer")]);
    to.listen("sfu", "--sfu_port", words.port("sfu_port")?, &[of("sfu")]);
    Ok(())
}

fn web(words: &Words, to: &mut Mapping) {
    if words.is("serve") {
        to.root(words, "http_root", "www");
        to.take("homepage", words, "homepage");
    }
    if words.is("https") {
        to.put("security-headers", "true");
        to.put("hsts", "true");
        to.put("content-security-policy", POLICY);
    }
    to.put("rest-api", words.is("rest_api").to_string());
    // It counts everybody.
    to.put("http-rate-loopback", "true");
    if words.is("cors") {
        to.put("cors", "true");
        to.take("cors-allowed-origins", words, "cors_allowed_origins");
        to.take("cors-allowed-methods", words, "cors_allowed_methods");
        to.take("cors-allowed-headers", words, "cors_allowed_headers");
        to.put("cors-credentials", words.is("cors_credentials").to_string());
    }
    if words.is("reverse_proxy") {
        to.take("trusted-proxies", words, "reverse_proxy_from");
        to.take("proxy-hops", words, "reverse_proxy_num_proxies");
    }
}

fn peers(words: &Words, to: &mut Mapping) -> Result<(), ConfigError> {
    to.take("max-players", words, "max_players");
    let options = if words.get("peer_options_file").is_some() { "peer_options_file" } else { "peer_options" };
    to.take(&options.replace('_', "-"), words, options);
    for (key, name) in [("turn-secret", "turn_secret"), ("player-token", "player_token")] {
        to.take(key, words, name);
    }
    let whom = if words.get("player_token").is_some() { "streamers and SFUs" } else { "streamers, SFUs and players" };
    to.open(whom);
    let seconds = words.text("turn_ttl").trim();
    let fault = || Fault::new(format!("{seconds:?} is no number of seconds"), "write a whole number from 1");
    let ttl = seconds.parse::<u32>().ok().filter(|ttl| *ttl > 0).ok_or_else(|| words.fault("turn_ttl", fault()))?;
    to.put("turn-ttl", format!("{ttl}s"));
    Ok(())
}

/// The file that says the same, in its own words.
fn saved(words: &Words) -> String {
    let value = |name: &str, text: &str| match OPTIONS.iter().find(|option| option.name == name) {
        Some(Opt { takes: Takes::Nothing, .. }) => Value::Bool(words.is(name)),
        _ if name == "peer_options" => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        _ => Value::String(text.to_owned()),
    };
    let entries = words.iter().filter(|(name, _)| !NOT_SAVED.contains(name));
    let object: Map<_, _> = entries.map(|(name, written)| (name.to_owned(), value(name, &written.text))).collect();
    let mut text = serde_json::to_string_pretty(&object).expect("an object of texts");
    text.push('\n');
    text
}

/// The file that a command line reads, to be watched.
pub(in super::super) fn file(args: &[String]) -> Option<PathBuf> {
    let line = words::read_line(args, &known).ok()?;
    let name = line.words.get("config_file").map_or("config.json", |written| written.text.as_str());
    (!line.words.is("no_config")).then(|| Path::new(name).to_owned())
}
