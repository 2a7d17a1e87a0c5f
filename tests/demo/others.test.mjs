// The player page with other implementations: a streamer in aiortc, and Firefox.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";

import { startFirefox } from "../browser/firefox.mjs";
import { until } from "../browser/stream.mjs";
import { open, startChromium, streamer } from "../web/chromium.mjs";
import { Gateway } from "../web/gateway.mjs";
import { Program } from "./process.mjs";
import { advancing, hear, keep, rises, sample } from "./watch.mjs";

const path = (place) => fileURLToPath(new URL(place, import.meta.url));
const PYTHON = process.env.PIXELGATE_PYTHON ?? path("../.cache/python/bin/python");

suite("others", { timeout: 180_000 }, () => {
  let browser, gateway;
  before(async () => {
    [browser, gateway] = await Promise.all([startChromium(), Gateway.start()]);
  });
  after(async () => {
    await browser?.close();
    await gateway?.end();
  });

  test("the page plays a streamer of aiortc, and sends it input", async (t) => {
    const url = `ws://localhost:${gateway.http}/streamer`;
    const source = new Program({ command: PYTHON }, path("aiortc_streamer.py"), url, "Snake");
    try {
      await source.says(/^streaming$/m);
      const page = await open(browser, `${gateway.page}/?streamer=Snake`, { init: keep });
      const start = await advancing(page);
      assert.deepEqual([start.width, start.height], [640, 360]);
      await hear(page);
      const samples = await sample(page, 3);
      t.diagnostic(`frames ${rises(samples, "frames")}`);
      assert.ok(Math.min(...rises(samples, "frames")) >= 10, `${rises(samples, "frames")}`);
      const energy = rises(samples, "energy");
      assert.ok(Math.min(...energy) > 0, `sound in each second: ${energy}`);
      await page.mouse.click(640, 360);
      await source.says(/^input 480000800080$/m);
      assert.deepEqual(page.errors, []);
      await page.context().close();
    } finally {
      await source.kill();
    }
  });

  for (const [transport, name] of [
    ["wt", "WebTransport"],
    ["ws", "WebSocket"],
  ]) {
    test(`the page plays in Firefox over ${name}`, async () => {
      const source = await streamer(browser, gateway, "Fox");
      const firefox = await startFirefox();
      try {
        const page = await firefox.open(`${gateway.page}/?streamer=Fox&transport=${transport}`);
        await until(page, "window.pixelgate?.state === 'playing'");
        await until(page, "window.pixelgate.framesDecoded().then((frames) => frames > 60)");
        assert.equal(await page.evaluate("window.pixelgate.transport"), name);
        assert.deepEqual(page.errors, []);
      } finally {
        await firefox.close();
        await source.context().close();
      }
    });
  }

  test("Firefox without a decoder for H.264 says so, and the gateway logs it", async (t) => {
    const source = new Program("test-streamer", "--url", `ws://localhost:${gateway.http}`, "--id", "Test");
    const firefox = await startFirefox();
    try {
      await source.says(/streaming id="Test"/);
      const page = await firefox.open(`${gateway.page}/?streamer=Test`);
      const codecs = await page.evaluate(
        "RTCRtpReceiver.getCapabilities('video').codecs.map(({ mimeType }) => mimeType).join()",
      );
      if (codecs.includes("H264")) {
        t.diagnostic("this Firefox has the decoder: it plays");
        await until(page, "window.pixelgate.framesDecoded().then((frames) => frames > 60)");
      } else {
        await until(page, "window.pixelgate?.state === 'failed'");
        assert.match(await page.evaluate("document.getElementById('title').innerText"), /cannot show the picture/);
        assert.match(await page.evaluate("document.getElementById('detail').innerText"), /picture: H264\.$/);
        assert.match(gateway.log, /Codecs of the streamer's picture: H264\./);
      }
      assert.deepEqual(page.errors, []);
    } finally {
      await firefox.close();
      await source.kill();
    }
  });
});
