// Messages on a stream of bytes: each stands behind its length, a big-endian u32. Pure.

/** The gateway's largest message, and the room that it leaves for what it adds. */
export const LARGEST_MESSAGE = 262_144 + 1024;

/** A length that no message has: what follows it on the stream cannot be understood. */
export class FrameTooLong extends Error {
  override readonly name = "FrameTooLong";
}

/** `text` behind its length. */
export function frame(text: string): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(text);
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length);
  bytes.set(body, 4);
  return bytes;
}

/** Cuts a stream of bytes into the texts that stand on it; holds one unfinished message at most. */
export class Frames {
  readonly #head = new Uint8Array(4);
  #headFilled = 0;
  #body: Uint8Array | null = null;
  #bodyFilled = 0;

  /** The texts that `chunk` completes. A length of 0 is no message. */
  push(chunk: Uint8Array): string[] {
    const texts: string[] = [];
    for (let rest = chunk; rest.length > 0;) {
      rest = this.#body ? this.#fillBody(this.#body, rest) : this.#fillHead(rest);
      if (this.#body && this.#bodyFilled === this.#body.length) {
        if (this.#body.length > 0) texts.push(new TextDecoder().decode(this.#body));
        this.#body = null;
      }
    }
    return texts;
  }

  #fillHead(bytes: Uint8Array): Uint8Array {
    const taken = bytes.subarray(0, 4 - this.#headFilled);
    this.#head.set(taken, this.#headFilled);
    this.#headFilled += taken.length;
    if (this.#headFilled === 4) this.#beginBody(new DataView(this.#head.buffer).getUint32(0));
    return bytes.subarray(taken.length);
  }

  #beginBody(length: number): void {
    if (length > LARGEST_MESSAGE) throw new FrameTooLong(`a message of ${length} bytes`);
    this.#headFilled = 0;
    this.#bodyFilled = 0;
    this.#body = new Uint8Array(length);
  }

  #fillBody(body: Uint8Array, bytes: Uint8Array): Uint8Array {
    const taken = bytes.subarray(0, body.length - this.#bodyFilled);
    body.set(taken, this.#bodyFilled);
    this.#bodyFilled += taken.length;
    return bytes.subarray(taken.length);
  }
}
