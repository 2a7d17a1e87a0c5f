import assert from "node:assert/strict";
import { test } from "node:test";

import { Connection } from "../dist/transport.js";
import { ENDPOINTS, fakeBrowser, FakeStore, HASH, settle } from "./fakes.mjs";

/** A connection with its events noted. */
async function connect(world, options, address = "http://gate.example:8080/") {
  const connection = new Connection(address, options, world.platform);
  const events = [];
  connection.onopen = () => events.push(`open ${connection.transport}`);
  connection.onmessage = (text) => events.push(text);
  connection.onclose = ({ code, reason }) => events.push(`close ${code} ${reason}`);
  await settle();
  return { connection, events };
}

test("WebTransport goes first, with the hashes, and a WebSocket is not even begun when it opens in time", async () => {
  const world = fakeBrowser();
  const { connection, events } = await connect(world);
  assert.equal(world.asked[0].url, "http://gate.example:8080/transports.json");
  const [session] = world.sessions;
  assert.equal(session.url, ENDPOINTS.webtransport.url);
  const value = Uint8Array.from({ length: 32 }, () => 0x0f);
  assert.deepEqual(session.options, { serverCertificateHashes: [{ algorithm: "sha-256", value }] });
  await world.clock.advance(499);
  assert.equal(world.sockets.length, 0);
  assert.equal(session.streams, 0, "no session at the gateway before the race is won");
  session.open();
  await settle();
  await world.clock.advance(60_000);
  assert.deepEqual(events, ["open wt"]);
  assert.equal(session.streams, 1);
  assert.equal(world.sockets.length, 0);
  assert.equal(world.clock.pending, 0, "no timer is left");
  assert.deepEqual([connection.untried, connection.failures], [null, []]);
});

test("a certificate of a known authority needs no hashes", async () => {
  const world = fakeBrowser({ endpoints: { ...ENDPOINTS, webtransport: { url: "https://g/player", hashes: [] } } });
  await connect(world);
  assert.deepEqual(world.sessions[0].options, {});
});

test("a WebSocket starts after 500 ms, and the slower one is closed", async () => {
  const world = fakeBrowser();
  const { connection, events } = await connect(world);
  await world.clock.advance(500);
  assert.equal(world.sockets[0].url, ENDPOINTS.websocket);
  world.sockets[0].open();
  await settle();
  assert.deepEqual(events, ["open ws"]);
  assert.deepEqual(world.sessions[0].closedWith, { closeCode: 0, reason: "" });
  assert.deepEqual(connection.failures, [{ name: "wt", error: "no answer in time", late: true }]);
  assert.equal(connection.untried, null);
});

test("WebTransport may still win after the WebSocket has started", async () => {
  const world = fakeBrowser();
  const { events } = await connect(world);
  await world.clock.advance(600);
  world.sessions[0].open();
  await settle();
  assert.deepEqual(events, ["open wt"]);
  assert.notEqual(world.sockets[0].closed, null);
});

test("a WebSocket starts as soon as WebTransport fails", async () => {
  const world = fakeBrowser();
  const { connection, events } = await connect(world);
  world.sessions[0].fail(new Error("certificate unknown"));
  await settle();
  world.sockets[0].open();
  await settle();
  assert.deepEqual(events, ["open ws"]);
  assert.deepEqual(connection.failures, [{ name: "wt", error: "certificate unknown", late: false }]);
});

for (const [how, made, untried] of [
  ["the browser has no WebTransport", { webtransport: false }, "missing"],
  ["the gateway offers none", { endpoints: { ...ENDPOINTS, webtransport: null } }, "unoffered"],
]) {
  test(`a WebSocket starts at once when ${how}`, async () => {
    const world = fakeBrowser(made);
    const { connection } = await connect(world);
    assert.equal(world.sockets.length, 1);
    assert.equal(connection.untried, untried);
    const { events } = await connect(fakeBrowser(made), { force: "wt" });
    assert.deepEqual(events, ["close 1006 WebTransport is not to be had"]);
  });
}

test("one protocol can be forced", async () => {
  const ws = fakeBrowser();
  await connect(ws, { force: "ws" });
  assert.deepEqual([ws.sockets.length, ws.sessions.length], [1, 0]);
  const wt = fakeBrowser();
  const { events } = await connect(wt, { force: "wt" });
  await wt.clock.advance(9_000);
  assert.deepEqual([wt.sockets.length, wt.sessions.length], [0, 1]);
  wt.sessions[0].fail(new Error("refused"));
  await settle();
  assert.deepEqual(events, ["close 1006 refused"]);
});

test("when nothing opens, the connection ends", async () => {
  const world = fakeBrowser();
  const { events } = await connect(world);
  await world.clock.advance(10_000);
  assert.deepEqual(events, ["close 1006 no answer in time; no answer in time"]);
  assert.notEqual(world.sockets[0].closed, null);
  assert.notEqual(world.sessions[0].closedWith, null);
  assert.equal(world.clock.pending, 0);
});

test("a gateway that does not answer ends the connection; another signalling server gets a plain WebSocket", async () => {
  const silent = fakeBrowser({ endpoints: new TypeError("Failed to fetch") });
  assert.deepEqual((await connect(silent)).events, ["close 1006 the gateway does not answer (Failed to fetch)"]);
  for (const endpoints of [null, { hello: 1 }, { websocket: "ws://x/", webtransport: { url: 1 } }]) {
    const other = fakeBrowser({ endpoints });
    await connect(other, {}, "wss://other.example/signal?x=1");
    assert.equal(other.asked[0].url, "https://other.example/transports.json");
    assert.equal(other.sockets[0].url, "wss://other.example/signal?x=1");
  }
});

test("a gateway below a path is asked there", async () => {
  for (const address of ["https://gate.example/pixelstream/", "wss://gate.example/pixelstream/player?token=t"]) {
    const world = fakeBrowser();
    await connect(world, {}, address);
    assert.equal(world.asked[0].url, "https://gate.example/pixelstream/transports.json");
  }
});

test("a query goes along, and subprotocols are offered", async () => {
  const world = fakeBrowser();
  await connect(world, { protocols: ["pixelstream", "bearer.abc"] }, "ws://gate.example:8080/?token=t");
  assert.equal(world.sessions[0].url, "https://gate.example:8443/player?token=t");
  await world.clock.advance(500);
  assert.equal(world.sockets[0].url, "ws://gate.example:8080/player?token=t");
  assert.deepEqual(world.sockets[0].protocols, ["pixelstream", "bearer.abc"]);
  world.sockets[0].end(1006);
  world.sessions[0].fail(new Error("x"));
  await settle();
});

test("a winner that had to be waited for goes first the next time, for an hour", async () => {
  const store = new FakeStore();
  const first = fakeBrowser({ store });
  await connect(first);
  await first.clock.advance(500);
  first.sockets[0].open();
  await settle();

  const { clock } = first;
  const soon = fakeBrowser({ store, clock });
  const { connection } = await connect(soon);
  assert.deepEqual([soon.sockets.length, soon.sessions.length], [1, 0]);
  soon.sockets[0].open();
  await settle();
  assert.equal(connection.untried, "remembered");

  const elsewhere = fakeBrowser({ store, clock });
  await connect(elsewhere, {}, "http://gate.example:9090/");
  assert.deepEqual([elsewhere.sockets.length, elsewhere.sessions.length], [0, 1]);

  clock.now += 60 * 60 * 1000;
  const later = fakeBrowser({ store, clock });
  await connect(later);
  assert.deepEqual([later.sockets.length, later.sessions.length], [0, 1]);
});

test("a remembered WebSocket that is slow lets WebTransport start after 500 ms", async () => {
  const store = new FakeStore();
  store.setItem("pixelgate-transport gate.example:8080", JSON.stringify({ name: "ws", at: 1_000_000 }));
  const world = fakeBrowser({ store });
  await connect(world);
  await world.clock.advance(500);
  assert.deepEqual([world.sockets.length, world.sessions.length], [1, 1]);
});

test("a WebSocket that wins because WebTransport failed at once is not remembered", async () => {
  const world = fakeBrowser();
  await connect(world);
  world.sessions[0].fail(new Error("hash"));
  await settle();
  world.sockets[0].open();
  await settle();
  assert.equal(world.store.items.size, 0);
});

test("a store that throws, is missing or holds rubbish does no harm", async () => {
  const broken = {
    getItem: () => {
      throw new Error("forbidden");
    },
    setItem: () => {
      throw new Error("full");
    },
  };
  const rubbish = { getItem: () => "{", setItem: () => {} };
  for (const store of [broken, null, rubbish]) {
    const world = fakeBrowser({ store });
    const { events } = await connect(world);
    world.sessions[0].open();
    await settle();
    assert.deepEqual(events, ["open wt"]);
  }
});

test("the endpoints are asked for again by every connection: hashes change", async () => {
  const world = fakeBrowser();
  await connect(world);
  world.endpoints = { ...ENDPOINTS, webtransport: { ...ENDPOINTS.webtransport, hashes: [HASH, "ab".repeat(32)] } };
  await connect(world);
  assert.equal(world.asked.length, 2);
  assert.ok(world.asked.every(({ init }) => init.cache === "no-store"));
  assert.equal(world.sessions[1].options.serverCertificateHashes.length, 2);
});

test("closing before anything has opened stops everything and ends once", async () => {
  const asking = fakeBrowser();
  const early = new Connection("http://gate.example:8080/", {}, asking.platform);
  const closes = [];
  early.onclose = (close) => closes.push(close.code);
  early.close();
  await settle();
  assert.deepEqual([asking.sessions.length, asking.sockets.length, closes], [0, 0, [1006]]);

  const racing = fakeBrowser();
  const { connection, events } = await connect(racing);
  connection.close();
  racing.sessions[0].open();
  await settle();
  await racing.clock.advance(60_000);
  assert.deepEqual(events, ["close 1006 closed before it was open"]);
  assert.equal(racing.sockets.length, 0);
  assert.notEqual(racing.sessions[0].closedWith, null);
});
