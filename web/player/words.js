// What a state is called, what is going on, and what will happen next: for people. Pure.

/** What each close means (protocol.md §5.5). */
const CLOSES = {
  1000: "The connection was closed.",
  1001: "The gateway has gone away.",
  1005: "The gateway closed the connection.",
  1006: "The connection broke.",
  1008: "The gateway refused this page.",
  1009: "A message was too big.",
  1011: "The streamer ended this session.",
  1012: "The gateway is restarting.",
  1013: "The gateway has no room now.",
  4000: "This page could not keep up with its messages.",
  4001: "This page was not heard of for too long.",
  4002: "This page was replaced by a newer one of yours.",
};

const PUT_OUT = 1011;

/**
 * `{ title, detail, next, busy, choices, button }` for `state`; null when the picture speaks for itself. `next` counts
 * down to `state.wakeAt`.
 */
export function words(state, now) {
  const phrase = PHRASES[state.name](state, state.wakeAt === null ? null : seconds(state.wakeAt - now));
  return phrase && { detail: "", next: "", busy: false, choices: [], button: null, ...phrase };
}

/** A close in words, with its reason and number. */
export function closeInWords({ code, reason }) {
  const text = CLOSES[code] ?? "The connection was closed.";
  return `${text}${reason ? ` “${reason}”` : ""} (${code})`;
}

const PHRASES = {
  connecting(state) {
    if (state.attempt === 0) return { title: "Connecting", next: "Looking for the gateway…", busy: true };
    return { title: "Connecting again", detail: lastClose(state), next: `Attempt ${state.attempt}…`, busy: true };
  },

  waiting(state) {
    const next = "The picture will start by itself.";
    if (state.wanted === null) {
      const detail = state.gone ? "The streamer has left." : "The gateway is there, but nothing streams to it yet.";
      return { title: "Waiting for a streamer", detail, next, busy: true };
    }
    const others = state.ids.length > 0 ? " Others are there:" : "";
    const detail = `${quoted(state.wanted)} ${state.gone ? "has left" : "is not streaming"}.${others}`;
    return { title: `Waiting for ${quoted(state.wanted)}`, detail, next, busy: true, choices: state.ids };
  },

  choosing: (state) => ({
    title: "Choose a streamer",
    detail: `${state.ids.length} are streaming.`,
    choices: state.ids,
  }),

  full: (state, left) => ({
    title: "Full, trying again",
    detail: `${quoted(state.wanted ?? state.streamer ?? state.ids[0])} has as many players as it takes.`,
    next: state.asking ? "Asking again…" : `Next attempt in ${left}.`,
    busy: true,
    button: state.asking ? null : "Try now",
  }),

  media(state) {
    const title = `Starting ${quoted(state.streamer ?? "the picture")}`;
    if (state.slow) {
      const detail = "The streamer has not answered yet. It may be loading, or busy.";
      return { title, detail, next: "Still waiting; if nothing comes, it is asked again.", busy: true };
    }
    return { title, next: "Connecting picture and sound…", busy: true };
  },

  playing(state) {
    if (state.blocked === "play") {
      return { title: "Ready", detail: "This browser starts a video only when asked to.", button: "Play" };
    }
    if (!state.interrupted) return null;
    const detail = "Nothing arrives from the streamer at the moment.";
    return { title: "Interrupted", detail, next: "The browser is looking for another way…", busy: true };
  },

  left: (state, left) => ({
    title: "The streamer has left",
    detail: state.wanted === null ? "" : `${quoted(state.wanted)} is not streaming any more.`,
    next: left ? `Looking again in ${left}.` : "Looking again…",
    busy: true,
    button: left && "Look now",
  }),

  draining: (state, left) => ({
    title: "The gateway is restarting",
    detail: "It has asked everybody to come back.",
    next: `Connecting again in ${left}.`,
    busy: true,
    button: "Connect now",
  }),

  lost: (state, left) => ({
    title: lostTitle(state),
    detail: lastClose(state),
    next: `Connecting again in ${left}.`,
    busy: true,
    button: "Connect now",
  }),

  failed: (state, left) => ({
    title: state.diagnosis.title ?? "No way for picture and sound",
    detail: `${state.diagnosis.cause}\n${state.diagnosis.seen}`,
    next: state.asking ? "Trying again…" : `Trying again in ${left}.`,
    busy: true,
    button: state.asking ? null : "Try now",
  }),

  ended(state) {
    if (state.close === null) {
      return { title: "This browser cannot play the stream", detail: "It has no WebRTC, or WebRTC is switched off." };
    }
    return {
      title: "Disconnected",
      detail: closeInWords(state.close),
      next: "This page stays as it is.",
      button: "Connect again",
    };
  },
};

/** Why WebTransport does not carry this page, or null when it does. For the panel. */
export function webTransportInWords({ transport, untried, failures, endpoints }) {
  if (transport === "wt") return null;
  const failure = failures.find(({ name }) => name === "wt");
  if (failure)
    return `WebTransport could not be opened: ${unended(failure.error)}. ${possibleCauses(failure, endpoints)}`;
  return (
    {
      forced: "WebSocket was asked for (transport=ws).",
      missing: "This browser has no WebTransport, or this page is neither https nor localhost.",
      unoffered: "This gateway offers no WebTransport.",
      remembered: "WebSocket was quicker lately; WebTransport is tried again within the hour.",
    }[untried] ?? null
  );
}

function possibleCauses({ late }, endpoints) {
  const { url, hashes } = endpoints?.webtransport ?? { url: "", hashes: [] };
  const port = url && new URL(url).port ? ` (port ${new URL(url).port})` : "";
  const udp = `UDP${port} is blocked by a firewall or is not forwarded`;
  if (late) return `Possible causes: ${udp}; the network is slow.`;
  const certificate =
    hashes.length > 0
      ? "the certificate is not the one that the gateway announced"
      : "the browser does not trust the certificate";
  return `Possible causes: ${udp}; ${certificate}; a proxy stands between.`;
}

function lastClose(state) {
  if (state.close === null) return "";
  return state.close.opened
    ? closeInWords(state.close)
    : `The gateway cannot be reached: ${unended(state.close.reason)}.`;
}

function lostTitle({ close, met, attempt }) {
  if (close.code === PUT_OUT) return "Session ended";
  return met && attempt === 1 ? "Connection lost" : "No connection";
}

/** Without the full stop that browsers put behind some messages. */
function unended(text) {
  return text.replace(/\.$/, "");
}

function quoted(id) {
  return id === undefined || id === null ? "The streamer" : `“${id}”`;
}

function seconds(ms) {
  return `${Math.max(1, Math.ceil(ms / 1000))} s`;
}
