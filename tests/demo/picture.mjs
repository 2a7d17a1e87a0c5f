// Reads the test pattern as a person does: from the pixels of the video.

import { readFileSync } from "node:fs";

const SCALE = 4; // Pixels of a dot at 1280x720.
const ADVANCE = 6 * SCALE;
const LINE = 9 * SCALE;
const LEFT = 2 * SCALE;
const FIELD = 288;
const COLUMNS = 50;
export const SIZE = { width: 1280, height: 720 };

/** Rows of text under the bars, from the top. */
const ROWS = ["title", "clock", "frame", "keys", "text"];

const CHARACTERS = letters(readFileSync(new URL("../../src/demo/font.rs", import.meta.url), "utf8"));

/** The characters by their 35 dots, left to right and down. */
function letters(source) {
  const rows = [...source.matchAll(/^ {4}\[((?:0b[01]{5}(?:, )?){7})\], \/\/ (\S+)$/gm)];
  const dots = rows.map(([, row]) => row.replaceAll(/0b|, /g, ""));
  return new Map(dots.map((glyph, index) => [glyph, String.fromCharCode(32 + index)]));
}

/** The brightness (0 to 255) of every dot of every character of the five rows. */
function look([x0, y0, step, columns, rows, line]) {
  const video = document.querySelector("video");
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0);
  const now = Date.now();
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const at = (x, y) => {
    const index = 4 * (y * canvas.width + x);
    return Math.round(0.2126 * data[index] + 0.7152 * data[index + 1] + 0.0722 * data[index + 2]);
  };
  const glyph = (left, top) =>
    Array.from({ length: 35 }, (_, dot) =>
      at(left + (dot % 5) * step + step / 2, top + Math.floor(dot / 5) * step + step / 2) > 110 ? "1" : "0",
    ).join("");
  const texts = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => glyph(x0 + column * 6 * step, y0 + row * line)),
  );
  return { now, width: canvas.width, height: canvas.height, texts };
}

/** What is written in the picture, and how long ago it was drawn. */
export async function read(page) {
  const seen = await page.evaluate(look, [LEFT, FIELD + SCALE, SCALE, COLUMNS, ROWS.length, LINE]);
  const words = seen.texts.map((row) => row.map((dots) => CHARACTERS.get(dots) ?? "?").join("").trimEnd());
  const all = Object.fromEntries(ROWS.map((name, index) => [name, words[index]]));
  return { ...all, age: age(all.clock, seen.now), number: Number(all.frame.match(/^FRAME (\d+)$/)?.[1]) };
}

/** Milliseconds from the clock in the picture to `now`. */
function age(clock, now) {
  const parts = clock.match(/^(\d\d):(\d\d):(\d\d)\.(\d{3}) UTC$/)?.slice(1).map(Number);
  if (!parts) return NaN;
  const [hours, minutes, seconds, millis] = parts;
  const day = 86_400_000;
  const drawn = ((hours * 60 + minutes) * 60 + seconds) * 1000 + millis;
  return (((now % day) - drawn + day / 2 + day) % day) - day / 2;
}

/** Reads until `holds`; the last reading. */
export async function until(page, what, holds, limit = 3000) {
  let seen;
  for (const end = Date.now() + limit; Date.now() < end; ) {
    seen = await read(page);
    if (holds(seen)) return seen;
  }
  throw new Error(`the picture does not show ${what}: ${JSON.stringify(seen)}`);
}

/** The mean colour, `[r, g, b]`, of the 8x8 pixels around a place of the picture. */
export function colour(page, x, y) {
  return page.evaluate(
    ([x, y]) => {
      const canvas = new OffscreenCanvas(8, 8);
      const context = canvas.getContext("2d");
      context.drawImage(document.querySelector("video"), x - 4, y - 4, 8, 8, 0, 0, 8, 8);
      const { data } = context.getImageData(0, 0, 8, 8);
      return [0, 1, 2].map((part) => Math.round(data.filter((_, index) => index % 4 === part).reduce((a, b) => a + b) / 64));
    },
    [x, y],
  );
}

const near = (wanted) => (seen) => seen.every((part, index) => Math.abs(part - wanted[index]) < 48);
export const COLOURS = { dark: near([14, 14, 14]), white: near([255, 255, 255]), red: near([255, 48, 48]) };

/** Waits until the picture has a colour at a place. */
export async function shows(page, name, x, y, limit = 3000) {
  let seen;
  for (const end = Date.now() + limit; Date.now() < end; ) {
    seen = await colour(page, x, y);
    if (COLOURS[name](seen)) return;
  }
  throw new Error(`(${x}, ${y}) is not ${name} but ${seen}`);
}
