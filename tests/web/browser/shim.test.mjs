// An operator's own page, with the shim before a player that knows WebSockets only.

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";

import { close, open, startChromium } from "../chromium.mjs";
import { Gateway } from "../gateway.mjs";

const ROOT = fileURLToPath(new URL("../root", import.meta.url));

suite("the shim", { timeout: 120_000 }, () => {
  test("puts a prebuilt page on WebTransport, its close included", async () => {
    const gateway = await Gateway.start("--http-root", ROOT);
    const browser = await startChromium();
    try {
      const page = await open(browser, `${gateway.page}/?whatever=1`);
      await page.waitForFunction(() => window.events.includes("streamerList"));
      const seen = await page.evaluate(() => [window.socket.transport, window.socket.readyState, window.events]);
      assert.deepEqual(seen, ["wt", 1, ["open true", "config", "playerCount", "streamerList"]]);
      await gateway.stop();
      await page.waitForFunction(() => window.events.at(-1).startsWith("close"));
      assert.match(await page.evaluate(() => window.events.at(-1)), /^close 1012 /);
      assert.deepEqual(
        page.errors.filter((error) => !/favicon|404/.test(error)),
        [],
      );
      await close(page);
    } finally {
      await browser.close();
      await gateway.end();
    }
  });
});
