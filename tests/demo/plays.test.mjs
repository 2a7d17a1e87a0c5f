// One command and one page: picture, sound and input, over each transport.

import assert from "node:assert/strict";
import { after, afterEach, before, suite, test } from "node:test";

import { close, open, shoot, startChromium, state } from "../web/chromium.mjs";
import { read, shows, until } from "./picture.mjs";
import { Demo } from "./process.mjs";
import { advancing, hear, keep, rises, sample } from "./watch.mjs";

const SECONDS = 5;
const FRAMES_A_SECOND = 25;
const START_MS = 3000;

const TRANSPORTS = [
  ["wt", "WebTransport", "webtransport"],
  ["ws", "WebSocket", "ws"],
];

suite("the demo", { timeout: 180_000 }, () => {
  let browser, demo;
  before(async () => {
    [browser, demo] = await Promise.all([startChromium(), Demo.start()]);
  });
  afterEach(() => close(...browser.contexts().flatMap((context) => context.pages())));
  after(async () => {
    await browser?.close();
    await demo?.end();
  });

  const watch = (query) => open(browser, `${demo.page}${query}`, { init: keep });

  for (const [transport, name, logged] of TRANSPORTS) {
    test(`is seen and heard over ${name}`, async (t) => {
      const written = demo.output.length;
      const page = await watch(`?transport=${transport}`);
      const start = await advancing(page);
      assert.ok(start.now < START_MS, `the picture advanced ${start.now} ms after the page began to load`);
      assert.deepEqual([start.width, start.height], [1280, 720]);

      await hear(page);
      const samples = await sample(page, SECONDS);
      const frames = rises(samples, "frames");
      assert.ok(Math.min(...frames) >= FRAMES_A_SECOND, `frames decoded each second: ${frames}`);
      const energy = rises(samples, "energy");
      assert.ok(Math.min(...energy) > 0, `sound in each second: ${energy}`);
      assert.equal(samples.at(-1).freezes, 0);
      const seen = await read(page);
      t.diagnostic(`advancing after ${start.now.toFixed()} ms; frames ${frames}; drawn ${seen.age} ms before it was read`);
      assert.ok(seen.age >= 0 && seen.age < 1000, JSON.stringify(seen));

      assert.equal(await page.evaluate(() => window.pixelgate.transport), name);
      await page.click("#details");
      assert.match(await page.locator("#badge").innerText(), new RegExp(`^${name}`));
      await page.waitForFunction(() => document.getElementById("numbers").innerText.includes("per second"));
      await shoot(page, `demo-${transport}`);
      const opened = demo.output.slice(written).match(/session opened .*role=player.*/g);
      assert.equal(opened.length, 1);
      assert.match(opened[0], new RegExp(` transport="${logged}" `));
      assert.deepEqual(page.errors, []);
    });

    test(`takes input over ${name}`, async (t) => {
      const page = await watch(`?transport=${transport}`);
      await state(page, "playing");
      await until(page, "a clock", ({ age }) => age < 1000);
      await shows(page, "dark", 900, 600);
      await page.mouse.move(900, 600);
      await shows(page, "white", 900, 600);
      await page.mouse.down();
      await shows(page, "red", 900, 600);
      await page.mouse.move(400, 660);
      await shows(page, "red", 400, 660);
      await shows(page, "dark", 900, 600);
      const released = Date.now();
      await page.mouse.up();
      await shows(page, "white", 400, 660);
      t.diagnostic(`from the button to the picture: ${Date.now() - released} ms`);

      await page.keyboard.type(transport);
      const codes = [...transport.toUpperCase()].map((letter) => letter.charCodeAt(0));
      const keys = codes.map((code) => `+${code} -${code}`).join(" ");
      const typed = ({ keys: shown, text }) => shown.endsWith(keys) && text.endsWith(transport.toUpperCase());
      await until(page, `${keys} and ${transport}`, typed);

      await page.evaluate((said) => {
        const text = JSON.stringify({ said });
        const message = new DataView(new ArrayBuffer(3 + 2 * text.length));
        message.setUint8(0, 50);
        message.setUint16(1, text.length, true);
        [...text].forEach((letter, index) => message.setUint16(3 + 2 * index, letter.charCodeAt(0), true));
        window.kept.channels.at(-1).send(message);
      }, `Over ${name}`);
      await until(page, "the interaction", ({ text }) => text === `TEXT ?"SAID":"OVER ${name.toUpperCase()}"?`);
      await shoot(page, `input-${transport}`);
      assert.deepEqual(page.errors, []);
    });
  }
});
