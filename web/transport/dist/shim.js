"use strict";
(() => {
  // src/discovery.ts
  async function discover(address, fetch, signal) {
    const given = new URL(address);
    const response = await fetch(discoveryUrl(given), {
      cache: "no-store",
      credentials: "omit",
      ...signal && { signal }
    });
    const answer = response.ok ? await response.json().catch(() => null) : null;
    return isEndpoints(answer) ? withQuery(answer, given.search) : { websocket: socketUrl(given), webtransport: null };
  }
  function discoveryUrl(address) {
    return new URL("transports.json", address.href.replace(/^ws/, "http")).href;
  }
  function socketUrl(address) {
    return address.href.replace(/^http/, "ws");
  }
  function isEndpoints(answer) {
    const { websocket, webtransport } = answer ?? {};
    if (typeof websocket !== "string") return false;
    return !webtransport || typeof webtransport.url === "string" && Array.isArray(webtransport.hashes);
  }
  function withQuery({ websocket, webtransport }, query) {
    return {
      websocket: websocket + query,
      webtransport: webtransport ? { ...webtransport, url: webtransport.url + query } : null
    };
  }

  // src/framing.ts
  var LARGEST_MESSAGE = 262144 + 1024;
  var FrameTooLong = class extends Error {
    name = "FrameTooLong";
  };
  function frame(text) {
    const body = new TextEncoder().encode(text);
    const bytes = new Uint8Array(4 + body.length);
    new DataView(bytes.buffer).setUint32(0, body.length);
    bytes.set(body, 4);
    return bytes;
  }
  var Frames = class {
    #head = new Uint8Array(4);
    #headFilled = 0;
    #body = null;
    #bodyFilled = 0;
    /** The texts that `chunk` completes. A length of 0 is no message. */
    push(chunk) {
      const texts = [];
      for (let rest = chunk; rest.length > 0; ) {
        rest = this.#body ? this.#fillBody(this.#body, rest) : this.#fillHead(rest);
        if (this.#body && this.#bodyFilled === this.#body.length) {
          if (this.#body.length > 0) texts.push(new TextDecoder().decode(this.#body));
          this.#body = null;
        }
      }
      return texts;
    }
    #fillHead(bytes) {
      const taken = bytes.subarray(0, 4 - this.#headFilled);
      this.#head.set(taken, this.#headFilled);
      this.#headFilled += taken.length;
      if (this.#headFilled === 4) this.#beginBody(new DataView(this.#head.buffer).getUint32(0));
      return bytes.subarray(taken.length);
    }
    #beginBody(length) {
      if (length > LARGEST_MESSAGE) throw new FrameTooLong(`a message of ${length} bytes`);
      this.#headFilled = 0;
      this.#bodyFilled = 0;
      this.#body = new Uint8Array(length);
    }
    #fillBody(body, bytes) {
      const taken = bytes.subarray(0, body.length - this.#bodyFilled);
      body.set(taken, this.#bodyFilled);
      this.#bodyFilled += taken.length;
      return bytes.subarray(taken.length);
    }
  };

  // src/link.ts
  var NO_STATUS = 1005;
  var ABNORMAL = 1006;
  var TOO_BIG = 1009;
  var GOING_AWAY = 1001;
  var WebSocketLink = class {
    name = "ws";
    opened;
    #socket;
    constructor(Socket, url, protocols) {
      const socket = new Socket(url, protocols);
      this.#socket = socket;
      this.opened = new Promise((resolve, reject) => {
        socket.onopen = () => resolve();
        socket.onclose = ({ code, reason }) => reject(new Error(`no WebSocket at ${bare(url)} (${code} ${reason})`));
      });
    }
    /** The subprotocol that the gateway chose. */
    get protocol() {
      return this.#socket.protocol;
    }
    use(onText, onClose) {
      this.#socket.onmessage = ({ data }) => {
        if (typeof data === "string") onText(data);
      };
      this.#socket.onclose = ({ code, reason }) => onClose({ code, reason });
    }
    send(text) {
      this.#socket.send(text);
    }
    close(code, reason) {
      const sendable = code === 1e3 || code !== void 0 && code >= 3e3 && code <= 4999;
      if (sendable) this.#socket.close(code, reason);
      else this.#socket.close();
    }
  };
  var WebTransportLink = class {
    name = "wt";
    opened;
    #session;
    #writer = null;
    #waiting = [];
    #onText = () => {
    };
    #onClose = null;
    #closedHere = null;
    constructor(Session, { url, hashes }) {
      const serverCertificateHashes = hashes.map((hex) => ({ algorithm: "sha-256", value: bytesOf(hex) }));
      this.#session = new Session(url, hashes.length > 0 ? { serverCertificateHashes } : {});
      this.opened = this.#session.ready.then(
        () => {
        },
        (error) => Promise.reject(new Error(messageOf(error)))
      );
      this.#session.closed.then(
        ({ closeCode, reason }) => this.#ended({ code: closeCode || NO_STATUS, reason: reason ?? "" }),
        (error) => this.#ended({ code: ABNORMAL, reason: messageOf(error) })
      );
    }
    use(onText, onClose) {
      this.#onText = onText;
      this.#onClose = onClose;
      globalThis.addEventListener?.("pagehide", this.#leave);
      this.#open().catch(() => {
      });
    }
    send(text) {
      if (this.#writer) this.#write(this.#writer, text);
      else this.#waiting.push(text);
    }
    close(code, reason) {
      this.#closedHere = { code: code ?? NO_STATUS, reason: reason ?? "" };
      try {
        this.#session.close({ closeCode: code ?? 0, reason: reason ?? "" });
      } catch {
      }
    }
    #leave = () => this.close(GOING_AWAY);
    async #open() {
      const stream = await this.#session.createBidirectionalStream();
      const writer = stream.writable.getWriter();
      for (const text of this.#waiting.splice(0)) this.#write(writer, text);
      this.#writer = writer;
      await this.#read(stream.readable.getReader());
    }
    async #read(reader) {
      const frames = new Frames();
      try {
        for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
          for (const text of frames.push(chunk.value)) this.#received(text);
        }
      } catch (error) {
        if (error instanceof FrameTooLong) this.close(TOO_BIG, error.message);
      }
    }
    #received(text) {
      const last = disconnectOf(text);
      if (!last) return this.#onText(text);
      this.#ended(last);
      this.close();
    }
    #ended(close) {
      globalThis.removeEventListener?.("pagehide", this.#leave);
      const onClose = this.#onClose;
      this.#onClose = null;
      onClose?.(this.#closedHere ?? close);
    }
    #write(writer, text) {
      writer.write(frame(text)).catch(() => {
      });
    }
  };
  function disconnectOf(text) {
    if (!text.includes('"disconnect"')) return null;
    try {
      const { type, code, reason } = JSON.parse(text);
      if (type !== "disconnect") return null;
      return { code: typeof code === "number" ? code : NO_STATUS, reason: typeof reason === "string" ? reason : "" };
    } catch {
      return null;
    }
  }
  function bare(url) {
    return url.replace(/\?.*/, "");
  }
  function bytesOf(hex) {
    return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
  }
  function messageOf(error) {
    return error instanceof Error ? error.message : String(error);
  }

  // src/memory.ts
  var REMEMBERED_MS = 60 * 60 * 1e3;
  function recall(store, place, now) {
    try {
      const { name, at } = JSON.parse(store?.getItem(key(place)) ?? "{}");
      const fresh = typeof at === "number" && at <= now && now - at < REMEMBERED_MS;
      return fresh && (name === "wt" || name === "ws") ? name : null;
    } catch {
      return null;
    }
  }
  function remember(store, place, name, now) {
    if (recall(store, place, now) === name) return;
    try {
      store?.setItem(key(place), JSON.stringify({ name, at: now }));
    } catch {
    }
  }
  function pageStore() {
    try {
      return globalThis.localStorage ?? null;
    } catch {
      return null;
    }
  }
  function key(place) {
    return `pixelgate-transport ${place}`;
  }

  // src/race.ts
  var HEAD_START_MS = 500;
  var GIVE_UP_MS = 1e4;
  var TIMERS = {
    set: (callback, ms) => setTimeout(callback, ms),
    clear: (timer) => clearTimeout(timer)
  };
  function race(openers, onDecided, timers = TIMERS) {
    const waiting = [...openers];
    const running = /* @__PURE__ */ new Set();
    const failures = [];
    let decided = false;
    let headStart;
    const deadline = timers.set(() => end(null), GIVE_UP_MS);
    const end = (winner) => {
      if (decided) return;
      decided = true;
      timers.clear(deadline);
      timers.clear(headStart);
      for (const link of running) {
        if (link === winner) continue;
        failures.push({ name: link.name, error: "no answer in time", late: true });
        link.close();
      }
      onDecided({ link: winner, failures });
    };
    const failed = (link, error) => {
      if (decided) return;
      running.delete(link);
      failures.push({ name: link.name, error: error instanceof Error ? error.message : String(error), late: false });
      if (running.size === 0) next();
    };
    const next = () => {
      timers.clear(headStart);
      const open = waiting.shift();
      if (!open) return end(null);
      const link = open();
      running.add(link);
      link.opened.then(
        () => end(link),
        (error) => failed(link, error)
      );
      if (waiting.length > 0) headStart = timers.set(next, HEAD_START_MS);
    };
    next();
    return () => {
      onDecided = () => {
      };
      end(null);
    };
  }

  // src/connection.ts
  function browser() {
    const { WebSocket, WebTransport } = globalThis;
    const fetch = (url, init) => globalThis.fetch(url, init);
    return { fetch, WebSocket, WebTransport, store: pageStore(), timers: TIMERS, now: Date.now };
  }
  var CONNECTING = 0;
  var OPEN = 1;
  var CLOSING = 2;
  var CLOSED = 3;
  var Connection = class {
    onopen = () => {
    };
    onmessage = () => {
    };
    /** Called once, whoever closed and even if it never opened. */
    onclose = () => {
    };
    /** What carries it, once it is open. */
    transport = null;
    /** The subprotocol that a WebSocket gateway chose. */
    protocol = "";
    /** What could not be opened so far, and why. */
    failures = [];
    /** The gateway's addresses, once they are known. */
    endpoints = null;
    /** Why WebTransport was not even tried, in a word; null when it was. */
    untried = null;
    #state = CONNECTING;
    #link = null;
    #stop = () => {
    };
    #place;
    #options;
    #platform;
    /** `address` as in `discover`. */
    constructor(address, options = {}, platform = browser()) {
      this.#place = new URL(address).host;
      this.#options = options;
      this.#platform = platform;
      void this.#connect(address);
    }
    get readyState() {
      return this.#state;
    }
    send(text) {
      if (this.#state === CONNECTING) throw new Error("the connection is still being opened");
      if (this.#state === OPEN) this.#link?.send(text);
    }
    close(code, reason) {
      if (this.#state >= CLOSING) return;
      const unopened = this.#state === CONNECTING;
      this.#state = CLOSING;
      this.#stop();
      if (unopened) queueMicrotask(() => this.#ended({ code: ABNORMAL, reason: "closed before it was open" }));
      else this.#link?.close(code, reason);
    }
    async #connect(address) {
      try {
        this.endpoints = await this.#discover(address);
      } catch (error) {
        if (this.#state === CONNECTING)
          this.#ended({ code: ABNORMAL, reason: `the gateway does not answer (${said(error)})` });
        return;
      }
      if (this.#state === CONNECTING) this.#race(this.endpoints);
    }
    async #discover(address) {
      const { fetch, timers } = this.#platform;
      const abort = new AbortController();
      const timer = timers.set(() => abort.abort(new Error("no answer")), GIVE_UP_MS);
      this.#stop = () => abort.abort(new Error("closed"));
      try {
        return await discover(address, fetch, abort.signal);
      } finally {
        timers.clear(timer);
      }
    }
    #race(endpoints) {
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
        this.#platform.timers
      );
    }
    /** Who runs, the favourite first: WebTransport, unless a WebSocket has won lately. */
    #order({ webtransport }) {
      const { force: force2 } = this.#options;
      const { WebTransport, store, now } = this.#platform;
      if (force2 === "ws") this.untried = "forced";
      else if (!webtransport) this.untried = "unoffered";
      else if (!WebTransport) this.untried = "missing";
      if (this.untried) return force2 === "wt" ? [] : ["ws"];
      if (force2 === "wt") return ["wt"];
      return recall(store, this.#place, now()) === "ws" ? ["ws", "wt"] : ["wt", "ws"];
    }
    #open(name, { websocket, webtransport }) {
      const { WebSocket, WebTransport } = this.#platform;
      if (name === "wt" && webtransport && WebTransport) return new WebTransportLink(WebTransport, webtransport);
      return new WebSocketLink(WebSocket, websocket, this.#options.protocols);
    }
    #use(link) {
      const { store, now } = this.#platform;
      this.#state = OPEN;
      this.#link = link;
      this.transport = link.name;
      if (link instanceof WebSocketLink) this.protocol = link.protocol;
      if (link.name === "ws" && !this.untried && this.failures.length === 0) this.untried = "remembered";
      const prompt = this.failures.some(({ late }) => !late);
      if (!this.#options.force && !this.untried && !prompt) remember(store, this.#place, link.name, now());
      link.use(
        (text) => this.onmessage(text),
        (close) => this.#ended(close)
      );
      this.onopen();
    }
    #ended(close) {
      if (this.#state === CLOSED) return;
      this.#state = CLOSED;
      this.onclose(close);
    }
  };
  function said(error) {
    return error instanceof Error ? error.message : String(error);
  }

  // src/socket.ts
  var OTHER_ROLES = /\/(streamer|sfu)\/?$/;
  function socketClass(ours, options = {}, platform = browser()) {
    const Native = platform.WebSocket;
    const construct = (address, protocols) => {
      const url = new URL(address, globalThis.location?.href.replace(/^http/, "ws"));
      if (!ours(url) || OTHER_ROLES.test(url.pathname)) return new Native(address, protocols);
      return new GatewaySocket(url.href, { protocols, ...options }, platform);
    };
    return new Proxy(Native, {
      construct: (_, [address, protocols]) => construct(address, protocols)
    });
  }
  var GatewaySocket = class extends EventTarget {
    constructor(url, options, platform) {
      super();
      this.url = url;
      const connection = new Connection(url, options, platform);
      this.#connection = connection;
      for (const type of ["open", "message", "error", "close"]) {
        this.addEventListener(type, (event) => this[`on${type}`]?.(event));
      }
      connection.onopen = () => this.dispatchEvent(new Event("open"));
      connection.onmessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      connection.onclose = (close) => {
        if (!connection.transport) this.dispatchEvent(new Event("error"));
        this.dispatchEvent(new CloseEvent("close", { ...close, wasClean: close.code !== 1006 }));
      };
    }
    url;
    CONNECTING = CONNECTING;
    OPEN = OPEN;
    CLOSING = CLOSING;
    CLOSED = CLOSED;
    bufferedAmount = 0;
    extensions = "";
    binaryType = "blob";
    onopen = null;
    onmessage = null;
    onerror = null;
    onclose = null;
    #connection;
    get readyState() {
      return this.#connection.readyState;
    }
    get protocol() {
      return this.#connection.protocol;
    }
    /** What carries it, once it is open. */
    get transport() {
      return this.#connection.transport;
    }
    send(text) {
      if (this.readyState === CONNECTING) throw new DOMException("Still in CONNECTING state.", "InvalidStateError");
      this.#connection.send(text);
    }
    close(code, reason) {
      this.#connection.close(code, reason);
    }
  };

  // src/shim.ts
  var script = document.currentScript;
  var { gateway, transport } = script?.dataset ?? {};
  var hosts = gateway?.split(/\s+/) ?? [new URL(script?.src || location.href).hostname];
  var force = transport === "ws" || transport === "wt" ? transport : null;
  window.WebSocket = socketClass((url) => hosts.includes(url.host) || hosts.includes(url.hostname), { force }, browser());
})();
