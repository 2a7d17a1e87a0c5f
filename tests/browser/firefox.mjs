// Debian's Firefox, driven by Puppeteer over WebDriver BiDi (Playwright needs a Firefox of its own making).

import puppeteer from "puppeteer-core";

import { bounded, pageOf } from "./page.mjs";

/** Starts Firefox with a fresh profile. */
export async function startFirefox() {
  const browser = await puppeteer.launch({ browser: "firefox", executablePath: "/usr/bin/firefox-esr", headless: true });
  return { name: "Firefox", open: (url) => open(browser, url), close: () => bounded("closing Firefox", browser.close()) };
}

/** Opens `url` in a window of its own and notes everything that goes wrong in it. */
async function open(browser, url) {
  const page = await bounded("a new page", browser.newPage({ type: "window" }));
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(`${message.text()} ${message.location().url ?? ""}`));
  page.on("pageerror", (error) => errors.push(String(error)));
  await bounded(`loading ${url}`, page.goto(url));
  return pageOf(page, errors, () => page.close());
}
