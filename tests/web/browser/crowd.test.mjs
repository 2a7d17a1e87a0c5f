// A gateway that is killed under a crowd of pages: they come back spread out. Pages are many here, so each is what
// decides in a page, its state and its connection; the gateway and the question for its addresses are real, and the
// session that follows is not.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { initial, reduce } from "../../../web/player/state.js";
import { Connection } from "../../../web/transport/dist/transport.js";
import { Gateway } from "../gateway.mjs";

const CROWD = 600;
const AWAY_MS = 3_000;
/** The busiest tenth of the time over which they are spread, in shares of the steady rate. */
const PEAK = 2;
const PATIENCE_MS = 20_000;

/** A WebSocket that is open as soon as it is wanted. */
class Socket {
  constructor() {
    queueMicrotask(() => this.onopen());
  }
  close() {}
}

const PLATFORM = {
  fetch: globalThis.fetch,
  WebSocket: Socket,
  WebTransport: undefined,
  store: null,
  timers: { set: setTimeout, clear: clearTimeout },
  now: Date.now,
};

/** What page.js does with the state, without media and without a screen. */
class Page {
  #state = initial();
  #address;
  #timer;
  /** When it tried last, and when it had a session. */
  triedAt = null;
  openedAt = null;

  constructor(address) {
    this.#address = address;
    this.#connect();
  }

  happened(event) {
    const [next, effects] = reduce(this.#state, event, { now: Date.now(), random: Math.random() });
    this.#state = next;
    if (event.type === "open") this.openedAt = performance.now();
    if (effects.some((effect) => effect.do === "connect")) this.#connect();
    clearTimeout(this.#timer);
    if (next.wakeAt !== null) this.#timer = setTimeout(() => this.happened({ type: "wake" }), next.wakeAt - Date.now());
  }

  /** The gateway's end, as TCP tells it. */
  lose() {
    this.openedAt = null;
    this.happened({ type: "close", code: 1006, reason: "" });
  }

  #connect() {
    this.triedAt = performance.now();
    const connection = new Connection(this.#address, {}, PLATFORM);
    connection.onopen = () => this.happened({ type: "open" });
    connection.onclose = (close) => this.happened({ type: "close", ...close });
  }
}

async function allOpen(pages) {
  for (const until = performance.now() + PATIENCE_MS; pages.some(({ openedAt }) => openedAt === null); await pause(10)) {
    const missing = pages.filter(({ openedAt }) => openedAt === null).length;
    assert.ok(performance.now() < until, `${missing} of ${pages.length} pages have no session`);
  }
}

suite("a crowd of pages", { timeout: 120_000 }, () => {
  let gateway;
  before(async () => (gateway = await Gateway.start()));
  after(() => gateway?.end());

  test("comes back to a gateway that was killed without a peak above twice the steady rate", async () => {
    const pages = Array.from({ length: CROWD }, () => new Page(`${gateway.page}/`));
    await allOpen(pages);
    await gateway.crash();
    const killed = performance.now();
    for (const page of pages) page.lose();
    await pause(AWAY_MS);
    await gateway.again();
    const returned = performance.now();
    await allOpen(pages);

    // Each tries within as long again as the gateway was away.
    const tenths = [];
    const first = Math.min(...pages.map(({ triedAt }) => triedAt));
    for (const { triedAt } of pages) {
      const tenth = Math.floor(((triedAt - first) / (returned - killed)) * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    const peak = Math.max(...tenths.filter(Boolean)) / (CROWD / 10);
    assert.ok(peak <= PEAK, `${peak.toFixed(2)} of the steady rate: ${tenths}`);
    assert.ok(tenths.filter(Boolean).length >= 8, `they come within a short time: ${tenths}`);
  });
});
