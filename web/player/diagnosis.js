// Why media does not connect though signalling does, from the kinds of candidates that each side has shown. Pure; no
// address enters the summary, since it is sent to the operator's log.

/** The kind of a candidate: host, mdns (a host whose address is hidden behind a `.local` name), srflx, prflx, relay. */
export function kindOf(candidate) {
  const parts = candidate.trim().split(/\s+/);
  const kind = parts[parts.indexOf("typ") + 1];
  if (kind === "host" && parts[4]?.endsWith(".local")) return "mdns";
  // The text comes from the other side and goes into the summary.
  return Object.hasOwn(NAMES, kind ?? "") ? kind : "unknown";
}

/** The kinds of the candidates that stand in a description. */
export function kindsIn(sdp) {
  return sdp
    .split(/\r?\n/)
    .filter((line) => line.startsWith("a=candidate:"))
    .map(kindOf);
}

/** `{ cause, seen, summary }` from both sides' kinds and whether a TURN server was configured. */
export function diagnose({ here, there, turn }) {
  const [mine, theirs] = [new Set(here), new Set(there)];
  const seen = `Candidates here: ${list(mine)}; from the streamer: ${list(theirs)}.`;
  const cause = causeOf(mine, theirs, turn);
  return { cause, seen, summary: `${seen} ${cause}` };
}

/** The same for a picture in codecs that this browser does not have, told from the offer and its answer; else null. */
export function undecodable(offer, answer) {
  const [offered, answered] = [offer, answer].map(pictureIn);
  if (!offered || offered.refused || !answered?.refused) return null;
  const codecs = [...new Set(offered.codecs)].join(", ") || "none";
  const seen = `Codecs of the streamer's picture: ${codecs}.`;
  const cause =
    "This browser has no decoder for the streamer's picture. " +
    "Firefox fetches its H.264 decoder some minutes after its first start; another browser may have one.";
  return { title: "This browser cannot show the picture", cause, seen, summary: `${seen} ${cause}` };
}

/** What a description says of its picture. */
function pictureIn(sdp) {
  const section = /^m=video (\d+) [^]*?(?=^m=|$(?![^]))/m.exec(sdp);
  if (!section) return null;
  const codecs = [...section[0].matchAll(/^a=rtpmap:\d+ ([\w-]+)\//gm)].map(([, name]) => name);
  return { refused: section[1] === "0", codecs: codecs.filter((name) => !AUXILIARY.has(name.toLowerCase())) };
}

const AUXILIARY = new Set(["rtx", "red", "ulpfec", "flexfec-03"]);

function causeOf(mine, theirs, turn) {
  if (theirs.size === 0) {
    return "The streamer has not said where it can be reached: it may still be gathering addresses, or it is broken.";
  }
  if (mine.size === 0) {
    return "This browser has not found a single address of its own: an extension, a policy or a VPN may forbid WebRTC.";
  }
  const relays = mine.has("relay") || theirs.has("relay");
  if (relays)
    return "A relay (TURN) is there but no way through it works: its ports may be blocked, or its credentials old.";
  if (turn)
    return "A relay (TURN) is configured but gave no address: it may be down, unreachable, or its credentials old.";
  if (only(mine, "mdns") && !theirs.has("srflx")) {
    return "This browser hides its addresses, and the streamer cannot be reached directly. A relay (TURN) would help, or the same network.";
  }
  if (!theirs.has("srflx") && !mine.has("srflx")) {
    return "Both sides know local addresses only: this works within one network. Over the internet a STUN or TURN server must be configured (--peer-options).";
  }
  return "A firewall or a strict NAT stands between; a relay (TURN) must be configured (--peer-options).";
}

function only(kinds, kind) {
  return kinds.size === 1 && kinds.has(kind);
}

const NAMES = {
  host: "local",
  mdns: "local, hidden (mDNS)",
  srflx: "public (STUN)",
  prflx: "discovered",
  relay: "relay (TURN)",
};

function list(kinds) {
  return kinds.size === 0
    ? "none"
    : [...kinds]
        .map((kind) => NAMES[kind] ?? kind)
        .sort()
        .join(", ");
}
