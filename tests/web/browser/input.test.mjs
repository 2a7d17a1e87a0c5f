// What the streamer gets of mouse, keyboard and fingers.

import assert from "node:assert/strict";
import { after, afterEach, before, suite, test } from "node:test";

import { close, frames, player, SIZES, startChromium, state, streamer } from "../chromium.mjs";
import { Gateway } from "../gateway.mjs";

/** Notes what comes over data channels, and announces tables of its own. */
function noting() {
  window.inputs = [];
  const { createDataChannel } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.createDataChannel = function (...args) {
    const channel = createDataChannel.apply(this, args);
    channel.binaryType = "arraybuffer";
    channel.addEventListener("message", ({ data }) => window.inputs.push([...new Uint8Array(data)]));
    window.announce = (table) => {
      const text = JSON.stringify(table);
      const message = new DataView(new ArrayBuffer(1 + 2 * text.length));
      message.setUint8(0, 255);
      for (let index = 0; index < text.length; index += 1)
        message.setUint16(1 + 2 * index, text.charCodeAt(index), true);
      channel.send(message.buffer);
    };
    return channel;
  };
}

suite("input", { timeout: 180_000 }, () => {
  let browser, gateway;
  before(async () => {
    [browser, gateway] = await Promise.all([startChromium(), Gateway.start()]);
  });
  afterEach(() => close(...browser.contexts().flatMap((context) => context.pages())));
  after(async () => {
    await browser?.close();
    await gateway?.end();
  });

  let scenes = 0;

  async function scene(options = {}) {
    const id = `Game${(scenes += 1)}`;
    const source = await streamer(browser, gateway, id, noting);
    const page = await player(browser, gateway, `streamer=${id}`, options);
    await state(page, "playing");
    await frames(page, 5);
    await source.waitForFunction(() => window.inputs.length > 0);
    return { source, page };
  }

  /** Waits until `count` messages of the ids have come, and takes them. */
  async function take(source, ids, count) {
    const wanted = { ids, count };
    await source.waitForFunction(
      ({ ids, count }) => window.inputs.filter(([id]) => ids.includes(id)).length >= count,
      wanted,
    );
    return source.evaluate(({ ids }) => window.inputs.filter(([id]) => ids.includes(id)), wanted);
  }

  test("mouse", async () => {
    const { source, page } = await scene();
    const { width, height } = SIZES.laptop;
    assert.deepEqual((await take(source, [7], 1))[0], [7], "the initial settings are asked for");
    await page.mouse.move(width / 2, height / 2);
    await page.mouse.down();
    await page.mouse.move(width / 4, height / 2);
    await page.mouse.up();
    await page.mouse.wheel(0, -120);
    await page.mouse.click(0, 0, { button: "right" });
    assert.deepEqual(await take(source, [72, 73, 75], 5), [
      [72, 0, 0, 0x80, 0, 0x80],
      [73, 0, 0, 0x40, 0, 0x80],
      [75, 120, 0, 0, 0x40, 0, 0x80],
      [72, 2, 0, 0, 0, 0],
      [73, 2, 0, 0, 0, 0],
    ]);
    const [moved] = (await take(source, [74], 2)).slice(1, 2);
    assert.deepEqual(moved.slice(0, 5), [74, 0, 0x40, 0, 0x80]);
    assert.equal(
      new DataView(Uint8Array.from(moved).buffer).getInt16(5, true),
      -16383,
      "half of the half of the picture",
    );
    assert.deepEqual((await take(source, [70], 1))[0], [70]);
    await close(page, source);
  });

  test("what is beside the picture is not clicked", async () => {
    const { source, page } = await scene({ size: "phone" });
    await page.mouse.click(180, 620);
    await page.mouse.click(180, 320);
    assert.deepEqual((await take(source, [72], 1))[0], [72, 0, 0, 0x80, 0, 0x80]);
    await close(page, source);
  });

  test("a button that is let go outside of the window is let go, and what is held when the focus goes", async () => {
    const { source, page } = await scene();
    await page.mouse.move(100, 100);
    await page.mouse.down();
    await page.keyboard.down("w");
    await page.evaluate(() => window.dispatchEvent(new Event("blur")));
    assert.equal((await take(source, [73], 1)).length, 1);
    assert.deepEqual(await take(source, [61], 1), [[61, 87]]);
    await close(page, source);
  });

  test("keyboard", async () => {
    const { source, page } = await scene();
    await page.keyboard.press("a");
    await page.keyboard.press("Backspace");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ShiftRight");
    await page.keyboard.type("ü");
    assert.deepEqual(await take(source, [60, 61, 62], 10), [
      [60, 65, 0],
      [62, 97, 0],
      [61, 65],
      [60, 8, 0],
      [62, 8, 0],
      [61, 8],
      [60, 9, 0],
      [61, 9],
      [60, 253, 0],
      [61, 253],
    ]);
    assert.equal(await page.evaluate(() => document.activeElement.id), "stage", "Tab belongs to the game");
    await page.keyboard.press("Shift+Tab");
    assert.equal(await page.evaluate(() => document.activeElement.id), "details", "Shift+Tab leaves it");
    await page.keyboard.press("x");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#panel").isVisible(), true);
    const keys = await source.evaluate(() =>
      window.inputs.filter(([id, key]) => id === 60 && (key === 88 || key === 13)),
    );
    assert.deepEqual(keys, [], "keys outside of the picture are the page's");
    await close(page, source);
  });

  test("fingers", async () => {
    const { source, page } = await scene({ size: "phone", hasTouch: true });
    await page.touchscreen.tap(180, 320);
    assert.deepEqual(await take(source, [80, 81], 2), [
      [80, 1, 0, 0x80, 0, 0x80, 0, 255, 1],
      [81, 1, 0, 0x80, 0, 0x80, 0, 0, 1],
    ]);
    const session = await page.context().newCDPSession(page);
    const touch = (type, ...points) =>
      session.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: points.map(([id, x, y]) => ({ id, x, y, force: 1 })),
      });
    await touch("touchStart", [1, 90, 320]);
    await touch("touchStart", [1, 90, 320], [2, 270, 320]);
    await touch("touchMove", [1, 90, 320], [2, 270, 300]);
    await touch("touchEnd");
    const all = (await take(source, [80, 81, 82], 7)).slice(2);
    const fingers = (id) => all.filter((message) => message[0] === id).map((message) => message[6]);
    assert.deepEqual([fingers(80), fingers(82), fingers(81).toSorted()], [[0, 1], [1], [0, 1]]);
    assert.deepEqual(
      await source.evaluate(() => window.inputs.filter(([id]) => id === 72)),
      [],
      "a finger is no mouse",
    );
    await close(page, source);
  });

  test("the streamer's own ids are used", async () => {
    const { source, page } = await scene();
    await source.evaluate(() => window.announce({ Direction: 0, KeyDown: { id: 210, structure: ["uint16"] } }));
    await source.evaluate(() => window.announce({ Direction: 0, KeyUp: { id: 211, structure: ["uint8"] } }));
    await source.evaluate(() => window.announce({ Direction: 0, KeyDown: { id: 210, structure: ["uint8", "uint8"] } }));
    // The tables are on their way: keys go by the stock ones until they have come.
    await page.waitForFunction(() => document.activeElement.id === "stage");
    for (let tries = 0; tries < 100; tries += 1) {
      await page.keyboard.press("a");
      if (await source.evaluate(() => window.inputs.some(([id]) => id === 211))) break;
    }
    const [down] = await take(source, [210], 1);
    assert.deepEqual(down, [210, 65, 0]);
    await close(page, source);
  });
});
