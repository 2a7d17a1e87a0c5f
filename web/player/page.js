// The player: carries out what state.js decides, and shows it.
//
// Query: `streamer=ID` picks one, `transport=ws|wt` forces a protocol, `token=…` goes along to the gateway.

import { listen } from "./controls.js";
import { Dictionary } from "./input.js";
import { Media } from "./media.js";
import { Signalling } from "./signalling.js";
import { initial, reduce } from "./state.js";
import { lines, ms } from "./stats.js";
import * as view from "./view.js";
import { webTransportInWords, words } from "./words.js";

const SHOW_EVERY_MS = 250;
const MEASURE_EVERY_MS = 1000;
const WATCH_EVERY_MS = 500;

const query = new URLSearchParams(location.search);
const { video } = view;

let state = initial(query.get("streamer"));
let signalling = null;
let media = null;
let options = {};
let dictionary = new Dictionary();
let stats = null;
let session = null;
let stopControls = () => {};
let wakeTimer = null;
let framesSeen = 0;

/** For tests, and for people with a console. */
window.pixelgate = {
  get state() {
    return state.name;
  },
  get transport() {
    return signalling?.transport ?? "none";
  },
  get stats() {
    return { ...stats, signallingRoundTrip: signalling?.roundTrip ?? null, session };
  },
  framesDecoded: async () => (await media?.framesDecoded()) ?? 0,
};

const EFFECTS = {
  connect,
  list: () => send({ type: "listStreamers" }),
  subscribe: ({ id }) => send({ type: "subscribe", streamerId: id }),
  unsubscribe: () => {
    endMedia();
    send({ type: "unsubscribe" });
  },
  report: ({ diagnosis }) => send({ type: "stats", data: { media: "failed", summary: diagnosis.summary } }),
};

const MESSAGES = {
  config: ({ peerConnectionOptions }) => (options = peerConnectionOptions ?? {}),
  streamerList: ({ ids }) => happened({ type: "list", ids }),
  subscribeFailed: ({ message }) => happened({ type: "subscribeFailed", message }),
  streamerIdChanged: ({ newID }) => happened({ type: "streamerIdChanged", id: newID }),
  streamerDisconnected: () => {
    endMedia();
    happened({ type: "streamerDisconnected" });
  },
  offer: (message) => {
    session = message.playerId ?? session;
    media ??= newMedia();
    media.take(message);
  },
  iceCandidate: (message) => media?.take(message),
  peerDataChannels: (message) => media?.take(message),
};

/** The one door for everything that happens. */
function happened(event) {
  const [next, effects] = reduce(state, event, { now: Date.now(), random: Math.random() });
  state = next;
  for (const effect of effects) EFFECTS[effect.do](effect);
  clearTimeout(wakeTimer);
  if (state.wakeAt !== null)
    wakeTimer = setTimeout(() => happened({ type: "wake" }), Math.max(0, state.wakeAt - Date.now()));
  show();
}

function connect() {
  const force = query.get("transport");
  const token = query.get("token");
  // The gateway may stand below a path of its host, and so the page with it.
  const address = new URL(token ? `?token=${encodeURIComponent(token)}` : "", new URL(".", location.href)).href;
  signalling = new Signalling(
    address,
    { force: force === "ws" || force === "wt" ? force : null },
    {
      onOpen: () => happened({ type: "open" }),
      onMessage: (message) => MESSAGES[message.type]?.(message),
      onClose: (close) => {
        endMedia();
        session = null;
        happened({ type: "close", ...close });
      },
    },
  );
}

function send(message) {
  signalling.send(message);
}

function newMedia() {
  dictionary = new Dictionary();
  return new Media(options, {
    send,
    onStream: play,
    onConnecting: () => happened({ type: "offer" }),
    onInterrupted: (value) => happened({ type: "interrupted", value }),
    onFailed: (diagnosis) => {
      endMedia();
      happened({ type: "mediaFailed", diagnosis });
    },
    onChannel: beginControls,
    onData: (buffer) => dictionary.decode(buffer),
  });
}

function endMedia() {
  stopControls();
  stopControls = () => {};
  media?.close();
  media = stats = null;
  video.srcObject = null;
}

function beginControls() {
  stopControls();
  const input = (name, values, droppable) => {
    const bytes = dictionary.encode(name, ...values);
    if (bytes) media?.send(bytes, droppable);
  };
  input("RequestInitialSettings", []);
  stopControls = listen(view.stage, video, input);
  // Keys work at once, unless somebody is busy elsewhere on the page.
  if (document.activeElement === document.body) view.stage.focus();
}

/** With sound if the browser allows it, else without, else after a click. */
async function play(stream) {
  if (video.srcObject === stream && !video.paused) return;
  video.srcObject = stream;
  const attempt = async (muted) => {
    video.muted = muted;
    await video.play();
  };
  let blocked = null;
  try {
    await attempt(false);
  } catch (error) {
    if (error.name !== "NotAllowedError") return; // Replaced by the next stream.
    blocked = "sound";
    await attempt(true).catch(({ name }) => (blocked = name === "NotAllowedError" ? "play" : blocked));
  }
  happened({ type: "blocked", what: blocked });
}

/** What the browser waited for: somebody has clicked. */
async function playNow() {
  video.muted = false;
  await video.play();
  happened({ type: "blocked", what: null });
}

function button() {
  if (state.name === "playing") playNow();
  else happened({ type: "wake" });
}

function show() {
  view.showWords(words(state, Date.now()));
  const hasSound = video.srcObject?.getAudioTracks().length > 0;
  view.showSound(state.name === "playing" && state.blocked === "sound" && hasSound);
  const { transport, roundTrip } = signalling ?? { transport: "none", roundTrip: null };
  const trip = roundTrip === null ? "" : ` · ${ms(roundTrip)}`;
  view.showBadge(transport === "none" ? "Not connected" : `${transport}${trip}`, transport === "WebTransport");
}

async function measureAndShow() {
  stats = (await media?.stats()) ?? null;
  showNumbers();
}

function showNumbers() {
  const rows = [
    ["Signalling", signalling?.transport ?? "none"],
    ["Signalling round trip", signalling?.roundTrip == null ? "–" : ms(signalling.roundTrip)],
    ["Streamer", state.streamer ?? "–"],
    ["Session", session ?? "–"],
    ...lines(stats ?? EMPTY),
  ];
  view.showPanel(rows, signalling && webTransportInWords(signalling.history));
}

/** Streamers end their media when they lose the gateway, so a picture that stands still is cause to ask after it. */
async function watchPicture() {
  const frames = (await media?.framesDecoded()) ?? 0;
  if (state.name === "playing" && frames === framesSeen) signalling.doubt();
  framesSeen = frames;
}

const EMPTY = {
  width: null,
  codec: null,
  frameRate: null,
  bitrate: null,
  loss: null,
  roundTrip: null,
  delay: null,
  route: null,
};

view.begin({
  onChoose: (id) => happened({ type: "choose", id }),
  onButton: button,
  onSound: playNow,
  onPanel: (open) => open && showNumbers(),
});
// The first picture is what counts as playing; each one after that is proof that it goes on.
video.addEventListener("playing", () => happened({ type: "picture" }));
video.addEventListener("loadeddata", () => happened({ type: "picture" }));
// A page that comes back from the browser's cache was closed when it went there.
addEventListener("pageshow", ({ persisted }) => persisted && happened({ type: "wake" }));
setInterval(show, SHOW_EVERY_MS);
setInterval(measureAndShow, MEASURE_EVERY_MS);
setInterval(watchPicture, WATCH_EVERY_MS);

if ("RTCPeerConnection" in window) connect();
else happened({ type: "unsupported" });
show();
