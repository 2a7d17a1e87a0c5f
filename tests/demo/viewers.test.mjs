// Several viewers of one streamer, and one who comes late.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";

import { open, startChromium } from "../web/chromium.mjs";
import { until } from "./picture.mjs";
import { Demo } from "./process.mjs";
import { advancing, keep } from "./watch.mjs";

const VIEWERS = 3;
const LATE_MS = 1000;

suite("viewers", { timeout: 120_000 }, () => {
  let browser, demo;
  before(async () => {
    [browser, demo] = await Promise.all([startChromium(), Demo.start()]);
  });
  after(async () => {
    await browser?.close();
    await demo?.end();
  });

  const watch = () => open(browser, `${demo.page}?transport=ws`, { init: keep });

  test("three at once see the same pictures of one encoder, the last one within a second of asking", async (t) => {
    const pages = [];
    for (let viewer = 0; viewer < VIEWERS; viewer += 1) {
      const page = await watch();
      await advancing(page);
      const { subscribed, pictured } = await page.evaluate(() => window.kept);
      t.diagnostic(`viewer ${viewer + 1}: a picture ${(pictured - subscribed).toFixed()} ms after it asked for one`);
      assert.ok(pictured - subscribed < LATE_MS, `viewer ${viewer + 1}: ${pictured - subscribed} ms`);
      pages.push(page);
    }
    // One encoder counts its frames: what the viewers see at one time is of one time.
    const seen = await Promise.all(pages.map((page) => until(page, "a clock", ({ age, number }) => age < 2000 && number)));
    t.diagnostic(seen.map(({ frame, clock, age }) => `${frame} at ${clock}, ${age} ms old`).join("; "));
    const drawn = seen.map(({ clock, number }) => Number(clock.slice(3, 5)) * 60 + Number(clock.slice(6, 12)) - number / 30);
    const apart = Math.max(...drawn) - Math.min(...drawn);
    assert.ok(apart < 0.5, `the frame counters are ${apart} s apart`);
    for (const page of pages) {
      const latest = Math.max(...seen.map(({ number }) => number));
      await until(page, "a later frame", ({ number }) => number > latest);
      assert.deepEqual(page.errors, []);
    }
  });
});

test("three streamers of one demo: the page lists them, and plays the one that is chosen", { timeout: 60_000 }, async () => {
  const [browser, demo] = await Promise.all([startChromium(), Demo.start("--streamers", "3", "--size", "640x360")]);
  try {
    const page = await open(browser, demo.page, { init: keep });
    const choices = page.locator("#choices button");
    await choices.nth(2).waitFor();
    assert.deepEqual(await choices.allInnerTexts(), ["TestStreamer", "TestStreamer2", "TestStreamer3"]);
    await choices.nth(1).click();
    const { width, height } = await advancing(page);
    assert.deepEqual([width, height], [640, 360]);
    assert.equal(await page.evaluate(() => window.pixelgate.state), "playing");
    assert.deepEqual(page.errors, []);
  } finally {
    await browser.close();
    await demo.end();
  }
});
