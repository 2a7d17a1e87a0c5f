// Debian's Chromium, driven by Playwright.

import { chromium } from "playwright-core";

import { bounded, pageOf } from "./page.mjs";

const SWITCHES = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium with a fresh profile. */
export async function startChromium() {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: SWITCHES });
  return { name: "Chromium", open: (url) => open(browser, url), close: () => bounded("closing Chromium", browser.close()) };
}

/** Opens `url` in a window of its own and notes everything that goes wrong in it. */
async function open(browser, url) {
  const context = await bounded("a new profile", browser.newContext());
  const page = await bounded("a new page", context.newPage());
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(`${message.text()} ${message.location().url ?? ""}`));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("requestfailed", (request) => errors.push(`${request.url()}: ${request.failure()?.errorText}`));
  await bounded(`loading ${url}`, page.goto(url));
  return pageOf(page, errors, () => context.close());
}
