import assert from "node:assert/strict";
import { test } from "node:test";

import { Connection, frame } from "../dist/transport.js";
import { fakeBrowser, settle } from "./fakes.mjs";

async function open(force) {
  const world = fakeBrowser();
  const connection = new Connection("http://gate.example:8080/", { force }, world.platform);
  const closes = [];
  const texts = [];
  connection.onmessage = (text) => texts.push(text);
  connection.onclose = ({ code, reason }) => closes.push([code, reason]);
  await settle();
  const peer = world.sessions[0] ?? world.sockets[0];
  peer.open();
  await settle();
  return { connection, peer, closes, texts };
}

const disconnect = (message) => frame(JSON.stringify({ type: "disconnect", ...message }));

test("over WebTransport texts go both ways in frames", async () => {
  const { connection, peer, texts } = await open("wt");
  const hello = frame('{"type":"config","note":"\\"disconnect\\""}');
  peer.receive(hello.slice(0, 3), hello.slice(3));
  connection.send('{"type":"listStreamers"}');
  await settle();
  assert.deepEqual(texts, ['{"type":"config","note":"\\"disconnect\\""}']);
  assert.deepEqual(peer.written, [...frame('{"type":"listStreamers"}')]);
});

test("what is sent from the open event is not lost", async () => {
  const world = fakeBrowser();
  const connection = new Connection("http://gate.example:8080/", { force: "wt" }, world.platform);
  assert.throws(() => connection.send("{}"), /still being opened/);
  connection.onopen = () => connection.send("{}");
  await settle();
  world.sessions[0].open();
  await settle();
  assert.deepEqual(world.sessions[0].written, [...frame("{}")]);
});

test("the last message is the close, and what the browser says afterwards is not heard", async () => {
  for (const [message, close] of [
    [{ code: 1011, reason: "zu spät" }, [1011, "zu spät"]],
    [{ code: 1012, reason: "" }, [1012, ""]],
    [{}, [1005, ""]],
    [{ code: "1012", reason: 7 }, [1005, ""]],
  ]) {
    const { connection, peer, closes, texts } = await open("wt");
    peer.receive(frame('{"type":"playerCount","count":1}'), disconnect(message));
    await settle();
    peer.lose(new Error("Connection lost."));
    await settle();
    assert.deepEqual(closes, [close]);
    assert.deepEqual(texts, ['{"type":"playerCount","count":1}'], "the close is no message");
    assert.equal(connection.readyState, 3);
  }
});

test("a session that ends without a word", async () => {
  const lost = await open("wt");
  lost.peer.lose(new Error("Connection lost."));
  await settle();
  assert.deepEqual(lost.closes, [[1006, "Connection lost."]]);
  const coded = await open("wt");
  coded.peer.end({ closeCode: 4001, reason: "dead" });
  await settle();
  assert.deepEqual(coded.closes, [[4001, "dead"]]);
  const plain = await open("wt");
  plain.peer.end({ closeCode: 0, reason: "" });
  await settle();
  assert.deepEqual(plain.closes, [[1005, ""]]);
});

test("a close from here comes back as it was given", async () => {
  const { connection, peer, closes } = await open("wt");
  connection.close(4321, "bye");
  assert.deepEqual(peer.closedWith, { closeCode: 4321, reason: "bye" });
  peer.end({ closeCode: 4321, reason: "bye" });
  await settle();
  connection.close();
  connection.send("{}");
  assert.deepEqual(closes, [[4321, "bye"]]);
});

test("a length that cannot be is 1009", async () => {
  const { peer, closes } = await open("wt");
  peer.receive(Uint8Array.from([0xff, 0, 0, 0]));
  await settle();
  assert.equal(peer.closedWith.closeCode, 1009);
  peer.end({ closeCode: 1009, reason: "" });
  await settle();
  assert.deepEqual(closes, [[1009, "a message of 4278190080 bytes"]]);
});

test("over a WebSocket closes are the browser's; only codes that a page may send are sent", async () => {
  const { connection, peer, closes, texts } = await open("ws");
  peer.receive("{}");
  assert.deepEqual(texts, ["{}"]);
  connection.send('{"type":"ping"}');
  assert.deepEqual(peer.sent, ['{"type":"ping"}']);
  peer.end(1013, "full");
  assert.deepEqual(closes, [[1013, "full"]]);
  const kept = await open("ws");
  kept.connection.close(4000, "x");
  assert.deepEqual(kept.peer.closed, { code: 4000, reason: "x" });
  const bare = await open("ws");
  bare.connection.close(1001, "x");
  assert.deepEqual(bare.peer.closed, { code: undefined, reason: undefined });
});
