// A connection to a gateway, used like a WebSocket: it finds the endpoints, races the protocols, and carries texts.

import { discover, type Endpoints, type Fetch, type TransportName } from "./discovery.js";
import { ABNORMAL, type Close, type Link, WebSocketLink, WebTransportLink } from "./link.js";
import type { WebSocketClass, WebTransportClass } from "./link.js";
import { pageStore, recall, remember, type Store } from "./memory.js";
import { type Failure, GIVE_UP_MS, race, type Timers, TIMERS } from "./race.js";

/** What a page may choose. */
export interface Options {
  /** One protocol and no other. */
  readonly force?: TransportName | null;
  /** Subprotocols to offer on a WebSocket, such as `["pixelstream", "bearer.<token>"]`. */
  readonly protocols?: string | string[] | undefined;
}

/** What the browser provides; tests provide their own. */
export interface Platform {
  readonly fetch: Fetch;
  readonly WebSocket: WebSocketClass;
  /** Missing in some browsers, and on pages that are not a secure context. */
  readonly WebTransport: WebTransportClass | undefined;
  readonly store: Store | null;
  readonly timers: Timers;
  readonly now: () => number;
}

/** The browser as it is now: the shim replaces its WebSocket later. */
export function browser(): Platform {
  const { WebSocket, WebTransport } = globalThis;
  const fetch: Fetch = (url, init) => globalThis.fetch(url, init);
  return { fetch, WebSocket, WebTransport, store: pageStore(), timers: TIMERS, now: Date.now };
}

/** Numbers of `WebSocket.readyState`. */
export const CONNECTING = 0;
export const OPEN = 1;
export const CLOSING = 2;
export const CLOSED = 3;

/** Connects when constructed; the handlers may be set until the turn of the event loop ends. */
export class Connection {
  onopen: () => void = () => {};
  onmessage: (text: string) => void = () => {};
  /** Called once, whoever closed and even if it never opened. */
  onclose: (close: Close) => void = () => {};

  /** What carries it, once it is open. */
  transport: TransportName | null = null;
  /** The subprotocol that a WebSocket gateway chose. */
  protocol = "";
  /** What could not be opened so far, and why. */
  failures: readonly Failure[] = [];
  /** The gateway's addresses, once they are known. */
  endpoints: Endpoints | null = null;
  /** Why WebTransport was not even tried, in a word; null when it was. */
  untried: "forced" | "missing" | "unoffered" | "remembered" | null = null;

  #state = CONNECTING;
  #link: Link | null = null;
  #stop: () => void = () => {};
  readonly #place: string;
  readonly #options: Options;
  readonly #platform: Platform;

  /** `address` as in `discover`. */
  constructor(address: string, options: Options = {}, platform: Platform = browser()) {
    this.#place = new URL(address).host;
    this.#options = options;
    this.#platform = platform;
    void this.#connect(address);
  }

  get readyState(): number {
    return this.#state;
  }

  send(text: string): void {
    if (this.#state === CONNECTING) throw new Error("the connection is still being opened");
    if (this.#state === OPEN) this.#link?.send(text);
  }

  close(code?: number, reason?: string): void {
    if (this.#state >= CLOSING) return;
    const unopened = this.#state === CONNECTING;
    this.#state = CLOSING;
    this.#stop();
    if (unopened) queueMicrotask(() => this.#ended({ code: ABNORMAL, reason: "closed before it was open" }));
    else this.#link?.close(code, reason);
  }

  async #connect(address: string): Promise<void> {
    try {
      this.endpoints = await this.#discover(address);
    } catch (error) {
      if (this.#state === CONNECTING)
        this.#ended({ code: ABNORMAL, reason: `the gateway does not answer (${said(error)})` });
      return;
    }
    if (this.#state === CONNECTING) this.#race(this.endpoints);
  }

  async #discover(address: string): Promise<Endpoints> {
    const { fetch, timers } = this.#platform;
    const abort = new AbortController();
    const timer = timers.set(() => abort.abort(new Error("no answer")), GIVE_UP_MS);
    this.#stop = () => abort.abort(new Error("closed"));
    try {
      return await discover(address, fetch, abort.signal);
    } finally {
      timers.clear(timer as never);
    }
  }

  #race(endpoints: Endpoints): void {
    const runners = this.#order(endpoints);
    if (runners.length === 0) return this.#ended({ code: ABNORMAL, reason: "WebTransport is not to be had" });
    const openers = runners.map((name) => () => this.#open(name, endpoints));
    this.#stop = race(
      openers,
      ({ link, failures }) => {
        this.failures = failures;
        if (link) this.#use(link);
        else this.#ended({ code: ABNORMAL, reason: failures.map(({ error }) => error).join("; ") });
      },
      this.#platform.timers,
    );
  }

  /** Who runs, the favourite first: WebTransport, unless a WebSocket has won lately. */
  #order({ webtransport }: Endpoints): TransportName[] {
    const { force } = this.#options;
    const { WebTransport, store, now } = this.#platform;
    if (force === "ws") this.untried = "forced";
    else if (!webtransport) this.untried = "unoffered";
    else if (!WebTransport) this.untried = "missing";
    if (this.untried) return force === "wt" ? [] : ["ws"];
    if (force === "wt") return ["wt"];
    return recall(store, this.#place, now()) === "ws" ? ["ws", "wt"] : ["wt", "ws"];
  }

  #open(name: TransportName, { websocket, webtransport }: Endpoints): Link {
    const { WebSocket, WebTransport } = this.#platform;
    if (name === "wt" && webtransport && WebTransport) return new WebTransportLink(WebTransport, webtransport);
    return new WebSocketLink(WebSocket, websocket, this.#options.protocols);
  }

  #use(link: Link): void {
    const { store, now } = this.#platform;
    this.#state = OPEN;
    this.#link = link;
    this.transport = link.name;
    if (link instanceof WebSocketLink) this.protocol = link.protocol;
    if (link.name === "ws" && !this.untried && this.failures.length === 0) this.untried = "remembered";
    // A failure that comes at once costs nothing: the usual order stays.
    const prompt = this.failures.some(({ late }) => !late);
    if (!this.#options.force && !this.untried && !prompt) remember(store, this.#place, link.name, now());
    link.use(
      (text) => this.onmessage(text),
      (close) => this.#ended(close),
    );
    this.onopen();
  }

  #ended(close: Close): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.onclose(close);
  }
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
