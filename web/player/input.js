// Input as the streamer wants it: messages of a data channel, and where a point of the page lies in the picture. Pure.
//
// A message is an id byte and little-endian fields. The ids and fields come from the streamer (Protocol messages); until
// then, and for streamers that send none, the stock ones of Unreal Engine 5 hold.

/** Names to `[id, …fields]`. */
const TO_STREAMER = {
  IFrameRequest: [0],
  RequestQualityControl: [1],
  LatencyTest: [6, "string"],
  RequestInitialSettings: [7],
  UIInteraction: [50, "string"],
  Command: [51, "string"],
  TextboxEntry: [52, "string"],
  KeyDown: [60, "uint8", "uint8"],
  KeyUp: [61, "uint8"],
  KeyPress: [62, "uint16"],
  MouseEnter: [70],
  MouseLeave: [71],
  MouseDown: [72, "uint8", "uint16", "uint16"],
  MouseUp: [73, "uint8", "uint16", "uint16"],
  MouseMove: [74, "uint16", "uint16", "int16", "int16"],
  MouseWheel: [75, "int16", "uint16", "uint16"],
  MouseDouble: [76, "uint8", "uint16", "uint16"],
  TouchStart: [80, "uint8", "uint16", "uint16", "uint8", "uint8", "uint8"],
  TouchEnd: [81, "uint8", "uint16", "uint16", "uint8", "uint8", "uint8"],
  TouchMove: [82, "uint8", "uint16", "uint16", "uint8", "uint8", "uint8"],
};

const FROM_STREAMER = {
  0: "QualityControlOwnership",
  1: "Response",
  2: "Command",
  5: "VideoEncoderAvgQP",
  6: "LatencyTest",
  7: "InitialSettings",
  12: "InputControlOwnership",
  255: "Protocol",
};

/** Messages whose payload is a string whatever the streamer says: UE 5.1 and 5.2 announce them without fields. */
const ALWAYS_STRING = new Set(["UIInteraction", "Command", "LatencyTest"]);

const TO_THE_STREAMER = 0;

const WRITERS = {
  uint8: [1, (view, at, value) => view.setUint8(at, clamp(value, 0, 0xff))],
  uint16: [2, (view, at, value) => view.setUint16(at, clamp(value, 0, 0xffff), true)],
  int16: [2, (view, at, value) => view.setInt16(at, clamp(value, -0x8000, 0x7fff), true)],
  float: [4, (view, at, value) => view.setFloat32(at, value, true)],
  double: [8, (view, at, value) => view.setFloat64(at, value, true)],
};

/** The tables of one streamer. */
export class Dictionary {
  #to = new Map(Object.entries(TO_STREAMER).map(([name, [id, ...fields]]) => [name, { id, fields }]));
  #from = new Map(Object.entries(FROM_STREAMER).map(([id, name]) => [Number(id), name]));

  /** The bytes of a message, or null when the streamer knows no such message or wants other fields. */
  encode(name, ...values) {
    const entry = this.#to.get(name);
    if (!entry || entry.fields.length !== values.length) return null;
    const sizes = entry.fields.map((field, index) => sizeOf(field, values[index]));
    if (sizes.includes(null)) return null;
    const view = new DataView(new ArrayBuffer(sizes.reduce((sum, size) => sum + size, 1)));
    view.setUint8(0, entry.id);
    let at = 1;
    entry.fields.forEach((field, index) => {
      if (field === "string") writeString(view, at, values[index]);
      else WRITERS[field][1](view, at, values[index]);
      at += sizes[index];
    });
    return view.buffer;
  }

  /** `{ name, text }` of a message from the streamer; `text` is its payload as UTF-16LE. Learns from Protocol messages. */
  decode(buffer) {
    if (buffer.byteLength === 0) return null;
    const name = this.#from.get(new Uint8Array(buffer)[0]) ?? null;
    const text = new TextDecoder("utf-16le").decode(buffer.slice(1));
    if (name === "Protocol") this.#learn(text);
    return { name, text };
  }

  #learn(text) {
    let table;
    try {
      table = JSON.parse(text);
    } catch {
      return; // A streamer that garbles its table keeps the stock one.
    }
    const { Direction: direction, ...entries } = table ?? {};
    for (const [name, entry] of Object.entries(entries)) {
      if (!Number.isInteger(entry?.id) || entry.id < 0 || entry.id > 255) continue;
      if (direction === TO_THE_STREAMER) this.#to.set(name, { id: entry.id, fields: fieldsOf(name, entry) });
      else this.#from.set(entry.id, name);
    }
  }
}

function fieldsOf(name, { structure }) {
  return ALWAYS_STRING.has(name) ? ["string"] : Array.isArray(structure) ? structure : [];
}

function sizeOf(field, value) {
  if (field === "string") return 2 + 2 * String(value).length;
  return WRITERS[field]?.[0] ?? null;
}

/** A u16 count of code units, then the units. */
function writeString(view, at, value) {
  const text = String(value);
  view.setUint16(at, text.length, true);
  for (let index = 0; index < text.length; index += 1) view.setUint16(at + 2 + 2 * index, text.charCodeAt(index), true);
}

function clamp(value, least, most) {
  return Math.min(most, Math.max(least, Math.round(Number(value) || 0)));
}

/** Where the picture lies in an element that shows all of it (`object-fit: contain`). */
export function pictureIn(box, video) {
  const scale = Math.min(box.width / video.width, box.height / video.height);
  const width = video.width * scale;
  const height = video.height * scale;
  return { left: box.left + (box.width - width) / 2, top: box.top + (box.height - height) / 2, width, height };
}

/** A point of the page as the wire has it: 0..65535 across the picture; outside of it the nearest edge. */
export function pointOf(x, y, picture) {
  const across = (x - picture.left) / picture.width;
  const down = (y - picture.top) / picture.height;
  const inside = across >= 0 && across <= 1 && down >= 0 && down <= 1;
  return { x: clamp(across * 0x10000, 0, 0xffff), y: clamp(down * 0x10000, 0, 0xffff), inside };
}

/** A movement on the wire: half of the picture is 32767. */
export function deltaOf(dx, dy, picture) {
  const unit = (value, size) => clamp((value / (size / 2)) * 0x7fff, -0x8000, 0x7fff);
  return { x: unit(dx, picture.width), y: unit(dy, picture.height) };
}

/** Right-hand modifiers have codes of their own in Unreal. */
const RIGHT_HAND = { ShiftRight: 253, ControlRight: 254, AltRight: 255 };
const COMPOSING = 229;

/** The code of a key, or null for one that is none (dead keys, input methods). */
export function keyOf({ keyCode, code }) {
  if (!keyCode || keyCode === COMPOSING || keyCode > 255) return null;
  return RIGHT_HAND[code] ?? keyCode;
}

/** Numbers for fingers: the lowest free one, ten at most. */
export class Fingers {
  #numbers = new Map();

  take(pointer) {
    if (this.#numbers.has(pointer)) return this.#numbers.get(pointer);
    const taken = new Set(this.#numbers.values());
    const number = [...Array(10).keys()].find((candidate) => !taken.has(candidate)) ?? null;
    if (number !== null) this.#numbers.set(pointer, number);
    return number;
  }

  of(pointer) {
    return this.#numbers.get(pointer) ?? null;
  }

  release(pointer) {
    const number = this.of(pointer);
    this.#numbers.delete(pointer);
    return number;
  }
}
