// TURN credentials that the gateway makes, at a real coturn: what they open, and what it takes to connect by way of it
// alone.

import assert from "node:assert/strict";
import { after, afterEach, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { close, frames, open, startChromium, streamer } from "../web/chromium.mjs";
import { Gateway } from "../web/gateway.mjs";
import { Coturn } from "./coturn.mjs";

const SECRET = "north-of-coturn";
const RELAY = ["--ice-transport-policy", "relay"];

/** Keeps every peer connection of a page where tests find it. */
const NOTED = `
  window.connections = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) {
      super(...options);
      window.connections.push(this);
    }
  };
`;

suite("coturn", { timeout: 300_000 }, () => {
  let browser, coturn;
  const gateways = [];
  before(async () => {
    [browser, coturn] = await Promise.all([startChromium(), Coturn.start(SECRET)]);
  });
  afterEach(async () => {
    await close(...browser.contexts().flatMap((context) => context.pages()));
    for (const gateway of gateways.splice(0)) await gateway.end();
  });
  after(async () => {
    await browser?.close();
    await coturn?.stop();
  });

  async function gateway({ secret = SECRET, args = [] } = {}) {
    const started = await Gateway.start("--turn-urls", coturn.url, "--turn-secret", secret, ...args);
    gateways.push(started);
    return started;
  }

  test("the credentials of a session open an allocation", async () => {
    const server = await told(await gateway());
    assert.deepEqual(server.urls, [coturn.url]);
    assert.match(server.username, /^\d+:s\d+$/);
    assert.equal(await coturn.allocates(server.username, server.credential), true);
  });

  test("altered ones do not", async () => {
    const { username, credential } = await told(await gateway());
    const other = credential[0] === "A" ? "B" : "A";
    assert.equal(await coturn.allocates(username, other + credential.slice(1)), false, "another password");
    const [end, session] = username.split(":");
    assert.equal(await coturn.allocates(`${Number(end) + 1}:${session}`, credential), false, "a later end");
    assert.equal(await coturn.allocates(`${username}0`, credential), false, "another session");
  });

  test("those made with another secret do not", async () => {
    const { username, credential } = await told(await gateway({ secret: "south" }));
    assert.equal(await coturn.allocates(username, credential), false);
  });

  test("expired ones do not", async () => {
    const { username, credential } = await told(await gateway({ args: ["--turn-ttl", "1s"] }));
    const end = Number(username.split(":")[0]);
    while (Date.now() / 1000 <= end + 1) await pause(100);
    assert.equal(await coturn.allocates(username, credential), false);
  });

  test("two pages connect by way of it alone", async () => {
    const served = await gateway({ args: RELAY });
    const from = await streamer(browser, served, "Relayed", NOTED);
    const to = await open(browser, `${served.page}/test/player.html?id=Relayed`, { init: NOTED });
    await frames(to, 30);
    await to.waitForFunction(() => window.pixelgate.received.length > 0);
    await from.waitForFunction(() => window.pixelgate.received.length > 0);
    for (const page of [from, to]) {
      assert.deepEqual(await page.evaluate(() => window.pixelgate.received), ["hello from Relayed"]);
      const { policy, pairs } = await page.evaluate(selected);
      assert.equal(policy, "relay");
      assert.deepEqual(pairs, [["relay", "relay"]], "the candidate pairs that carry it");
    }
    assert.deepEqual([...from.errors, ...to.errors], []);
    assert.doesNotMatch(served.log, new RegExp(SECRET));
  });

  test("and do not connect with credentials of another secret", async () => {
    const served = await gateway({ secret: "south", args: RELAY });
    const from = await streamer(browser, served, "Relayed", NOTED);
    const to = await open(browser, `${served.page}/test/player.html?id=Relayed`, { init: NOTED });
    // Every server has been asked and none has given a candidate.
    await to.waitForFunction(() => window.connections[0]?.iceGatheringState === "complete");
    await from.waitForFunction(() => window.connections[0]?.iceGatheringState === "complete");
    for (const page of [from, to]) {
      assert.deepEqual((await page.evaluate(selected)).pairs, []);
      assert.doesNotMatch(await page.evaluate(() => window.connections[0].localDescription.sdp), /a=candidate/);
    }
  });

  /** The TURN server that a player is told of. */
  async function told(served) {
    const page = await open(browser, served.page);
    const config = await page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const socket = new WebSocket(`ws://${location.host}/player`);
          socket.onmessage = ({ data }) => resolve(JSON.parse(data));
          socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
        }),
    );
    assert.equal(config.type, "config");
    const [server, ...others] = config.peerConnectionOptions.iceServers;
    assert.deepEqual(others, []);
    return server;
  }
});

/** In a page: its policy, and the kinds of the candidates of the pairs that are in use. */
async function selected() {
  const [connection] = window.connections;
  const stats = await connection.getStats();
  const used = [...stats.values()].filter(({ type }) => type === "transport");
  const pairs = used.map(({ selectedCandidatePairId }) => stats.get(selectedCandidatePairId)).filter(Boolean);
  const kinds = ({ localCandidateId, remoteCandidateId }) =>
    [localCandidateId, remoteCandidateId].map((id) => stats.get(id).candidateType);
  return { policy: connection.getConfiguration().iceTransportPolicy, pairs: pairs.map(kinds) };
}
