// How the page finds its way to the gateway: the race, its failures, and gateways that go and come back.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { after, afterEach, before, suite, test } from "node:test";

import { close, open, player, shoot, startChromium, state, streamer, text } from "../chromium.mjs";
import { Gateway } from "../gateway.mjs";

/** From the answer of /transports.json to an open connection. */
const IN_TIME_MS = 1000;

suite("transports", { timeout: 300_000 }, () => {
  let browser, gateway;
  before(async () => {
    [browser, gateway] = await Promise.all([startChromium(), Gateway.start()]);
  });
  afterEach(() => close(...browser.contexts().flatMap((context) => context.pages())));
  after(async () => {
    await browser?.close();
    await gateway?.end();
  });

  /** A player whose gateway announces `change(webtransport)`. */
  async function misled(change, query = "", size = "laptop") {
    const page = await open(browser, "about:blank", { size });
    await page.context().route("**/transports.json", async (route) => {
      const response = await route.fetch();
      const endpoints = await response.json();
      change(endpoints.webtransport);
      await route.fulfill({ response, json: endpoints });
    });
    await page.goto(`${gateway.page}/?${query}`);
    return page;
  }

  /** Milliseconds from the endpoints to the connection. */
  async function timeToOpen(page) {
    const opened = await page.waitForFunction(
      () => {
        const [asked] = performance
          .getEntriesByType("resource")
          .filter(({ name }) => name.endsWith("/transports.json"));
        return window.pixelgate?.transport !== "none" && asked && performance.now() - asked.responseEnd;
      },
      null,
      { polling: 10 },
    );
    return opened.jsonValue();
  }

  async function note(page) {
    if (await page.locator("#panel").isHidden()) await page.click("#details");
    await page.waitForFunction(() => !document.getElementById("note").hidden);
    return text(page, "note");
  }

  test("WebTransport is what is used when it works", async () => {
    const page = await player(browser, gateway);
    await state(page, "waiting");
    assert.equal(await page.evaluate(() => window.pixelgate.transport), "WebTransport");
    assert.equal(await page.locator("#note").isVisible(), false);
    await close(page);
  });

  test("a UDP port that nobody listens on: WebSocket within a second", async () => {
    const port = await freePort();
    const page = await misled((endpoint) => (endpoint.url = endpoint.url.replace(/:\d+/, `:${port}`)));
    const took = await timeToOpen(page);
    assert.ok(took < IN_TIME_MS, `${took} ms`);
    await state(page, "waiting");
    assert.equal(await page.evaluate(() => window.pixelgate.transport), "WebSocket");
    assert.match(await note(page), /^WebTransport could not be opened: .*UDP \(port \d+\) is blocked by a firewall/);
    await shoot(page, "udp-closed");
    await close(page);
  });

  test("a firewall that swallows UDP: WebSocket within a second, and at once the next time", async () => {
    const silent = createSocket("udp4");
    silent.bind(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address();
    const page = await misled((endpoint) => (endpoint.url = `https://127.0.0.1:${port}/player`), "", "phone");
    const first = await timeToOpen(page);
    assert.ok(first < IN_TIME_MS, `${first} ms`);
    await state(page, "waiting");
    assert.match(await note(page), /no answer in time\. Possible causes: UDP \(port \d+\) is blocked/);
    await shoot(page, "udp-swallowed");
    await page.reload();
    const second = await timeToOpen(page);
    assert.ok(second < 500, `remembered: ${second} ms`);
    assert.equal(await note(page), "WebSocket was quicker lately; WebTransport is tried again within the hour.");
    silent.close();
    await close(page);
  });

  test("a certificate that is not the announced one: WebSocket within a second, and the panel says so", async () => {
    const page = await misled((endpoint) => (endpoint.hashes = ["00".repeat(32)]));
    const took = await timeToOpen(page);
    assert.ok(took < IN_TIME_MS, `${took} ms`);
    assert.equal(await page.evaluate(() => window.pixelgate.transport), "WebSocket");
    assert.match(await note(page), /the certificate is not the one that the gateway announced/);
    await shoot(page, "wrong-hash");
    await close(page);
  });

  test("a transport that is forced and cannot be had is tried again, and that is said", async () => {
    const page = await misled((endpoint) => (endpoint.hashes = ["00".repeat(32)]), "transport=wt", "phone");
    await state(page, "lost");
    assert.equal(await text(page, "title"), "No connection");
    assert.match(await text(page, "detail"), /^The gateway cannot be reached: .+[^.]\.$/);
    await shoot(page, "forced-wt-fails");
    assert.match(await note(page), /^WebTransport could not be opened: /);
    await close(page);
  });
});

for (const transport of ["ws", "wt"]) {
  suite(`a gateway that goes and comes back, over ${transport}`, { timeout: 180_000 }, () => {
    let browser, gateway;
    before(async () => {
      [browser, gateway] = await Promise.all([startChromium(), Gateway.start()]);
    });
    afterEach(() => close(...browser.contexts().flatMap((context) => context.pages())));
    after(async () => {
      await browser?.close();
      await gateway?.end();
    });

    test("in order: the page says that it restarts, and plays again", async () => {
      const source = await streamer(browser, gateway, "Valley");
      const page = await player(browser, gateway, `transport=${transport}`);
      await state(page, "playing");
      const stopped = gateway.stop();
      await state(page, "draining");
      assert.equal(await text(page, "badge"), "Not connected");
      await shoot(page, `draining-${transport}`);
      await stopped;
      await state(page, "lost");
      assert.match(await text(page, "detail"), /^The gateway cannot be reached: the gateway does not answer/);
      await gateway.again();
      await source.reload();
      await page.click("#again").catch(() => {}); // It may have come back by itself meanwhile.
      await state(page, "playing");
      await close(page, source);
    });

    test("in a crash: the page counts down, and plays again", async () => {
      const source = await streamer(browser, gateway, "Valley");
      const page = await player(browser, gateway, `transport=${transport}`, { size: "phone" });
      await state(page, "playing");
      await gateway.crash();
      if (transport === "ws") await state(page, "lost");
      await gateway.again();
      await source.reload();
      // A crash is silent over UDP: it shows when the session misses the gateway's signs of life.
      if (transport === "wt")
        await page.waitForFunction(() => window.pixelgate.state !== "playing", null, { timeout: 60_000 });
      await page.waitForFunction(() => window.pixelgate.state === "playing", null, { timeout: 60_000 });
      await close(page, source);
    });
  });
}

async function freePort() {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}
