// Under Epic's own classes, as they are published.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import epic from "@epicgames-ps/lib-pixelstreamingcommon-ue5.7";

import { connectionOf, frame, install, socketClass, transportOver } from "../dist/transport.js";
import { fakeBrowser, settle } from "./fakes.mjs";

const { EventEmitter, Logger, SignallingProtocol, WebSocketTransport } = epic;
Logger.InitLogging(0, false);

let world;
const kept = {};

/** The transports take the browser's own: here it is the fake one. */
beforeEach(() => {
  world = fakeBrowser();
  for (const name of ["fetch", "WebSocket", "WebTransport"]) {
    kept[name] = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value: world.platform[name], configurable: true, writable: true });
  }
});
afterEach(() => {
  for (const [name, descriptor] of Object.entries(kept)) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else delete globalThis[name];
  }
});

/** What the stock frontend does with a transport. */
async function signal(transport) {
  const protocol = new SignallingProtocol(transport);
  const events = [];
  transport.addListener("open", () => events.push("open"));
  transport.addListener("error", () => events.push("error"));
  transport.addListener("close", ({ code, reason }) => events.push(["close", code, reason]));
  protocol.addListener("config", (message) => events.push(message));
  assert.equal(protocol.connect("ws://gate.example:8080/"), true);
  assert.equal(protocol.isConnected(), true);
  await settle();
  return { protocol, events };
}

async function runsOverWebTransport(transport) {
  const { protocol, events } = await signal(transport);
  const [session] = world.sessions;
  session.open();
  await settle();
  assert.equal(connectionOf(transport).transport, "wt");
  session.receive(frame('{"type":"config","peerConnectionOptions":{}}'));
  protocol.sendMessage({ type: "listStreamers" });
  await settle();
  assert.deepEqual(session.written, [...frame('{"type":"listStreamers"}')]);
  session.receive(frame('{"type":"disconnect","code":1012,"reason":"restart"}'));
  await settle();
  assert.deepEqual(events, ["open", { type: "config", peerConnectionOptions: {} }, ["close", 1012, "restart"]]);
  assert.equal(protocol.isConnected(), false);
}

test("the stock transport, patched, runs over WebTransport", async () => {
  const undo = install(WebSocketTransport);
  try {
    await runsOverWebTransport(new WebSocketTransport());
  } finally {
    undo();
  }
  assert.match(String(WebSocketTransport.prototype.connect), /new WebSocket\(/, "undone");
});

test("a transport class over Epic's emitter", async () => {
  const Transport = transportOver(EventEmitter);
  await runsOverWebTransport(new Transport());
});

test("a disconnect by the frontend closes with its code; a failure to connect is an error and a close", async () => {
  const Transport = transportOver(EventEmitter, { force: "wt" });
  const { protocol, events } = await signal(new Transport());
  world.sessions[0].open();
  await settle();
  protocol.disconnect(1000, "bye");
  assert.deepEqual(world.sessions[0].closedWith, { closeCode: 1000, reason: "bye" });
  world.sessions[0].end({ closeCode: 1000, reason: "bye" });
  await settle();
  assert.deepEqual(events, ["open", ["close", 1000, "bye"]]);

  const failing = await signal(new Transport());
  world.sessions[1].fail(new Error("refused"));
  await settle();
  assert.deepEqual(failing.events, ["error", ["close", 1006, "refused"]]);
  assert.equal(new Transport().connect("no address"), false);
});

test("the subprotocols that the frontend was given are offered", async () => {
  const undo = install(WebSocketTransport, { force: "ws" });
  try {
    await signal(new WebSocketTransport(["pixelstream", "bearer.abc"]));
    assert.deepEqual(world.sockets[0].protocols, ["pixelstream", "bearer.abc"]);
  } finally {
    undo();
  }
});

test("under a prebuilt player the class itself is replaced, for players' sockets to the gateway only", async () => {
  globalThis.CloseEvent ??= class extends Event {
    constructor(type, { code, reason }) {
      super(type);
      Object.assign(this, { code, reason });
    }
  };
  globalThis.WebSocket = socketClass((url) => url.hostname === "gate.example", {}, world.platform);
  const { protocol, events } = await signal(new WebSocketTransport());
  world.sessions[0].open();
  await settle();
  protocol.sendMessage({ type: "listStreamers" });
  world.sessions[0].receive(frame('{"type":"config"}'), frame('{"type":"disconnect","code":1011,"reason":"out"}'));
  await settle();
  assert.deepEqual(events, ["open", { type: "config" }, ["close", 1011, "out"]]);
  assert.deepEqual(world.sessions[0].written, [...frame('{"type":"listStreamers"}')]);

  new WebSocket("ws://chat.example/");
  new WebSocket("ws://gate.example:8080/streamer");
  assert.deepEqual(
    world.sockets.map(({ url }) => url),
    ["ws://chat.example/", "ws://gate.example:8080/streamer"],
  );
  assert.equal(WebSocket.CONNECTING, world.platform.WebSocket.CONNECTING, "constants stay");
});
