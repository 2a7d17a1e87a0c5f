// One connection over one protocol, behind one interface: texts in both directions and one close.

import type { WebTransportEndpoint } from "./discovery.js";
import { frame, Frames, FrameTooLong } from "./framing.js";

/** How a connection ended: a WebSocket's numbers, over either protocol. */
export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** Numbers of RFC 6455 that no peer sends. */
export const NO_STATUS = 1005;
export const ABNORMAL = 1006;
const TOO_BIG = 1009;
const GOING_AWAY = 1001;

/** A connection that is being opened, is open, or has ended. */
export interface Link {
  readonly name: "wt" | "ws";
  /** Ready to carry texts as soon as it is used; rejected when it cannot be opened. */
  readonly opened: Promise<void>;
  /**
   * Takes it into use, in the turn of the event loop in which it has opened. The gateway makes a session of a
   * WebTransport connection only then.
   */
  use(onText: (text: string) => void, onClose: (close: Close) => void): void;
  send(text: string): void;
  /** Ends it, open or not. `onClose` is called when it has ended. */
  close(code?: number, reason?: string): void;
}

/** The browser's constructor, or one of a test. */
export type WebSocketClass = new (url: string, protocols?: string | string[]) => WebSocket;
export type WebTransportClass = new (url: string, options?: WebTransportOptions) => WebTransport;

/** A WebSocket, opened at once. */
export class WebSocketLink implements Link {
  readonly name = "ws";
  readonly opened: Promise<void>;
  readonly #socket: WebSocket;

  constructor(Socket: WebSocketClass, url: string, protocols?: string | string[]) {
    const socket = new Socket(url, protocols);
    this.#socket = socket;
    this.opened = new Promise((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onclose = ({ code, reason }) => reject(new Error(`no WebSocket at ${bare(url)} (${code} ${reason})`));
    });
  }

  /** The subprotocol that the gateway chose. */
  get protocol(): string {
    return this.#socket.protocol;
  }

  use(onText: (text: string) => void, onClose: (close: Close) => void): void {
    this.#socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === "string") onText(data);
    };
    this.#socket.onclose = ({ code, reason }) => onClose({ code, reason });
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(code?: number, reason?: string): void {
    // Browsers let a page send these only.
    const sendable = code === 1000 || (code !== undefined && code >= 3000 && code <= 4999);
    if (sendable) this.#socket.close(code, reason);
    else this.#socket.close();
  }
}

/** A WebTransport session, opened at once; its one stream when it is taken into use. */
export class WebTransportLink implements Link {
  readonly name = "wt";
  readonly opened: Promise<void>;
  readonly #session: WebTransport;
  #writer: WritableStreamDefaultWriter<Uint8Array> | null = null;
  #waiting: string[] = [];
  #onText: (text: string) => void = () => {};
  #onClose: ((close: Close) => void) | null = null;
  #closedHere: Close | null = null;

  constructor(Session: WebTransportClass, { url, hashes }: WebTransportEndpoint) {
    const serverCertificateHashes = hashes.map((hex) => ({ algorithm: "sha-256", value: bytesOf(hex) }));
    this.#session = new Session(url, hashes.length > 0 ? { serverCertificateHashes } : {});
    this.opened = this.#session.ready.then(
      () => {},
      (error: unknown) => Promise.reject(new Error(messageOf(error))),
    );
    this.#session.closed.then(
      ({ closeCode, reason }) => this.#ended({ code: closeCode || NO_STATUS, reason: reason ?? "" }),
      (error: unknown) => this.#ended({ code: ABNORMAL, reason: messageOf(error) }),
    );
  }

  use(onText: (text: string) => void, onClose: (close: Close) => void): void {
    this.#onText = onText;
    this.#onClose = onClose;
    // A WebSocket ends with its page; a session would linger until the gateway misses its signs of life.
    globalThis.addEventListener?.("pagehide", this.#leave);
    this.#open().catch(() => {}); // The session has ended, which `closed` reports.
  }

  send(text: string): void {
    if (this.#writer) this.#write(this.#writer, text);
    else this.#waiting.push(text);
  }

  close(code?: number, reason?: string): void {
    this.#closedHere = { code: code ?? NO_STATUS, reason: reason ?? "" };
    try {
      this.#session.close({ closeCode: code ?? 0, reason: reason ?? "" });
    } catch {
      // It was never opened, or has ended.
    }
  }

  readonly #leave = () => this.close(GOING_AWAY);

  async #open(): Promise<void> {
    const stream = await this.#session.createBidirectionalStream();
    const writer = (stream.writable as WritableStream<Uint8Array>).getWriter();
    for (const text of this.#waiting.splice(0)) this.#write(writer, text);
    this.#writer = writer;
    await this.#read((stream.readable as ReadableStream<Uint8Array>).getReader());
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const frames = new Frames();
    try {
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        for (const text of frames.push(chunk.value)) this.#received(text);
      }
    } catch (error) {
      if (error instanceof FrameTooLong) this.close(TOO_BIG, error.message);
      // Anything else is the session's end.
    }
  }

  #received(text: string): void {
    const last = disconnectOf(text);
    if (!last) return this.#onText(text);
    this.#ended(last);
    this.close();
  }

  #ended(close: Close): void {
    globalThis.removeEventListener?.("pagehide", this.#leave);
    const onClose = this.#onClose;
    this.#onClose = null;
    onClose?.(this.#closedHere ?? close);
  }

  #write(writer: WritableStreamDefaultWriter<Uint8Array>, text: string): void {
    // A write fails only when the session has ended, which `closed` reports.
    writer.write(frame(text)).catch(() => {});
  }
}

/** The close that the gateway says as its last message: browsers do not report the code of a session's end. */
export function disconnectOf(text: string): Close | null {
  if (!text.includes('"disconnect"')) return null;
  try {
    const { type, code, reason } = JSON.parse(text) as { type?: unknown; code?: unknown; reason?: unknown };
    if (type !== "disconnect") return null;
    return { code: typeof code === "number" ? code : NO_STATUS, reason: typeof reason === "string" ? reason : "" };
  } catch {
    return null;
  }
}

/** Without its query, which may hold a token. */
function bare(url: string): string {
  return url.replace(/\?.*/, "");
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
