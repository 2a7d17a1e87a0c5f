// A browser of one's own making: time, network and both protocols are in the test's hand.

export class Clock {
  #timers = new Map();
  #next = 0;
  now = 1_000_000;

  timers = {
    set: (callback, ms) => {
      this.#timers.set(++this.#next, { callback, at: this.now + ms });
      return this.#next;
    },
    clear: (id) => this.#timers.delete(id),
  };

  get pending() {
    return this.#timers.size;
  }

  async advance(ms) {
    const until = this.now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.now = due[1].at;
      due[1].callback();
      await settle();
    }
    this.now = until;
  }
}

/** Lets every promise that can go on go on. */
export async function settle() {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export class FakeSocket {
  protocol = "";
  sent = [];
  closed = null;

  constructor(url, protocols) {
    Object.assign(this, { url, protocols });
  }

  send(text) {
    this.sent.push(text);
  }

  close(code, reason) {
    this.closed = { code, reason };
  }

  open(protocol = "") {
    this.protocol = protocol;
    this.onopen();
  }

  receive(text) {
    this.onmessage({ data: text });
  }

  end(code, reason = "") {
    this.onclose({ code, reason });
  }
}

export class FakeSession {
  streams = 0;
  written = [];
  closedWith = null;

  constructor(url, options) {
    Object.assign(this, { url, options });
    this.ready = new Promise((resolve, reject) => Object.assign(this, { open: resolve, fail: reject }));
    this.closed = new Promise((resolve, reject) => Object.assign(this, { end: resolve, lose: reject }));
  }

  async createBidirectionalStream() {
    this.streams += 1;
    const readable = new ReadableStream({ start: (controller) => (this.incoming = controller) });
    const writable = new WritableStream({ write: (chunk) => void this.written.push(...chunk) });
    return { readable, writable };
  }

  close(how) {
    this.closedWith = how;
  }

  receive(...chunks) {
    for (const chunk of chunks) this.incoming.enqueue(chunk);
  }
}

export class FakeStore {
  items = new Map();
  getItem = (key) => this.items.get(key) ?? null;
  setItem = (key, value) => void this.items.set(key, value);
}

export const HASH = "0f".repeat(32);
export const ENDPOINTS = {
  websocket: "ws://gate.example:8080/player",
  webtransport: { url: "https://gate.example:8443/player", hashes: [HASH] },
};

/** Everything that a connection asks of its browser, and what it did with it. */
export function fakeBrowser({
  endpoints = ENDPOINTS,
  store = new FakeStore(),
  clock = new Clock(),
  webtransport = true,
} = {}) {
  const world = { clock, store, sockets: [], sessions: [], asked: [], endpoints };
  const note = (list, Made) =>
    function (...args) {
      const made = new Made(...args);
      list.push(made);
      return made;
    };
  world.platform = {
    fetch: async (url, init) => {
      world.asked.push({ url, init });
      if (world.endpoints instanceof Error) throw world.endpoints;
      return world.endpoints ? Response.json(world.endpoints) : new Response("not here", { status: 404 });
    },
    WebSocket: note(world.sockets, FakeSocket),
    WebTransport: webtransport ? note(world.sessions, FakeSession) : undefined,
    store,
    timers: clock.timers,
    now: () => clock.now,
  };
  return world;
}
