//! Every default, with its reason.

use super::args::ServeArgs;
use super::written::{Source, Written};

/// Key and value. What is not here has no default of its own: the roles follow from the address, a certificate is
/// made, peers get no options, the player is the built-in one, no proxy is believed, and nothing is announced.
pub const DEFAULTS: &[(&str, &str)] = &[
    // Nothing is reachable from outside until the operator says so. 8080 needs no privilege.
    ("http", "localhost:8080"),
    // The usual companion of 8080.
    ("https", "localhost:8443"),
    // The port that streamers dial when their command line copies the reference server's documentation.
    ("streamer", "localhost:8888"),
    // The same for SFUs.
    ("sfu", "localhost:8889"),
    // Apart from the peers' listeners, so that a firewall can tell operators from peers.
    ("admin", "localhost:9090"),
    // Serves the stock frontends and streamers of every Unreal Engine 5 release.
    ("dialect", "standard"),
    // A peer must not choose the rules that others are measured by.
    ("choose-dialect", "false"),
    // Both ports serve until the operator has a certificate that browsers believe.
    ("https-redirect", "false"),
    // Other sites read nothing until the operator lets them.
    ("cors", "false"),
    ("cors-credentials", "false"),
    // They forbid what an operator's own pages may need.
    ("security-headers", "false"),
    // Browsers remember it for half a year: only who means it says it.
    ("hsts", "false"),
    // The reference server's number: far above what pages ask for, far below what hurts.
    ("http-rate", "3000"),
    // Tests and reverse proxies on the same machine.
    ("http-rate-loopback", "false"),
    // One proxy, the usual case.
    ("proxy-hops", "1"),
    // For operators, so not beside the players' pages.
    ("rest-api", "false"),
    // No limit, as in the reference server.
    ("max-players", "0"),
    // One streamer is the usual case, and then there is nothing to choose.
    ("sfu-auto-subscribe", "first"),
    // An SDP has a few KiB; even one of many tracks stays far below.
    ("max-message", "262144"),
    // Below the 30 to 60 s after which home routers and proxies forget a silent connection.
    ("keepalive-interval", "15s"),
    // Three intervals: two lost pings are no death.
    ("keepalive-timeout", "45s"),
    // Longer than any session is watched.
    ("turn-ttl", "24h"),
    // The direct way is the fast one.
    ("ice-transport-policy", "all"),
    // Who opens a port to others says so.
    ("open", "false"),
    // Clocks that are set by the network are off by less.
    ("jwt-leeway", "30s"),
    // A page that takes longer to connect is left; and a newcomer has 10 s in all.
    ("webhook-timeout", "3s"),
    // It may know peers by their addresses.
    ("webhook-anonymous", "true"),
    // Matchmakers belong to Unreal Engine 4.27 to 5.4.
    ("matchmaker", "off"),
    // The reference server's.
    ("matchmaker-retry", "5s"),
    // The reference server's.
    ("public-address", "localhost"),
    // Beside the place where the gateway was started; the same folder again keeps the same hash.
    ("cert-dir", "certs"),
    // Long enough to tell every peer to come back elsewhere, shorter than the 10 s after which service managers kill.
    ("drain-grace", "5s"),
    // Tests, demos and reverse proxies on the same machine are not taken for an attack.
    ("limits", "default"),
    // Seven gigabytes at 70 KiB each, and more descriptors than most machines give: theirs come first.
    ("max-connections", "100000"),
    // A school or an office behind one address, pages included; 35 MB of a machine at most.
    ("max-connections-per-address", "512"),
    // A signature with an RSA key takes most of a millisecond: so many keep one core busy.
    ("handshake-rate", "1000"),
    // The same office after a restart: a hundred at once, then all of it within ten seconds.
    ("handshake-rate-per-address", "50"),
    // A handshake is a few dozen messages, and trickling candidates come in bursts: no well-behaved peer is touched.
    ("player-message-rate", "200"),
    // A largest message each second; an answer has a few KiB.
    ("player-byte-rate", "262144"),
    // Statistics and pings of its own; what it says to players, they add.
    ("publisher-message-rate", "1000"),
    // An offer of 10 KiB to a hundred players a second.
    ("publisher-byte-rate", "1048576"),
    // A person switches streams now and then; each change costs the streamer a peer connection.
    ("subscription-rate", "10"),
    // A fleet behind one token; a token that leaks must not fill everybody's list.
    ("streamers-per-token", "100"),
    // A thousand sessions with a largest message each; a small machine has four times that.
    ("buffer-memory", "268435456"),
    // Pages wait for a streamer; ten minutes later they may as well come back. A forgotten one costs the same as another.
    ("player-unsubscribed-timeout", "10m"),
    // What a player does goes over its own connection to the streamer: silence here says nothing.
    ("player-idle-timeout", "off"),
    // Who pays for an hour is the operator's matter.
    ("player-max-session", "off"),
    // One line per session, none per message.
    ("log", "info"),
    // A person reads it first; machines ask for json.
    ("log-format", "text"),
    // The same in files, where there are any.
    ("log-file", "info"),
    // The configuration is known to who wrote it.
    ("log-config", "false"),
    // What peers say to each other is theirs.
    ("console-messages", "off"),
    // Services have no keyboard.
    ("stdin", "false"),
];

/// The default of a key.
pub fn of(key: &str) -> Option<&'static str> {
    DEFAULTS.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
}

/// The defaults as the lowest layer of what is written.
pub fn layer() -> ServeArgs {
    let mut args = ServeArgs::default();
    for (key, value) in DEFAULTS {
        args.set(key, Written::new(*value, Source::Default));
    }
    args
}
