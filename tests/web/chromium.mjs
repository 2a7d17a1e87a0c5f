// Debian's Chromium, driven by Playwright, and the pages that tests look at.

import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

const WAIT_MS = 20_000;
const SWITCHES = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];

/** Screenshots go here. */
export const SHOTS = process.env.PIXELGATE_SHOTS ?? mkdtempSync(join(tmpdir(), "pixelgate-shots-"));
mkdirSync(SHOTS, { recursive: true });

export const SIZES = {
  phone: { width: 360, height: 640 },
  laptop: { width: 1280, height: 720 },
  desk: { width: 1920, height: 1080 },
};

export function startChromium(...switches) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, headless: true, args: [...SWITCHES, ...switches] });
}

/** Opens `url` in a profile of its own and notes what goes wrong in it. */
export async function open(browser, url, { size = "laptop", init = null, ...options } = {}) {
  const context = await browser.newContext({ viewport: SIZES[size], ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  page.errors = [];
  page.on("console", (message) => message.type() === "error" && page.errors.push(message.text()));
  page.on("pageerror", (error) => page.errors.push(String(error)));
  for (const script of [init ?? []].flat()) await page.addInitScript(script);
  await page.goto(url);
  return page;
}

/** A streamer of the test page. */
export async function streamer(browser, gateway, id, init = null) {
  const page = await open(browser, `${gateway.page}/test/streamer.html?id=${id}`, { init });
  await page.waitForFunction(() => window.pixelgate?.state === "streaming");
  return page;
}

/** The player; `query` such as "transport=ws". */
export function player(browser, gateway, query = "", options = {}) {
  return open(browser, `${gateway.page}/?${query}`, options);
}

/** Waits for a state of the player. */
export async function state(page, name) {
  try {
    await page.waitForFunction((wanted) => window.pixelgate?.state === wanted, name, { polling: 20 });
  } catch {
    const seen = await page.evaluate(() => [window.pixelgate?.state, document.body.innerText]);
    throw new Error(`the page is not ${name} but ${seen}; errors: ${page.errors}`);
  }
}

/** Waits until the player has decoded more than `count` frames. */
export function frames(page, count) {
  return page.waitForFunction((wanted) => window.pixelgate.framesDecoded().then((n) => n > wanted), count);
}

export const text = (page, id) => page.locator(`#${id}`).innerText();

/** The page as it is, then as a phone and a large screen would show it. */
export async function shoot(page, name) {
  const own = page.viewportSize();
  const sizes = Object.entries(SIZES).sort(([, a], [, b]) => (b.width === own.width) - (a.width === own.width));
  for (const [size, viewport] of sizes) {
    await page.setViewportSize(viewport);
    await page.screenshot({ path: join(SHOTS, `${name}-${size}.png`), animations: "disabled" });
  }
  await page.setViewportSize(own);
}

/** Closes a page with its profile. */
export async function close(...pages) {
  for (const page of pages) await page.context().close();
}
