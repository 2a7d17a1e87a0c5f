// Picture and sound: what the browser withholds until somebody clicks, and media that cannot connect.

import assert from "node:assert/strict";
import { after, afterEach, before, suite, test } from "node:test";

import { close, frames, player, shoot, startChromium, state, streamer, text } from "../chromium.mjs";
import { Gateway } from "../gateway.mjs";

/** Adds a tone to every peer connection that sends a picture. */
function withSound() {
  const { addTrack } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.addTrack = function (track, ...streams) {
    const context = new AudioContext();
    const tone = context.createMediaStreamDestination();
    addTrack.call(this, tone.stream.getAudioTracks()[0], ...streams);
    return addTrack.call(this, track, ...streams);
  };
}

/**
 * Waits for `expression` without the user's gesture that Playwright's own waiting counts as: a gesture would allow sound.
 */
async function quietly(page, expression) {
  const session = await page.context().newCDPSession(page);
  for (const until = Date.now() + 20_000; Date.now() < until; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const { result } = await session.send("Runtime.evaluate", { expression, userGesture: false });
    if (result.value) return;
  }
  throw new Error(`never: ${expression}; errors: ${page.errors}`);
}

/** Finds no candidate that could be told. */
function withoutAddresses() {
  const Native = RTCPeerConnection;
  window.RTCPeerConnection = function (options) {
    return new Native({ ...options, iceTransportPolicy: "relay" });
  };
}

/** Keeps what is sent to the gateway. */
function keepingSent() {
  window.sent = [];
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (text) {
    window.sent.push(JSON.parse(text));
    return send.call(this, text);
  };
}

/** Hears candidates, but cannot reach any of them. */
function walledIn() {
  RTCPeerConnection.prototype.addIceCandidate = async () => {};
}

suite("media", { timeout: 300_000 }, () => {
  let browser, gateway;
  before(async () => {
    browser = await startChromium("--autoplay-policy=document-user-activation-required");
    gateway = await Gateway.start();
  });
  afterEach(() => close(...browser.contexts().flatMap((context) => context.pages())));
  after(async () => {
    await browser?.close();
    await gateway?.end();
  });

  for (const size of ["phone", "desk"]) {
    test(`sound needs a click, and the page offers it (${size})`, async () => {
      const source = await streamer(browser, gateway, "Concert", withSound);
      const page = await player(browser, gateway, "", { size });
      await quietly(page, "!document.getElementById('sound').hidden && window.pixelgate.state === 'playing'");
      await frames(page, 10);
      assert.equal(await page.evaluate(() => document.getElementById("video").muted), true);
      await shoot(page, "sound");
      await page.click("#sound");
      await page.locator("#sound").waitFor({ state: "hidden" });
      assert.deepEqual(
        await page.evaluate(() => [document.getElementById("video").muted, document.getElementById("video").paused]),
        [false, false],
      );
      assert.deepEqual(page.errors, []);
      await close(page, source);
    });
  }

  test("where even a silent video needs a click, there is a button", async () => {
    const source = await streamer(browser, gateway, "Strict", withSound);
    const page = await player(browser, gateway, "", {
      size: "phone",
      init: () => {
        addEventListener("click", () => (window.clicked = true), true);
        const { play } = HTMLMediaElement.prototype;
        HTMLMediaElement.prototype.play = function () {
          return window.clicked ? play.call(this) : Promise.reject(new DOMException("not yet", "NotAllowedError"));
        };
      },
    });
    await page.locator("#again", { hasText: "Play" }).waitFor();
    await shoot(page, "play");
    await page.click("#again");
    await frames(page, 10);
    assert.equal(await page.locator("#card").isVisible(), false);
    await close(page, source);
  });

  for (const [name, init, sourceInit, cause, size] of [
    ["no address here", withoutAddresses, null, /has not found a single address of its own/, "phone"],
    ["no way between", walledIn, walledIn, /hides its addresses|within one network/, "desk"],
  ]) {
    test(`media that cannot connect: ${name}`, async () => {
      const source = await streamer(browser, gateway, "Far", sourceInit);
      const page = await player(browser, gateway, "transport=ws", { init: [init, keepingSent], size });
      await state(page, "media");
      await shoot(page, "starting");
      await state(page, "failed");
      const detail = await text(page, "detail");
      assert.match(detail, cause);
      assert.match(detail, /Candidates here: .+; from the streamer: .+\.$/);
      assert.match(await text(page, "next"), /^Trying again in \d+ s\.$/);
      const reports = await page.evaluate(() => window.sent.filter(({ type }) => type === "stats"));
      const [told, seen] = detail.split("\n");
      assert.deepEqual(reports, [{ type: "stats", data: { media: "failed", summary: `${seen} ${told}` } }]);
      await shoot(page, `failed-${name.replaceAll(" ", "-")}`);
      await page.waitForFunction(() => window.pixelgate.state === "media", null, { timeout: 20_000 });
      assert.deepEqual(page.errors, []);
      await close(page, source);
    });
  }

  test("a connection that goes quiet is called interrupted", async () => {
    const source = await streamer(browser, gateway, "Quiet");
    const page = await player(browser, gateway, "", { init: keepConnection });
    await state(page, "playing");
    await page.evaluate(() => {
      const [connection] = window.connections.slice(-1);
      Object.defineProperty(connection, "connectionState", { value: "disconnected", configurable: true });
      connection.onconnectionstatechange();
    });
    assert.equal(await text(page, "title"), "Interrupted");
    await shoot(page, "interrupted");
    await close(page, source);
  });

  function keepConnection() {
    window.connections = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...args) {
        super(...args);
        window.connections.push(this);
      }
    };
  }
});
