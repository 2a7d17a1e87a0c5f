import { after, before, suite, test } from "node:test";

import { Gateway } from "../interop/node/gateway.mjs";
import { startChromium } from "./chromium.mjs";
import { streamAndDisconnect } from "./stream.mjs";

suite("Chromium", { timeout: 240_000 }, () => {
  let gateway, browser;

  before(async () => {
    gateway = await Gateway.start();
    browser = await startChromium();
  });
  after(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  for (const from of ["ws", "wt"]) {
    for (const to of ["ws", "wt"]) {
      test(`a streamer over ${from} and a player over ${to}`, () =>
        streamAndDisconnect({
          gateway,
          streamer: { browser, transport: from },
          player: { browser, transport: to },
        }));
    }
  }
});
