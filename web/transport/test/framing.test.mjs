import assert from "node:assert/strict";
import { test } from "node:test";

import { frame, Frames, FrameTooLong, LARGEST_MESSAGE } from "../dist/transport.js";

test("a frame is the length of the UTF-8, big-endian, and the text", () => {
  assert.deepEqual([...frame("é{}")], [0, 0, 0, 4, 0xc3, 0xa9, 0x7b, 0x7d]);
});

test("texts come out however the bytes are cut", () => {
  const texts = ["{}", "ü".repeat(300), '{"type":"ping"}'];
  const bytes = texts.flatMap((text) => [...frame(text)]);
  for (const size of [1, 2, 3, 4, 5, 7, 100, bytes.length]) {
    const frames = new Frames();
    const out = [];
    for (let at = 0; at < bytes.length; at += size)
      out.push(...frames.push(Uint8Array.from(bytes.slice(at, at + size))));
    assert.deepEqual(out, texts, `in pieces of ${size}`);
  }
});

test("a length of 0 is no message", () => {
  assert.deepEqual(new Frames().push(Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 1, 0x61, 0, 0, 0, 0])), ["a"]);
});

test("a length that no message has is an error before its body is there", () => {
  const head = (length) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, length);
    return bytes;
  };
  assert.deepEqual(new Frames().push(head(LARGEST_MESSAGE)), []);
  assert.throws(() => new Frames().push(head(LARGEST_MESSAGE + 1)), FrameTooLong);
});
