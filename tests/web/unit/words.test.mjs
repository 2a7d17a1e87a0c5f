import assert from "node:assert/strict";
import { test } from "node:test";

import { initial } from "../../../web/player/state.js";
import { closeInWords, webTransportInWords, words } from "../../../web/player/words.js";

const NOW = 1_000_000;
const say = (change) => words({ ...initial(), ...change }, NOW);
const close = (code, reason = "", opened = true) => ({ code, reason, opened });

test("every state says what is going on and what comes next", () => {
  const table = [
    [{}, "Connecting", "", "Looking for the gateway…"],
    [{ attempt: 2, close: close(1006) }, "Connecting again", "The connection broke. (1006)", "Attempt 2…"],
    [
      { name: "waiting" },
      "Waiting for a streamer",
      "The gateway is there, but nothing streams to it yet.",
      "The picture will start by itself.",
    ],
    [
      { name: "waiting", gone: true },
      "Waiting for a streamer",
      "The streamer has left.",
      "The picture will start by itself.",
    ],
    [
      { name: "waiting", wanted: "B", ids: ["A"] },
      "Waiting for “B”",
      "“B” is not streaming. Others are there:",
      "The picture will start by itself.",
    ],
    [{ name: "choosing", ids: ["A", "B"] }, "Choose a streamer", "2 are streaming.", ""],
    [
      { name: "full", streamer: "A", wakeAt: NOW + 3100 },
      "Full, trying again",
      "“A” has as many players as it takes.",
      "Next attempt in 4 s.",
    ],
    [
      { name: "full", wanted: "A", asking: true },
      "Full, trying again",
      "“A” has as many players as it takes.",
      "Asking again…",
    ],
    [{ name: "media", streamer: "A" }, "Starting “A”", "", "Connecting picture and sound…"],
    [
      { name: "media", streamer: "A", slow: true },
      "Starting “A”",
      "The streamer has not answered yet. It may be loading, or busy.",
      "Still waiting; if nothing comes, it is asked again.",
    ],
    [{ name: "playing", blocked: "play" }, "Ready", "This browser starts a video only when asked to.", ""],
    [
      { name: "playing", interrupted: true },
      "Interrupted",
      "Nothing arrives from the streamer at the moment.",
      "The browser is looking for another way…",
    ],
    [{ name: "left", wakeAt: NOW + 500 }, "The streamer has left", "", "Looking again in 1 s."],
    [{ name: "left", wanted: "A" }, "The streamer has left", "“A” is not streaming any more.", "Looking again…"],
    [
      { name: "draining", wakeAt: NOW + 900, close: close(1012) },
      "The gateway is restarting",
      "It has asked everybody to come back.",
      "Connecting again in 1 s.",
    ],
    [
      { name: "lost", met: true, attempt: 1, wakeAt: NOW + 2000, close: close(4001, "dead") },
      "Connection lost",
      "This page was not heard of for too long. “dead” (4001)",
      "Connecting again in 2 s.",
    ],
    [
      { name: "lost", attempt: 1, wakeAt: NOW + 2000, close: close(1006, "no answer in time.", false) },
      "No connection",
      "The gateway cannot be reached: no answer in time.",
      "Connecting again in 2 s.",
    ],
    [
      { name: "lost", met: true, attempt: 1, wakeAt: NOW + 2000, close: close(1011, "out") },
      "Session ended",
      "The streamer ended this session. “out” (1011)",
      "Connecting again in 2 s.",
    ],
    [
      { name: "failed", diagnosis: { cause: "A firewall.", seen: "Candidates here: none." }, wakeAt: NOW + 4000 },
      "No way for picture and sound",
      "A firewall.\nCandidates here: none.",
      "Trying again in 4 s.",
    ],
    [
      { name: "failed", diagnosis: { cause: "A firewall.", seen: "" }, asking: true, wakeAt: NOW },
      "No way for picture and sound",
      "A firewall.\n",
      "Trying again…",
    ],
    [
      { name: "ended", close: close(4002) },
      "Disconnected",
      "This page was replaced by a newer one of yours. (4002)",
      "This page stays as it is.",
    ],
    [{ name: "ended" }, "This browser cannot play the stream", "It has no WebRTC, or WebRTC is switched off.", ""],
  ];
  for (const [change, title, detail, next] of table) {
    const said = say(change);
    assert.deepEqual([said.title, said.detail, said.next], [title, detail, next], JSON.stringify(change));
  }
});

test("a picture that plays needs no words", () => {
  assert.equal(say({ name: "playing" }), null);
  assert.equal(say({ name: "playing", blocked: "sound" }), null);
});

test("whoever may act has a button, and what can be chosen is there", () => {
  assert.equal(say({ name: "lost", wakeAt: NOW + 1, close: close(1006) }).button, "Connect now");
  assert.equal(say({ name: "ended", close: close(1001) }).button, "Connect again");
  assert.equal(say({ name: "full", wakeAt: NOW, asking: true }).button, null);
  assert.deepEqual(say({ name: "choosing", ids: ["A", "B"] }).choices, ["A", "B"]);
  assert.deepEqual(say({ name: "waiting", wanted: "X", ids: ["A"] }).choices, ["A"]);
});

test("closes in words, with what the other side said", () => {
  assert.equal(closeInWords(close(1011, "zu spät")), "The streamer ended this session. “zu spät” (1011)");
  assert.equal(closeInWords(close(4567)), "The connection was closed. (4567)");
  for (const code of [1000, 1001, 1005, 1006, 1008, 1009, 1011, 1012, 1013, 4000, 4001, 4002]) {
    if (code !== 1000) assert.notEqual(closeInWords(close(code)), `The connection was closed. (${code})`);
  }
});

test("why it is not WebTransport", () => {
  const endpoints = { webtransport: { url: "https://g:8443/player", hashes: ["00"] } };
  const why = (change) => webTransportInWords({ transport: "ws", untried: null, failures: [], endpoints, ...change });
  const failure = { name: "wt", error: "Opening handshake failed.", late: false };
  assert.equal(why({ transport: "wt" }), null);
  assert.equal(
    why({ failures: [failure] }),
    "WebTransport could not be opened: Opening handshake failed. Possible causes: UDP (port 8443) is blocked by a " +
      "firewall or is not forwarded; the certificate is not the one that the gateway announced; a proxy stands between.",
  );
  assert.match(why({ failures: [{ ...failure, late: true }] }), /the network is slow\.$/);
  assert.match(
    why({ failures: [failure], endpoints: { webtransport: { url: "https://g/", hashes: [] } } }),
    /does not trust/,
  );
  for (const untried of ["forced", "missing", "unoffered", "remembered"])
    assert.ok(why({ untried }).length > 10, untried);
});
