import assert from "node:assert/strict";
import { test } from "node:test";

import { diagnose, kindOf, kindsIn, undecodable } from "../../../web/player/diagnosis.js";

const HOST = "candidate:1 1 udp 2113937151 192.168.1.7 54400 typ host generation 0 ufrag abcd";
const HIDDEN = "candidate:1 1 udp 2113937151 0b1c2d3e-1111-2222-3333-444455556666.local 54400 typ host generation 0";
const PUBLIC = "candidate:2 1 udp 1677729535 203.0.113.9 54400 typ srflx raddr 0.0.0.0 rport 0";
const RELAY = "candidate:3 1 udp 33562367 198.51.100.3 60000 typ relay raddr 203.0.113.9 rport 54400";

test("kinds of candidates", () => {
  assert.deepEqual([HOST, HIDDEN, PUBLIC, RELAY, "rubbish", "1 typ toString"].map(kindOf), [
    "host",
    "mdns",
    "srflx",
    "relay",
    "unknown",
    "unknown",
  ]);
  assert.deepEqual(kindsIn(`v=0\r\na=${HOST}\r\na=mid:0\r\na=${PUBLIC}\r\n`), ["host", "srflx"]);
  assert.deepEqual(kindsIn("v=0\r\n"), []);
});

test("what was seen decides what is said", () => {
  const table = [
    [[], [], false, /has not said where it can be reached/],
    [["host"], [], false, /has not said where it can be reached/],
    [[], ["host"], false, /has not found a single address/],
    [["mdns"], ["host"], false, /hides its addresses/],
    [["host"], ["host"], false, /within one network/],
    [["host", "mdns"], ["host"], false, /within one network/],
    [["host", "srflx"], ["host", "srflx"], false, /strict NAT/],
    [["mdns"], ["srflx"], false, /strict NAT/],
    [["host"], ["host"], true, /is configured but gave no address/],
    [["host", "relay"], ["host"], true, /no way through it works/],
    [["host"], ["relay"], false, /no way through it works/],
  ];
  for (const [here, there, turn, expected] of table) {
    assert.match(diagnose({ here, there, turn }).cause, expected, `${here} | ${there} | ${turn}`);
  }
});

test("the summary names kinds once and no address", () => {
  const { seen, summary } = diagnose({ here: ["mdns", "host", "host"], there: [], turn: false });
  assert.equal(seen, "Candidates here: local, local, hidden (mDNS); from the streamer: none.");
  assert.ok(summary.startsWith(seen));
  const kinds = [HOST, HIDDEN, PUBLIC, RELAY].map(kindOf);
  assert.doesNotMatch(diagnose({ here: kinds, there: kinds, turn: true }).summary, /\d+\.\d+|0b1c/);
});

test("a picture that this browser cannot decode is told by its codecs", () => {
  const sdp = (port, ...codecs) =>
    `v=0\r\nm=audio 9 X 1\r\na=rtpmap:1 opus/48000/2\r\nm=video ${port} X 2\r\n` +
    codecs.map((codec, index) => `a=rtpmap:${index} ${codec}/90000\r\n`).join("") +
    "m=application 9 X 3\r\na=rtpmap:9 other/1\r\n";
  const { seen, cause } = undecodable(sdp(9, "H264", "rtx", "H264"), sdp(0, "H264"));
  assert.equal(seen, "Codecs of the streamer's picture: H264.");
  assert.match(cause, /no decoder/);
  assert.equal(undecodable(sdp(9, "VP8"), sdp(9, "VP8")), null);
  assert.equal(undecodable(sdp(0, "VP8"), sdp(0, "VP8")), null, "the streamer sends none");
  assert.equal(undecodable("v=0\r\n", "v=0\r\n"), null, "there is none");
});
