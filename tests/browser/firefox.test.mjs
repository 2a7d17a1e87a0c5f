import { after, before, suite, test } from "node:test";

import { Gateway } from "../interop/node/gateway.mjs";
import { startChromium } from "./chromium.mjs";
import { startFirefox } from "./firefox.mjs";
import { streamAndDisconnect } from "./stream.mjs";

suite("Firefox", { timeout: 240_000 }, () => {
  let gateway, firefox, chromium;

  before(async () => {
    gateway = await Gateway.start();
    firefox = await startFirefox();
    chromium = await startChromium();
  });
  after(async () => {
    await chromium?.close();
    await firefox?.close();
    await gateway?.stop();
  });

  for (const transport of ["ws", "wt"]) {
    test(`streamer and player in Firefox over ${transport}`, () =>
      streamAndDisconnect({
        gateway,
        streamer: { browser: firefox, transport },
        player: { browser: firefox, transport },
      }));

    test(`a streamer in Chromium and a player in Firefox over ${transport}`, () =>
      streamAndDisconnect({
        gateway,
        streamer: { browser: chromium, transport },
        player: { browser: firefox, transport },
      }));
  }
});
