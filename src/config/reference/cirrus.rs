//! `pixelgate cirrus`: the reference server up to Unreal Engine 5.4.
//!
//! Players come to the HTTP port, over TLS with `UseHTTPS`; pages on the plain port are then redirected.

use std::path::PathBuf;

use serde_json::Value;

use super::super::error::{ConfigError, Fault};
use super::json::Unset;
use super::map::{Certificate, Mapping, shown};
use super::words::{self, Asked, Opt, Words, flag, help, switch, value};
use super::{Meant, json};

/// What it knows, and what is ours besides.
const OPTIONS: &[Opt] = &[
    value("configFile", "config.json", "The file"),
    flag("UseFrontend", "Not supported: pages come from this gateway"),
    flag("UseMatchmaker", "Tell a matchmaker of streamers and players"),
    value("MatchmakerAddress", "127.0.0.1", "Where that is"),
    value("MatchmakerPort", "9999", "Its port"),
    value("MatchmakerRetryInterval", "5", "Seconds until it is dialled again"),
    value("PublicIp", "localhost", "What the matchmaker sends players to"),
    flag("UseHTTPS", "Players and pages over TLS"),
    value("HTTPSCertFile", USUAL.0, "The certificate"),
    value("HTTPSKeyFile", USUAL.1, "Its key"),
    switch("LogToFile", "true", "Log into ./logs"),
    switch("LogVerbose", "true", "Show what is in messages"),
    value("HomepageFile", "player.html", "The page at /"),
    value("AdditionalRoutes", "", "More folders of pages, a JSON object of paths and folders"),
    switch("EnableWebserver", "true", "Serve pages"),
    value("HttpPort", "80", "Port for players"),
    value("HttpsPort", "443", "Port for players over TLS"),
    value("StreamerPort", "8888", "Port for streamers"),
    value("SFUPort", "8889", "Port for SFUs"),
    value("MaxPlayerCount", "-1", "Players at most; -1 for no limit"),
    switch("DisableSSLCert", "true", "Without effect"),
    value("peerConnectionOptions", "", "A JSON object"),
    value("HttpRoot", "Public", "Ours: the folder of the pages"),
    flag("PrintConfig", "Ours: print the same as a file for pixelgate serve --config, and end"),
    value("Dialect", "cirrus-5.4", "Ours: cirrus-5.4, cirrus-5.2, cirrus-5.1 or cirrus-4.27"),
    value("Announce", "", "Ours: as in pixelgate serve"),
    value("Admin", "off", "Ours: as in pixelgate serve"),
    value("AdminToken", "", "Ours: as in pixelgate serve"),
    value("AdminHosts", "", "Ours: as in pixelgate serve"),
    value("AllowedOrigins", "", "Ours: as in pixelgate serve"),
    value("CertDir", "", "Ours: as in pixelgate serve"),
    value("DrainGrace", "", "Ours: as in pixelgate serve"),
    value("Limits", "", "Ours: as in pixelgate serve"),
];

/// What is ours goes through as it is.
const OURS: [(&str, &str); 9] = [
    ("dialect", "Dialect"),
    ("announce", "Announce"),
    ("admin", "Admin"),
    ("admin-token", "AdminToken"),
    ("admin-hosts", "AdminHosts"),
    ("allowed-origins", "AllowedOrigins"),
    ("cert-dir", "CertDir"),
    ("drain-grace", "DrainGrace"),
    ("limits", "Limits"),
];

/// Where it looks for the certificate and its key.
const USUAL: (&str, &str) = ("./certificates/client-cert.pem", "./certificates/client-key.pem");

/// Understands a command line, without the name of the command.
pub(in super::super) fn read(args: &[String]) -> Result<Asked<Meant>, ConfigError> {
    let line = words::read_line(args, &known)?;
    if line.help {
        return Ok(Asked::Help(help("Usage: pixelgate cirrus [--configFile FILE] [--Key=value …]", OPTIONS)));
    }
    if line.version {
        return Ok(Asked::Version);
    }
    let (file, mut warnings) = json::read(&path(&line.words), &known, Unset::Empty)?;
    warnings.extend(json::missing(&line.words, "configFile"));
    warnings.extend(line.unknown.iter().map(|name| format!("{name}: unknown, ignored")));
    let words = line.words.over(file).over(Words::defaults(OPTIONS));
    let mut mapping = Mapping { warnings, ..Mapping::default() };
    map(&words, &mut mapping)?;
    Ok(Asked::Run(Meant {
        args: mapping.args,
        warnings: mapping.warnings,
        options: shown(&words),
        save: None,
        print: words.is("PrintConfig"),
    }))
}

/// Its keys have capitals; ours may be written as flags are here.
fn known(name: &str) -> Option<Opt> {
    let plain = |name: &str| name.replace('-', "").to_ascii_lowercase();
    OPTIONS.iter().find(|option| plain(option.name) == plain(name)).copied()
}

fn path(words: &Words) -> PathBuf {
    PathBuf::from(words.get("configFile").map_or("config.json", |written| written.text.as_str()))
}

fn map(words: &Words, to: &mut Mapping) -> Result<(), ConfigError> {
    OURS.iter().for_each(|(key, name)| to.take(key, words, name));
    listeners(words, to)?;
    pages(words, to)?;
    players(words, to)?;
    matchmaker(words, to)?;
    to.take("peer-options", words, "peerConnectionOptions");
    to.open("streamers, SFUs and players");
    if words.is("LogToFile") {
        to.put("log-folder", "logs");
    }
    to.put("console-messages", if words.is("LogVerbose") { "verbose" } else { "basic" });
    to.put("log-config", "true");
    if words.is("UseFrontend") {
        to.warn("UseFrontend: not supported, pages come from this gateway");
    }
    Ok(())
}

fn listeners(words: &Words, to: &mut Mapping) -> Result<(), ConfigError> {
    for key in ["http", "https", "streamer", "sfu"] {
        to.put(key, "off");
    }
    let (https, pages) = (words.is("UseHTTPS"), words.is("EnableWebserver"));
    let of = |role: &str| ("legacy", role.to_owned());
    let entries = [of("player"), ("pages", pages.to_string()), ("redirect", https.to_string())];
    to.listen("http", "HttpPort", words.port("HttpPort")?, &entries);
    if https {
        let entries = [of("player"), ("pages", pages.to_string()), ("tls", "true".to_owned())];
        to.listen("https", "HttpsPort", words.port("HttpsPort")?, &entries);
        to.certificate(words, &Certificate { cert: "HTTPSCertFile", key: "HTTPSKeyFile", usual: USUAL });
        to.put("security-headers", "true");
        to.put("hsts", "true");
    }
    to.listen("streamer", "StreamerPort", words.port("StreamerPort")?, &[of("streamer")]);
    to.listen("sfu", "SFUPort", words.port("SFUPort")?, &[of("sfu")]);
    Ok(())
}

fn pages(words: &Words, to: &mut Mapping) -> Result<(), ConfigError> {
    to.put("http-rate-loopback", "true");
    if words.is("EnableWebserver") {
        to.root(words, "HttpRoot", "Public");
        to.take("homepage", words, "HomepageFile");
    }
    let Some(routes) = words.get("AdditionalRoutes") else { return Ok(()) };
    let fault = || Fault::new("it is no JSON object of paths and folders", r#"write {"/path":"folder"}"#);
    let object: Value = serde_json::from_str(&routes.text).map_err(|_| words.fault("AdditionalRoutes", fault()))?;
    let object = object.as_object().ok_or_else(|| words.fault("AdditionalRoutes", fault()))?;
    let route = |(path, folder): (&String, &Value)| Some(format!("{path}={}", folder.as_str()?));
    let routes: Option<Vec<_>> = object.iter().map(route).collect();
    let routes = routes.ok_or_else(|| words.fault("AdditionalRoutes", fault()))?;
    if !routes.is_empty() {
        to.put("routes", routes.join(","));
    }
    Ok(())
}

fn players(words: &Words, to: &mut Mapping) -> Result<(), ConfigError> {
    let text = words.text("MaxPlayerCount").trim();
    match text.parse::<i64>() {
        Ok(-1) => to.put("max-players", "0"),
        Ok(1..) => to.take("max-players", words, "MaxPlayerCount"),
        _ => {
            let fault = Fault::new(format!("{text:?} is no number of players"), "write a number from 1, or -1");
            return Err(words.fault("MaxPlayerCount", fault));
        }
    }
    Ok(())
}

fn matchmaker(words: &Words, to: &mut Mapping) -> Result<(), ConfigError> {
    if !words.is("UseMatchmaker") {
        return Ok(());
    }
    let (host, port) = (words.text("MatchmakerAddress").trim(), words.port("MatchmakerPort")?);
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    to.put("matchmaker", format!("{host}:{port}"));
    to.put("matchmaker-retry", format!("{}s", words.text("MatchmakerRetryInterval").trim()));
    to.take("public-address", words, "PublicIp");
    Ok(())
}

/// The file that a command line reads, to be watched.
pub(in super::super) fn file(args: &[String]) -> Option<PathBuf> {
    Some(path(&words::read_line(args, &known).ok()?.words))
}
