// A streamer, SFU or player made of Epic's own signalling library, with every message that it gets kept in order.

import assert from "node:assert/strict";

import common from "@epicgames-ps/lib-pixelstreamingcommon-ue5.7";

import { within } from "./gateway.mjs";

const { Logger, LogLevel, MessageHelpers, Messages, SignallingProtocol, WebSocketTransportNJS } = common;
const WAIT_MS = 10_000;

/**
 * Messages that the library's own check rejects though the reference server sends them so: two that are missing from
 * its registry, three without a place for the player's id, and one that a player gets without its id.
 */
const BEYOND_THE_DEFINITIONS = [
  "subscribeFailed",
  "streamerIdChanged",
  "dataChannelRequest",
  "peerDataChannelsReady",
  "streamerDataChannels",
  "peerDataChannels",
];

Logger.InitLogging(LogLevel.Error, false);

export class Peer {
  #name;
  #messages = [];
  #arrival = null;
  #leaves = false;
  #over = false;
  #pings = 0;

  /** Connects to `url`; `name` is for people. */
  static async connect(name, url, protocols) {
    const peer = new Peer(name, protocols);
    const opened = new Promise((resolve, reject) => {
      peer.transport.on("open", resolve);
      peer.transport.on("error", (event) => reject(event.error));
    });
    peer.protocol.connect(url);
    await within(WAIT_MS, `${name}'s connection`, opened);
    return peer;
  }

  constructor(name, protocols) {
    this.#name = name;
    this.transport = new WebSocketTransportNJS(protocols);
    this.protocol = new SignallingProtocol(this.transport);
    this.transport.on("message", (message) => this.#arrived(message));
    this.closed = new Promise((resolve) => {
      this.transport.on("close", ({ code, reason }) => {
        this.#over = true;
        resolve({ code, reason });
        if (!this.#leaves) this.#arrived({ closed: code });
      });
    });
  }

  /** Sends a message that the library makes, with its defaults. */
  send(type, fields) {
    this.protocol.sendMessage(MessageHelpers.createMessage(Messages[type], fields));
  }

  /** Sends `text` as it stands there. */
  sendText(text) {
    this.transport.sendMessage(text);
  }

  /** The next messages are exactly these. */
  async expect(...expected) {
    for (const message of expected) assert.deepStrictEqual(await this.#next(message.type), message, this.#name);
  }

  /** The next message is of this type. */
  async expectType(type) {
    assert.equal((await this.#next(type)).type, type, this.#name);
  }

  /** Nothing has come that was not expected: the next message is the answer to a ping, sent now. */
  async expectNothing() {
    const time = 1_000_000 + this.#pings++;
    this.send("ping", { time });
    await this.expect({ type: "pong", time });
  }

  /** The end of a test: whatever came was expected. */
  async expectNoMore() {
    if (this.#over) assert.deepStrictEqual(this.#messages, [], `${this.#name}, closed`);
    else await this.expectNothing();
  }

  /** The gateway closes this connection, after nothing but what was expected. */
  async expectClose(code, reason = "") {
    await this.expectCloseCode(code);
    assert.deepStrictEqual(await this.closed, { code, reason }, this.#name);
  }

  /** The same, whatever the words that come with the code. */
  async expectCloseCode(code) {
    assert.deepStrictEqual(await this.#next(`close ${code}`), { closed: code }, this.#name);
  }

  /** Closes the connection and waits until it is closed. */
  async close() {
    this.#leaves = true;
    this.protocol.disconnect();
    await within(WAIT_MS, `${this.#name}'s end`, this.closed);
  }

  async #next(what) {
    const arrival = new Promise((resolve) => {
      this.#arrival = resolve;
      if (this.#messages.length > 0) resolve();
    });
    await within(WAIT_MS, `${this.#name} gets ${what}`, arrival);
    const message = this.#messages.shift();
    this.#validate(message);
    return message;
  }

  #arrived(message) {
    this.#messages.push(message);
    this.#arrival?.();
  }

  /** The library's own judgement: every required field, no unknown one. */
  #validate(message) {
    if ("closed" in message || BEYOND_THE_DEFINITIONS.includes(message.type)) return;
    assert.ok(MessageHelpers.validateMessage(message), `${this.#name} got ${JSON.stringify(message)}`);
  }
}
