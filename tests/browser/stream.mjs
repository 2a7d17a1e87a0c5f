// One streamer page and one player page against one gateway: what every combination of browsers and transports must do.

import assert from "node:assert/strict";

import { within } from "../interop/node/gateway.mjs";

const WAIT_MS = 30_000;
const LOOK_EVERY_MS = 50;
const NAMES = { ws: "WebSocket", wt: "WebTransport" };

/** Opens a test page; `id` is the streamer's id on both sides. */
export function openPage(browser, gateway, role, transport, id) {
  const port = gateway.http.split(":").at(-1);
  return browser.open(`http://localhost:${port}/test/${role}.html?transport=${transport}&id=${id}`);
}

/** Waits until `expression` is true in the page; an error in its console ends the wait. */
export async function until(page, expression) {
  const state = { seen: undefined };
  let waiting = true;
  const look = async () => {
    while (waiting && !(await page.evaluate(expression))) {
      assert.deepEqual(page.errors, [], `errors in the console, waiting until ${expression}`);
      state.seen = await page.evaluate("JSON.stringify(window.pixelgate)");
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  };
  const what = () => `${expression}; the page: ${state.seen}`;
  await within(WAIT_MS, what, look()).finally(() => (waiting = false));
}

/**
 * A streamer and a player see and hear each other; then the streamer puts the player out, and another one leaves its
 * page.
 */
export async function streamAndDisconnect({ gateway, streamer, player }) {
  const id = `${streamer.browser.name}-${streamer.transport}-${player.browser.name}-${player.transport}`;
  const publisher = await openPage(streamer.browser, gateway, "streamer", streamer.transport, id);
  await until(publisher, "window.pixelgate?.state === 'streaming'");
  const viewer = await openPage(player.browser, gateway, "player", player.transport, id);

  await until(viewer, "window.pixelgate?.framesDecoded?.().then((frames) => frames > 30)");
  await until(viewer, "window.pixelgate.received.length > 0");
  await until(publisher, "window.pixelgate.received.length > 0");
  const text = [`hello from ${id}`];
  assert.deepEqual(await viewer.evaluate("window.pixelgate.received"), text, "what the player received");
  assert.deepEqual(await publisher.evaluate("window.pixelgate.received"), text, "what came back to the streamer");
  await saysItsTransport(publisher, streamer.transport);
  await saysItsTransport(viewer, player.transport);

  await publisher.evaluate(
    "window.pixelgate.send({ type: 'disconnectPlayer', playerId: window.pixelgate.players()[0], reason: 'zu spät' })",
  );
  await until(viewer, "window.pixelgate.closes.length > 0");
  assert.deepEqual(await viewer.evaluate("window.pixelgate.closes"), [{ code: 1011, reason: "zu spät" }]);
  await until(publisher, "window.pixelgate.players().length === 0");
  await viewer.close();

  const passerBy = await openPage(player.browser, gateway, "player", player.transport, id);
  await until(publisher, "window.pixelgate.players().length === 1");
  await passerBy.leave();
  await until(publisher, "window.pixelgate.players().length === 0");
  await passerBy.close();

  const errors = [publisher, viewer, passerBy].flatMap((page) => page.errors);
  assert.deepEqual(errors, [], "errors in the consoles");
  await publisher.close();
}

async function saysItsTransport(page, transport) {
  const shown = await page.evaluate("document.getElementById('transport').value");
  assert.equal(shown, NAMES[transport], "the transport that the page shows");
  assert.equal(await page.evaluate("window.pixelgate.transport"), NAMES[transport]);
}
