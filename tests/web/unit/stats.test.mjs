import assert from "node:assert/strict";
import { test } from "node:test";

import { lines, measure } from "../../../web/player/stats.js";

const video = (change = {}) => ({
  id: "V",
  type: "inbound-rtp",
  kind: "video",
  timestamp: 10_000,
  bytesReceived: 1_000_000,
  framesDecoded: 300,
  frameWidth: 1280,
  frameHeight: 720,
  packetsReceived: 1000,
  packetsLost: 10,
  jitterBufferDelay: 2,
  jitterBufferEmittedCount: 300,
  totalProcessingDelay: 3,
  codecId: "C",
  ...change,
});
const OTHERS = [
  { id: "A", type: "inbound-rtp", kind: "audio", bytesReceived: 5000 },
  { id: "C", type: "codec", mimeType: "video/H264" },
  { id: "T", type: "transport", selectedCandidatePairId: "P" },
  { id: "O", type: "candidate-pair", currentRoundTripTime: 9 },
  { id: "P", type: "candidate-pair", currentRoundTripTime: 0.012, localCandidateId: "L", remoteCandidateId: "R" },
  { id: "L", type: "local-candidate", candidateType: "prflx", protocol: "udp" },
  { id: "R", type: "remote-candidate", candidateType: "relay" },
];

test("what is now", () => {
  const stats = measure([video(), ...OTHERS]);
  assert.deepEqual([stats.framesDecoded, stats.width, stats.height, stats.codec], [300, 1280, 720, "H264"]);
  assert.deepEqual([stats.roundTrip, stats.route], [12, "prflx → relay, udp"]);
  assert.deepEqual([stats.frameRate, stats.bitrate, stats.loss, stats.delay], [null, null, null, null]);
});

test("what has happened since", () => {
  const before = measure([video(), ...OTHERS]);
  const change = {
    timestamp: 12_000,
    bytesReceived: 1_500_000,
    framesDecoded: 360,
    packetsReceived: 1190,
    packetsLost: 20,
  };
  const stats = measure([video({ ...change, totalProcessingDelay: 3.6 }), ...OTHERS], before);
  assert.deepEqual([stats.frameRate, stats.bitrate, stats.loss], [30, 2_000_000, 0.05]);
  assert.equal(stats.delay.toFixed(3), "10.000");
  const buffered = {
    ...change,
    jitterBufferDelay: 2.9,
    jitterBufferEmittedCount: 360,
    totalProcessingDelay: undefined,
  };
  assert.equal(
    measure([video(buffered), ...OTHERS], before).delay.toFixed(3),
    "15.000",
    "without processing times, the buffer's",
  );
});

test("a new connection counts from nothing", () => {
  const before = measure([video(), ...OTHERS]);
  const fresh = video({ timestamp: 12_000, bytesReceived: 10, framesDecoded: 1 });
  assert.equal(measure([fresh, ...OTHERS], before).frameRate, null);
  assert.equal(measure([video(), ...OTHERS], before).frameRate, null, "no time has gone by");
});

test("a pair without a transport report, and nothing at all", () => {
  const pairs = [
    { id: "1", type: "candidate-pair", state: "failed", nominated: false, currentRoundTripTime: 1 },
    { id: "2", type: "candidate-pair", state: "succeeded", nominated: true, currentRoundTripTime: 0.002 },
  ];
  assert.equal(measure([video(), ...pairs]).roundTrip, 2);
  const nothing = measure([]);
  assert.deepEqual([nothing.framesDecoded, nothing.width, nothing.roundTrip, nothing.route], [0, null, null, null]);
});

test("lines for people", () => {
  const stats = {
    width: 1280,
    height: 720,
    codec: "H264",
    frameRate: 29.7,
    bitrate: 1_234_567,
    loss: 0.0123,
    roundTrip: 12,
    delay: 9.4,
    route: "host → host, udp",
  };
  assert.deepEqual(lines(stats), [
    ["Picture", "1280 × 720, H264"],
    ["Frame rate", "30 per second"],
    ["Bitrate", "1.2 Mbit/s"],
    ["Packets lost", "1.2 %"],
    ["Network round trip", "12 ms"],
    ["Receive and decode", "9.4 ms"],
    ["Latency, about", "15 ms"],
    ["Media route", "host → host, udp"],
  ]);
  assert.ok(lines(measure([])).every(([, value]) => value === "–"));
  assert.equal(lines({ ...stats, bitrate: 64_400 })[2][1], "64 kbit/s");
});
