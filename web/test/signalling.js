// The signalling connection of a page, over WebSocket or WebTransport: the same JSON messages over both.
//
// The gateway says at /transports.json where it listens. Over WebTransport every message stands on one
// bidirectional stream behind its length, a big-endian u32, and the close code comes as a last `disconnect`
// message, since browsers do not report the code that a server gives to a session.

const LARGEST_MESSAGE = 262_144 + 1024;
const PING_INTERVAL_MS = 30_000;

/** The number that stands for a connection that broke without a close, as WebSocket has it. */
const ABNORMAL = 1006;
/** What a browser says when the page of a WebSocket goes away. */
const GOING_AWAY = 1001;

/**
 * Connects to the gateway that served this page.
 *
 * @param {object} options
 * @param {"player" | "streamer"} options.role
 * @param {"ws" | "wt" | null} options.transport which transport; WebTransport where there is one if it is left open
 * @param {(message: object) => void} options.onMessage is given every message but `pong`
 * @param {(close: { code: number, reason: string }) => void} options.onClose is called once, whoever closed
 */
export async function connect({ role, transport, onMessage, onClose }) {
  const response = await fetch("/transports.json", { cache: "no-store" });
  const { websocket, webtransport } = await response.json();
  const wanted = transport ?? (webtransport && "WebTransport" in globalThis ? "wt" : "ws");
  if (wanted === "wt" && !webtransport) throw new Error("the gateway does not offer WebTransport");
  const link =
    wanted === "wt"
      ? new WebTransportLink(forRole(webtransport.url, role), webtransport.hashes)
      : new WebSocketLink(forRole(websocket, role));
  const signalling = new Signalling(link, onMessage, onClose);
  await link.opened;
  return signalling;
}

/** The address that is published is the players'; the other roles stand beside it. */
function forRole(url, role) {
  const address = new URL(url);
  address.pathname = address.pathname.replace(/player$/, role);
  return address.href;
}

/** Messages as objects, with the JSON keepalive of the stock frontends: a pong that is missing at the next ping ends it. */
class Signalling {
  #link;
  #pings;
  #awaitsPong = false;

  constructor(link, onMessage, onClose) {
    this.#link = link;
    link.onText = (text) => {
      const message = JSON.parse(text);
      if (message.type === "pong") this.#awaitsPong = false;
      else onMessage(message);
    };
    link.onClose = (close) => {
      clearInterval(this.#pings);
      onClose(close);
    };
    this.#pings = setInterval(() => this.#ping(), PING_INTERVAL_MS);
  }

  /** What carries this connection, for people. */
  get transport() {
    return this.#link.name;
  }

  send(message) {
    this.#link.send(JSON.stringify(message));
  }

  close(code = 1000, reason = "") {
    this.#link.close(code, reason);
  }

  #ping() {
    if (this.#awaitsPong) return this.close(4001, "no pong");
    this.#awaitsPong = true;
    this.send({ type: "ping", time: Date.now() });
  }
}

class WebSocketLink {
  name = "WebSocket";
  #socket;

  constructor(url) {
    this.#socket = new WebSocket(url);
    this.opened = new Promise((resolve, reject) => {
      this.#socket.onopen = resolve;
      this.#socket.onerror = () => reject(new Error(`no WebSocket at ${url}`));
    });
    this.#socket.onmessage = ({ data }) => this.onText(data);
    this.#socket.onclose = ({ code, reason }) => this.onClose({ code, reason });
  }

  send(text) {
    this.#socket.send(text);
  }

  close(code, reason) {
    this.#socket.close(code, reason);
  }
}

class WebTransportLink {
  name = "WebTransport";
  #session;
  #writer;
  #close = null;

  constructor(url, hashes) {
    const serverCertificateHashes = hashes.map((hex) => ({ algorithm: "sha-256", value: bytesOf(hex) }));
    this.#session = new WebTransport(url, serverCertificateHashes.length ? { serverCertificateHashes } : {});
    this.#session.closed.then(
      ({ closeCode, reason }) => this.#ended({ code: closeCode, reason }),
      (error) => this.#ended({ code: ABNORMAL, reason: error.message }),
    );
    this.opened = this.#open();
    // A WebSocket ends with its page; a WebTransport session may linger until the gateway misses signs of life.
    addEventListener("pagehide", () => this.close(GOING_AWAY, ""));
  }

  async #open() {
    await this.#session.ready;
    const stream = await this.#session.createBidirectionalStream();
    this.#writer = stream.writable.getWriter();
    this.#read(stream.readable.getReader());
  }

  async #read(reader) {
    const frames = new Frames();
    try {
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        for (const text of frames.push(chunk.value)) this.#received(text);
      }
    } catch (error) {
      if (error instanceof FrameTooLong) this.close(1009, error.message);
      // Anything else is the session's end, which `closed` reports.
    }
  }

  #received(text) {
    const message = JSON.parse(text);
    if (message.type === "disconnect") this.#ended({ code: message.code, reason: message.reason });
    else this.onText(text);
  }

  #ended(close) {
    if (this.#close) return;
    this.#close = close;
    this.onClose(close);
  }

  send(text) {
    // A write fails only when the session has ended, which `closed` reports.
    this.#writer.write(frame(text)).catch(() => {});
  }

  close(code, reason) {
    this.#session.close({ closeCode: code, reason });
  }
}

class FrameTooLong extends Error {}

/** `text` behind its length. */
function frame(text) {
  const body = new TextEncoder().encode(text);
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length);
  bytes.set(body, 4);
  return bytes;
}

/** Cuts a stream of bytes into the texts that stand on it. */
class Frames {
  #rest = new Uint8Array();

  *push(chunk) {
    this.#rest = joined(this.#rest, chunk);
    for (let length = this.#length(); this.#rest.length >= 4 + length; length = this.#length()) {
      const body = this.#rest.subarray(4, 4 + length);
      this.#rest = this.#rest.subarray(4 + length);
      if (length > 0) yield new TextDecoder().decode(body);
    }
  }

  /** The length of the message that comes next; infinite as long as the four bytes of it are not there. */
  #length() {
    if (this.#rest.length < 4) return Infinity;
    const length = new DataView(this.#rest.buffer, this.#rest.byteOffset).getUint32(0);
    if (length > LARGEST_MESSAGE) throw new FrameTooLong(`a message of ${length} bytes`);
    return length;
  }
}

function joined(left, right) {
  if (left.length === 0) return right;
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g), (byte) => parseInt(byte, 16));
}
