// A stand-in for `window.WebSocket`: players' sockets to the gateway are carried by a `Connection`, others stay as they are.

import { browser, CLOSED, CLOSING, Connection, CONNECTING, OPEN, type Options, type Platform } from "./connection.js";

/** Which sockets are meant. */
export type Ours = (url: URL) => boolean;

/** Roles that are not players: their sockets are left alone. */
const OTHER_ROLES = /\/(streamer|sfu)\/?$/;

/** A class to put in the place of `platform.WebSocket`. */
export function socketClass(ours: Ours, options: Options = {}, platform: Platform = browser()): typeof WebSocket {
  const Native = platform.WebSocket as unknown as typeof WebSocket;

  const construct = (address: string | URL, protocols?: string | string[]): WebSocket => {
    const url = new URL(address, globalThis.location?.href.replace(/^http/, "ws"));
    if (!ours(url) || OTHER_ROLES.test(url.pathname)) return new Native(address, protocols);
    return new GatewaySocket(url.href, { protocols, ...options }, platform) as unknown as WebSocket;
  };
  return new Proxy(Native, {
    construct: (_, [address, protocols]) => construct(address as string, protocols as string[] | undefined),
  });
}

type Handler = ((event: Event) => void) | null;

/** A `WebSocket` to its users. */
class GatewaySocket extends EventTarget {
  readonly CONNECTING = CONNECTING;
  readonly OPEN = OPEN;
  readonly CLOSING = CLOSING;
  readonly CLOSED = CLOSED;
  readonly bufferedAmount = 0;
  readonly extensions = "";
  binaryType: BinaryType = "blob";
  onopen: Handler = null;
  onmessage: Handler = null;
  onerror: Handler = null;
  onclose: Handler = null;
  readonly #connection: Connection;

  constructor(
    readonly url: string,
    options: Options,
    platform: Platform,
  ) {
    super();
    const connection = new Connection(url, options, platform);
    this.#connection = connection;
    for (const type of ["open", "message", "error", "close"] as const) {
      this.addEventListener(type, (event) => this[`on${type}`]?.(event));
    }
    connection.onopen = () => this.dispatchEvent(new Event("open"));
    connection.onmessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
    connection.onclose = (close) => {
      if (!connection.transport) this.dispatchEvent(new Event("error"));
      this.dispatchEvent(new CloseEvent("close", { ...close, wasClean: close.code !== 1006 }));
    };
  }

  get readyState(): number {
    return this.#connection.readyState;
  }

  get protocol(): string {
    return this.#connection.protocol;
  }

  /** What carries it, once it is open. */
  get transport(): string | null {
    return this.#connection.transport;
  }

  send(text: string): void {
    if (this.readyState === CONNECTING) throw new DOMException("Still in CONNECTING state.", "InvalidStateError");
    this.#connection.send(text);
  }

  close(code?: number, reason?: string): void {
    this.#connection.close(code, reason);
  }
}
