import assert from "node:assert/strict";
import { test } from "node:test";

import { deltaOf, Dictionary, Fingers, keyOf, pictureIn, pointOf } from "../../../web/player/input.js";

const bytes = (buffer) => buffer && [...new Uint8Array(buffer)];
const encode = (...message) => bytes(new Dictionary().encode(...message));

/** A message of a streamer: an id and UTF-16LE. */
function fromStreamer(id, text) {
  const units = [...text].flatMap((character) => [character.charCodeAt(0) & 0xff, character.charCodeAt(0) >> 8]);
  return Uint8Array.from([id, ...units]).buffer;
}

test("the stock messages, byte by byte", () => {
  const table = [
    [["RequestInitialSettings"], [7]],
    [
      ["KeyDown", 65, 1],
      [60, 65, 1],
    ],
    [
      ["KeyUp", 253],
      [61, 253],
    ],
    [
      ["KeyPress", 0x20ac],
      [62, 0xac, 0x20],
    ],
    [["MouseEnter"], [70]],
    [["MouseLeave"], [71]],
    [
      ["MouseDown", 2, 0x1234, 0xffff],
      [72, 2, 0x34, 0x12, 0xff, 0xff],
    ],
    [
      ["MouseUp", 0, 0, 1],
      [73, 0, 0, 0, 1, 0],
    ],
    [
      ["MouseMove", 1, 2, -1, 300],
      [74, 1, 0, 2, 0, 0xff, 0xff, 0x2c, 0x01],
    ],
    [
      ["MouseWheel", -120, 5, 6],
      [75, 0x88, 0xff, 5, 0, 6, 0],
    ],
    [
      ["MouseDouble", 0, 5, 6],
      [76, 0, 5, 0, 6, 0],
    ],
    [
      ["TouchStart", 1, 5, 6, 3, 255, 1],
      [80, 1, 5, 0, 6, 0, 3, 255, 1],
    ],
    [
      ["TouchEnd", 1, 5, 6, 3, 0, 1],
      [81, 1, 5, 0, 6, 0, 3, 0, 1],
    ],
    [
      ["TouchMove", 1, 5, 6, 3, 255, 0],
      [82, 1, 5, 0, 6, 0, 3, 255, 0],
    ],
    [
      ["UIInteraction", "aü€"],
      [50, 3, 0, 0x61, 0, 0xfc, 0, 0xac, 0x20],
    ],
  ];
  for (const [message, expected] of table) assert.deepEqual(encode(...message), expected, message[0]);
});

test("numbers stay within their fields", () => {
  assert.deepEqual(encode("MouseMove", 70000, -5, 40000, -40000), [74, 0xff, 0xff, 0, 0, 0xff, 0x7f, 0, 0x80]);
  assert.deepEqual(encode("KeyDown", NaN, 300), [60, 0, 255]);
  assert.deepEqual(encode("MouseWheel", 1.5, 2.4, 2.6), [75, 2, 0, 2, 0, 3, 0]);
});

test("what the streamer does not know or wants otherwise is not sent", () => {
  assert.equal(encode("Dance"), null);
  assert.equal(encode("KeyDown", 65), null);
});

test("the streamer's own tables hold", () => {
  const dictionary = new Dictionary();
  const table = {
    Direction: 0,
    KeyDown: { id: 160, structure: ["uint16", "uint8"] },
    Wave: { id: 200, structure: ["double", "float", "string"] },
    UIInteraction: { id: 50, structure: [] },
    Odd: { id: 201, structure: ["int128"] },
    Broken: { structure: [] },
    Far: { id: 300 },
  };
  assert.equal(dictionary.decode(fromStreamer(255, JSON.stringify(table))).name, "Protocol");
  assert.deepEqual(bytes(dictionary.encode("KeyDown", 65, 0)), [160, 65, 0, 0]);
  assert.deepEqual(
    bytes(dictionary.encode("Wave", 1, 1, "x")),
    [200, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0x80, 0x3f, 1, 0, 0x78, 0],
  );
  assert.deepEqual(
    bytes(dictionary.encode("UIInteraction", "x")),
    [50, 1, 0, 0x78, 0],
    "announced without its string by old engines",
  );
  for (const unknown of [["Odd", 1], ["Broken"], ["Far"]]) assert.equal(dictionary.encode(...unknown), null);
  assert.deepEqual(bytes(dictionary.encode("KeyUp", 65)), [61, 65], "what was not named stays");

  dictionary.decode(fromStreamer(255, '{"Direction":1,"Greeting":{"id":77}}'));
  assert.deepEqual(dictionary.decode(fromStreamer(77, "hé")), { name: "Greeting", text: "hé" });
});

test("rubbish from a streamer teaches nothing and does no harm", () => {
  const dictionary = new Dictionary();
  for (const text of [
    "",
    "{",
    "null",
    "[]",
    "7",
    '{"Direction":0,"KeyDown":null}',
    '{"Direction":0,"KeyDown":{"id":"x"}}',
  ]) {
    dictionary.decode(fromStreamer(255, text));
  }
  assert.equal(dictionary.decode(new ArrayBuffer(0)), null);
  assert.equal(dictionary.decode(Uint8Array.from([99, 1]).buffer).name, null);
  assert.deepEqual(bytes(dictionary.encode("KeyDown", 65, 0)), [60, 65, 0]);
});

test("a point is a place in the picture, not in the page", () => {
  const wide = pictureIn({ left: 0, top: 0, width: 360, height: 640 }, { width: 1920, height: 1080 });
  assert.deepEqual(wide, { left: 0, top: 218.75, width: 360, height: 202.5 });
  assert.deepEqual(pointOf(180, 320, wide), { x: 32768, y: 32768, inside: true });
  assert.deepEqual(pointOf(0, 218.75, wide), { x: 0, y: 0, inside: true });
  assert.deepEqual(pointOf(360, 421.25, wide), { x: 65535, y: 65535, inside: true });
  assert.deepEqual(pointOf(180, 100, wide), { x: 32768, y: 0, inside: false });
  const tall = pictureIn({ left: 10, top: 20, width: 200, height: 100 }, { width: 50, height: 100 });
  assert.deepEqual(tall, { left: 85, top: 20, width: 50, height: 100 });
  assert.deepEqual(pointOf(10, 70, tall), { x: 0, y: 32768, inside: false });
});

test("a movement is measured by half of the picture", () => {
  const picture = { left: 0, top: 0, width: 200, height: 100 };
  assert.deepEqual(deltaOf(100, -50, picture), { x: 32767, y: -32767 });
  assert.deepEqual(deltaOf(1, 0, picture), { x: 328, y: 0 });
});

test("keys", () => {
  assert.equal(keyOf({ keyCode: 65, code: "KeyA" }), 65);
  assert.equal(keyOf({ keyCode: 16, code: "ShiftLeft" }), 16);
  assert.deepEqual(
    ["ShiftRight", "ControlRight", "AltRight"].map((code) => keyOf({ keyCode: 1, code })),
    [253, 254, 255],
  );
  for (const keyCode of [0, undefined, 229, 1000]) assert.equal(keyOf({ keyCode, code: "" }), null);
});

test("fingers have the lowest free number, ten at most", () => {
  const fingers = new Fingers();
  assert.deepEqual(
    [7, 8, 9].map((pointer) => fingers.take(pointer)),
    [0, 1, 2],
  );
  assert.equal(fingers.take(8), 1);
  assert.equal(fingers.release(8), 1);
  assert.equal(fingers.of(8), null);
  assert.equal(fingers.take(20), 1);
  for (let pointer = 100; pointer < 107; pointer += 1) fingers.take(pointer);
  assert.equal(fingers.take(200), null);
  assert.equal(fingers.release(200), null);
});
