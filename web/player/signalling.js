// The signalling connection of the page: messages as objects, and a ping that measures the way and notices its end.

import { Connection } from "./transport.js";

const PING_EVERY_MS = 10_000;
/** Two pings without an answer. */
const DEAD_AFTER_MS = 25_000;
const DEAD = 4001;
/** For the answer to a ping when there is cause for doubt. */
const DOUBT_MS = 2_000;

const NAMES = { ws: "WebSocket", wt: "WebTransport" };

export class Signalling {
  /** Round trip of the last ping, in ms. */
  roundTrip = null;
  #connection;
  #timer = null;
  #doubt = null;
  #heardAt = 0;
  #closed = false;

  /** `handlers`: `onOpen()`, `onMessage(message)`, `onClose({ code, reason })`. */
  constructor(address, options, { onOpen, onMessage, onClose }) {
    this.#connection = new Connection(address, options);
    this.#connection.onopen = () => {
      this.#heardAt = performance.now();
      this.#timer = setInterval(() => this.#ping(), PING_EVERY_MS);
      onOpen();
      this.#ping();
    };
    this.#connection.onmessage = (text) => this.#received(text, onMessage);
    this.#connection.onclose = (close) => {
      clearInterval(this.#timer);
      clearTimeout(this.#doubt);
      this.#closed = true;
      this.roundTrip = null;
      onClose(close);
    };
  }

  /** What carries it now, for people. */
  get transport() {
    return this.#closed ? "none" : (NAMES[this.#connection.transport] ?? "none");
  }

  /** How the connection came about: `transport`, `untried`, `failures`, `endpoints`. */
  get history() {
    return this.#connection;
  }

  send(message) {
    this.#connection.send(JSON.stringify(message));
  }

  /** Makes sure that the gateway is still there: over UDP its end is silent. */
  doubt() {
    if (this.#doubt !== null || this.transport === "none") return;
    const asked = performance.now();
    this.send({ type: "ping", time: asked });
    this.#doubt = setTimeout(() => {
      this.#doubt = null;
      if (this.#heardAt < asked) this.#dead();
    }, DOUBT_MS);
  }

  close(code, reason) {
    this.#connection.close(code, reason);
  }

  #received(text, onMessage) {
    this.#heardAt = performance.now();
    const message = JSON.parse(text);
    if (message.type === "pong") this.roundTrip = performance.now() - message.time;
    else if (message.type === "ping") this.send({ type: "pong", time: message.time });
    else onMessage(message);
  }

  #ping() {
    if (performance.now() - this.#heardAt > DEAD_AFTER_MS) return this.#dead();
    this.send({ type: "ping", time: performance.now() });
  }

  #dead() {
    this.close(DEAD, "no sign of life from the gateway");
  }
}
