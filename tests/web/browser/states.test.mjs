// What the page says while streamers come and go, over both transports and at several sizes.

import assert from "node:assert/strict";
import { after, afterEach, before, suite, test } from "node:test";

import { close, frames, player, shoot, startChromium, state, streamer, text } from "../chromium.mjs";
import { Gateway } from "../gateway.mjs";

suite("states", { timeout: 300_000 }, () => {
  let browser, gateway;
  before(async () => {
    [browser, gateway] = await Promise.all([startChromium(), Gateway.start()]);
  });
  afterEach(() => close(...browser.contexts().flatMap((context) => context.pages())));
  after(async () => {
    await browser?.close();
    await gateway?.end();
  });

  for (const [transport, name, size] of [
    ["ws", "WebSocket", "phone"],
    ["wt", "WebTransport", "desk"],
  ]) {
    test(`none, one, none and one again over ${name}`, async () => {
      const page = await player(browser, gateway, `transport=${transport}`, { size });
      await state(page, "waiting");
      assert.equal(await text(page, "title"), "Waiting for a streamer");
      assert.equal(await page.locator("#again").isVisible(), false);
      await shoot(page, `waiting-${transport}`);

      let source = await streamer(browser, gateway, "Valley");
      await state(page, "playing");
      await frames(page, 10);
      assert.equal(await page.evaluate(() => window.pixelgate.transport), name);
      assert.equal(await page.locator("#card").isVisible(), false);
      await page.click("#details");
      await page.waitForFunction(() => document.getElementById("numbers").innerText.includes("per second"));
      const numbers = (await text(page, "numbers")).split("\n");
      const after = (label) => numbers[numbers.indexOf(label) + 1];
      assert.equal(after("Signalling"), name);
      assert.match(after("Signalling round trip"), /^\d+(\.\d)? ms$/);
      assert.equal(after("Streamer"), "Valley");
      assert.match(after("Session"), /^Player\d+$/);
      assert.match(after("Picture"), /^320 × 180, \w+$/);
      assert.match(after("Frame rate"), /^\d+ per second$/);
      assert.match(after("Bitrate"), /^[\d.]+ .bit\/s$/);
      await shoot(page, `panel-${transport}`);
      await page.click("#details");

      await close(source);
      await state(page, "left");
      assert.equal(await text(page, "title"), "The streamer has left");
      await shoot(page, `left-${transport}`);
      await state(page, "waiting");
      assert.equal(await text(page, "detail"), "The streamer has left.");

      source = await streamer(browser, gateway, "Valley");
      await state(page, "playing");
      await frames(page, 10);
      assert.deepEqual(page.errors, []);
      await close(page, source);
    });
  }

  test("three streamers: one is chosen by hand, one by the query, and one is waited for", async () => {
    const names = ["Valley", "Station Nord, zweites Untergeschoss mit besonders langem Namen", "Kitchen"];
    const sources = await Promise.all(names.map((name) => streamer(browser, gateway, encodeURIComponent(name))));
    for (const size of ["phone", "laptop", "desk"]) {
      const page = await player(browser, gateway, "", { size });
      await state(page, "choosing");
      const shown = await page.locator("#choices button").allInnerTexts();
      assert.deepEqual(shown.toSorted(), names.toSorted());
      await shoot(page, "choosing");
      await page.locator("#choices button", { hasText: "Kitchen" }).click();
      await state(page, "playing");
      assert.deepEqual(await sources[2].evaluate(() => window.pixelgate.players().length), 1);
      await close(page);
    }

    const picked = await player(browser, gateway, "streamer=Kitchen");
    await state(picked, "playing");
    await close(picked);

    const waiting = await player(browser, gateway, "streamer=Roof", { size: "phone" });
    await state(waiting, "waiting");
    assert.equal(await text(waiting, "title"), "Waiting for “Roof”");
    assert.equal(await text(waiting, "detail"), "“Roof” is not streaming. Others are there:");
    await shoot(waiting, "waiting-others");
    const roof = await streamer(browser, gateway, "Roof");
    await state(waiting, "playing");
    assert.equal(await roof.evaluate(() => window.pixelgate.players().length), 1);
    assert.deepEqual(waiting.errors, []);
    await close(waiting, roof, ...sources);
  });

  test("a list can be used by keyboard alone, and the focus survives its being asked for again", async () => {
    const sources = await Promise.all(["One", "Two"].map((name) => streamer(browser, gateway, name)));
    const page = await player(browser, gateway);
    await state(page, "choosing");
    await page.locator("#choices button").first().focus();
    const asked = await page.evaluate(() => performance.now());
    await page.waitForFunction((since) => performance.now() - since > 2500, asked);
    await page.keyboard.press("Enter");
    await state(page, "playing");
    await close(page, ...sources);
  });

  test("a player who is put out is told why", async () => {
    const source = await streamer(browser, gateway, "Strict");
    const page = await player(browser, gateway);
    await state(page, "playing");
    await source.evaluate(() => {
      const [playerId] = window.pixelgate.players();
      window.pixelgate.send({ type: "disconnectPlayer", playerId, reason: "Time is up" });
    });
    await state(page, "lost");
    assert.equal(await text(page, "detail"), "The streamer ended this session. “Time is up” (1011)");
    assert.match(await text(page, "next"), /^Connecting again in \d+ s\.$/);
    await shoot(page, "put-out");
    await state(page, "playing");
    await close(page, source);
  });
});

suite("a full streamer", { timeout: 120_000 }, () => {
  test("is tried again until there is room", async () => {
    const gateway = await Gateway.start("--max-players", "1");
    const browser = await startChromium();
    try {
      await streamer(browser, gateway, "Small");
      const first = await player(browser, gateway);
      await state(first, "playing");
      const second = await player(browser, gateway, "", { size: "phone" });
      await state(second, "full");
      assert.equal(await text(second, "detail"), "“Small” has as many players as it takes.");
      assert.match(await text(second, "next"), /^Next attempt in \d+ s\.$/);
      await shoot(second, "full");
      await close(first);
      await second.click("#again");
      await state(second, "playing");
    } finally {
      await browser.close();
      await gateway.end();
    }
  });
});
