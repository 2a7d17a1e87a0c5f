// A gateway that dies and comes back: the page and the test streamer come back by themselves.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { open, shoot, startChromium, state, text } from "../web/chromium.mjs";
import { Gateway } from "../web/gateway.mjs";
import { Program } from "./process.mjs";
import { advancing, keep } from "./watch.mjs";

const BACK_MS = 5000;

for (const transport of ["ws", "wt"]) {
  suite(`a gateway killed and started again, over ${transport}`, { timeout: 120_000 }, () => {
    let browser, gateway, streamer;
    before(async () => {
      [browser, gateway] = await Promise.all([startChromium(), Gateway.start()]);
      streamer = new Program("test-streamer", "--url", `ws://localhost:${gateway.http}`, "--id", "Valley");
      await streamer.says(/streaming id="Valley"/);
    });
    after(async () => {
      await browser?.close();
      await streamer?.kill();
      await gateway?.end();
    });

    test("the page says so, and plays again within five seconds", async (t) => {
      const page = await open(browser, `${gateway.page}/?transport=${transport}`, { init: keep });
      await state(page, "playing");
      const written = streamer.output.length;
      const killed = Date.now();
      await gateway.crash();
      if (transport === "ws") {
        await state(page, "lost");
        t.diagnostic(`said after ${Date.now() - killed} ms: ${await text(page, "detail")}`);
        await shoot(page, `lost-${transport}`);
      }
      await gateway.again();
      const back = Date.now();
      if (transport === "wt") {
        await page.waitForFunction(() => window.pixelgate.state !== "playing", null, { polling: 20, timeout: 60_000 });
        t.diagnostic(`said ${Date.now() - back} ms after the start: ${await page.evaluate(() => window.pixelgate.state)}`);
      }
      await streamer.says(/streaming id="Valley"/, written);
      t.diagnostic(`the streamer is back after ${Date.now() - back} ms`);
      await state(page, "playing");
      await advancing(page);
      const took = Date.now() - back;
      t.diagnostic(`the page plays again after ${took} ms`);
      assert.ok(took < BACK_MS, `${took} ms`);
      await pause(1000);
      await state(page, "playing");
      await streamer.stop();
    });
  });
}
