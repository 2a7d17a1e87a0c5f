// A gateway that asks players for a token: the page hands on the one in its own URL, over both transports, and says why
// it is refused.

import assert from "node:assert/strict";
import { after, afterEach, before, suite, test } from "node:test";

import { close, open, player, startChromium, state, text } from "../chromium.mjs";
import { Gateway } from "../gateway.mjs";

// Legal as a subprotocol, and to be escaped in a URL.
const TOKEN = "HUSH.a-b_c%d";

suite("a gateway that asks for a token", { timeout: 120_000 }, () => {
  let browser, gateway;
  before(async () => {
    [browser, gateway] = await Promise.all([startChromium(), Gateway.start("--player-token", TOKEN)]);
  });
  afterEach(() => close(...browser.contexts().flatMap((context) => context.pages())));
  after(async () => {
    await browser?.close();
    await gateway?.end();
    assert.ok(!gateway?.log.includes("HUSH"), gateway?.log);
  });

  const refused = (why) => `The gateway refused this page. “not authorised: ${why}” (1008)`;

  for (const transport of ["ws", "wt"]) {
    test(`the right one opens it over ${transport}`, async () => {
      const page = await player(browser, gateway, `transport=${transport}&token=${encodeURIComponent(TOKEN)}`);
      await state(page, "waiting");
      const carried = await page.evaluate(() => window.pixelgate.transport);
      assert.equal(carried, { ws: "WebSocket", wt: "WebTransport" }[transport]);
    });

    test(`without one, and with a wrong one, the page says why over ${transport}`, async () => {
      for (const [query, why] of [
        ["", "no token was given"],
        ["&token=wrong", "the token is not valid"],
      ]) {
        const page = await player(browser, gateway, `transport=${transport}${query}`);
        await state(page, "lost");
        assert.equal(await text(page, "detail"), refused(why));
        await close(page);
      }
    });
  }

  test("a page of one's own may show it as a subprotocol", async () => {
    const page = await open(browser, gateway.page);
    const ends = (token) =>
      page.evaluate(async (offer) => {
        const socket = new WebSocket(`ws://${location.host}/player`, ["pixelstream", offer]);
        const [, told] = await Promise.all([
          new Promise((resolve) => (socket.onopen = resolve)),
          new Promise((resolve) => {
            socket.onmessage = ({ data }) => resolve(JSON.parse(data).type);
            socket.onclose = ({ code }) => resolve(code);
          }),
        ]);
        return [socket.protocol, told];
      }, `bearer.${token}`);
    assert.deepEqual(await ends(TOKEN), ["pixelstream", "config"]);
    assert.deepEqual(await ends("wrong"), ["pixelstream", 1008]);
  });
});
