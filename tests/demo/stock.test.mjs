// The stock frontend, built here from its published packages, plays the test streamer.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { close, open, shoot, startChromium } from "../web/chromium.mjs";
import { shows, until } from "./picture.mjs";
import { Demo, Program } from "./process.mjs";
import { advancing, keep, rises, sample } from "./watch.mjs";

const WAYS = [
  ["WebSocket, as it is", "plain.html", "ws", "ws"],
  ["WebTransport, its class patched", "plain.html?patched", "wt", "webtransport"],
  ["WebTransport, under the shim", "shim.html", "wt", "webtransport"],
];

suite("the stock frontend", { timeout: 240_000 }, () => {
  const root = mkdtempSync(join(tmpdir(), "pixelgate-stock-"));
  let browser, demo;
  before(async () => {
    await buildPage(root);
    [browser, demo] = await Promise.all([startChromium(), Demo.start("--http-root", root)]);
  });
  afterEach(() => close(...browser.contexts().flatMap((context) => context.pages())));
  after(async () => {
    await browser?.close();
    await demo?.end();
    rmSync(root, { recursive: true });
  });

  for (const [name, path, carrier, logged] of WAYS) {
    test(`over ${name}`, async (t) => {
      const written = demo.output.length;
      const page = await open(browser, `${demo.page}${path}`, { init: keep });
      const start = await advancing(page);
      assert.deepEqual([start.width, start.height], [1280, 720]);
      const frames = rises(await sample(page, 3), "frames");
      t.diagnostic(`advancing after ${start.now.toFixed()} ms; frames ${frames}`);
      assert.ok(Math.min(...frames) >= 25, `frames decoded each second: ${frames}`);
      assert.equal(await page.evaluate(() => window.carriedBy()), carrier);
      const opened = demo.output.slice(written).match(/session opened .*role=player.*/g);
      assert.equal(opened.length, 1);
      assert.match(opened[0], new RegExp(` transport="${logged}" `));

      await inputReachesThePicture(page, name);
      await panelsWork(page);
      await shoot(page, `stock-${WAYS.findIndex(([one]) => one === name)}`);
      assert.deepEqual(page.errors.filter((error) => !error.includes("favicon")), []);
    });
  }
});

test("the stock frontend in the place of Wilbur's, with its command line", { timeout: 120_000 }, async (t) => {
  const root = mkdtempSync(join(tmpdir(), "pixelgate-wilbur-"));
  const announcement = join(root, "announce.json");
  await buildPage(root);
  const ports = ["--player_port=0", "--streamer_port=0", "--sfu_port=0"];
  const pages = ["--serve", `--http_root=${root}`, "--homepage=plain.html"];
  const folders = [`--log_folder=${join(root, "logs")}`, "--no_config", `--announce=${announcement}`];
  const wilbur = new Program("wilbur", ...ports, ...pages, ...folders);
  const browser = await startChromium();
  let source;
  try {
    await wilbur.says(/SFUs +ws:/);
    const { http, streamer } = await announced(announcement);
    source = new Program("test-streamer", "--url", `ws://${streamer}`, "--id", "TestStreamer");
    await source.says(/streaming id="TestStreamer"/);
    const page = await open(browser, `http://${http}/`, { init: keep });
    await advancing(page);
    const frames = rises(await sample(page, 3), "frames");
    t.diagnostic(`frames ${frames}`);
    assert.ok(Math.min(...frames) >= 25, `frames decoded each second: ${frames}`);
    await inputReachesThePicture(page, "wilbur");
    await panelsWork(page);
    assert.deepEqual(page.errors, []);
  } finally {
    await browser.close();
    await source?.kill();
    await wilbur.stop();
    rmSync(root, { recursive: true });
  }
});

async function announced(file) {
  for (const end = Date.now() + 20_000; ; await pause(20)) {
    if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
    if (Date.now() > end) throw new Error("no announcement");
  }
}

async function buildPage(root) {
  const entryPoints = [fileURLToPath(new URL("stock/page.js", import.meta.url))];
  await build({ entryPoints, bundle: true, format: "iife", outfile: join(root, "page.js"), logLevel: "error" });
  const page = (shim) =>
    `<!doctype html><meta charset="utf-8"><title>Stock</title><link rel="icon" href="data:,">` +
    `<body style="margin:0;width:100vw;height:100vh">${shim}<script src="page.js"></script></body>`;
  writeFileSync(join(root, "plain.html"), page(""));
  writeFileSync(join(root, "shim.html"), page(`<script src="/pixelgate/shim.js"></script>`));
}

async function inputReachesThePicture(page, way) {
  await until(page, "a clock", ({ age }) => age < 1000);
  await page.mouse.move(300, 300);
  await page.mouse.move(600, 640);
  await shows(page, "white", 600, 640);
  await page.keyboard.press("k");
  await until(page, "the key", ({ keys, text }) => keys.endsWith("+75 -75") && text.endsWith("K"));
  assert.equal(await page.evaluate((said) => window.stream.emitUIInteraction(said), way), true);
  await until(page, way, ({ text }) => text === `TEXT ${way.toUpperCase()}`);
}

async function panelsWork(page) {
  await page.click("#settingsBtn");
  await page.locator("#settings-panel.panel-wrap-visible").waitFor();
  assert.match(await page.locator("#settings-panel").innerText(), /TestStreamer/);
  await page.click("#settingsBtn");
  await page.click("#statsBtn");
  await page.locator("#stats-panel.panel-wrap-visible").waitFor();
  await page.waitForFunction(() => /1280\s*x\s*720/.test(document.getElementById("stats-panel").innerText));
}
