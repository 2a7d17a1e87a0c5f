// A streamer and its players, over the library that the stock frontend and the reference server are made of.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import common from "@epicgames-ps/lib-pixelstreamingcommon-ue5.7";

import { within } from "./gateway.mjs";
import { CONFIG, Scene, SETTINGS, candidate, everywhere, expectStreamers, identify, subscribe } from "./scene.mjs";

const { KeepaliveMonitor } = common;

suite("Streamer and player", () => {
  everywhere("from the list of streamers to the answer and its candidates", async (scene) => {
    const streamer = await scene.streamer("Stage");
    const player = await scene.player();
    await expectStreamers(player, "Stage");
    await subscribe(player, "Stage", streamer, "Player0");

    streamer.send("offer", { sdp: "v=0 offer", playerId: "Player0" });
    await player.expect({ type: "offer", sdp: "v=0 offer", playerId: "Player0" });
    player.send("layerPreference", { spatialLayer: 2, temporalLayer: 1 });
    await streamer.expect({ type: "layerPreference", spatialLayer: 2, temporalLayer: 1, playerId: "Player0" });
    player.send("answer", { sdp: "v=0 answer", minBitrateBps: 100_000, maxBitrateBps: 20_000_000 });
    await streamer.expect({
      type: "answer",
      sdp: "v=0 answer",
      minBitrateBps: 100_000,
      maxBitrateBps: 20_000_000,
      playerId: "Player0",
    });
    player.send("iceCandidate", { candidate: candidate(1) });
    await streamer.expect({ type: "iceCandidate", candidate: candidate(1), playerId: "Player0" });
    streamer.send("iceCandidate", { candidate: candidate(2), playerId: "Player0" });
    await player.expect({ type: "iceCandidate", candidate: candidate(2), playerId: "Player0" });

    await scene.leave(player);
    await streamer.expect({ type: "playerDisconnected", playerId: "Player0" });
    await streamer.expectNothing();
  });

  everywhere("a player that offers itself", async (scene) => {
    const streamer = await scene.streamer("Stage");
    const player = await scene.player();
    await subscribe(player, "Stage", streamer, "Player0");
    player.send("offer", { sdp: "v=0 offer" });
    await streamer.expect({ type: "offer", sdp: "v=0 offer", playerId: "Player0" });
    streamer.send("answer", { sdp: "v=0 answer", playerId: "Player0" });
    await player.expect({ type: "answer", sdp: "v=0 answer", playerId: "Player0" });
    await player.expectNothing();
  });

  everywhere("subscribing again, elsewhere, and no more", async (scene) => {
    const first = await scene.streamer("First");
    const second = await scene.streamer("Second");
    const player = await scene.player();
    await subscribe(player, "First", first, "Player0");

    player.send("subscribe", { streamerId: "First" });
    await first.expect({ type: "playerDisconnected", playerId: "Player0" });
    await first.expect({ type: "playerConnected", dataChannel: true, sfu: false, playerId: "Player0" });
    await subscribe(player, "Second", second, "Player0");
    await first.expect({ type: "playerDisconnected", playerId: "Player0" });

    player.send("subscribe", { streamerId: "Nobody" });
    await player.expect({ type: "subscribeFailed", message: "Streamer Nobody does not exist." });
    player.send("unsubscribe");
    await second.expect({ type: "playerDisconnected", playerId: "Player0" });
    player.send("unsubscribe");
    await player.expectNothing();
    await second.expectNothing();
    await first.expectNothing();
  });

  everywhere("a player that speaks before it has subscribed", async (scene) => {
    const streamer = await scene.streamer("Stage");
    const player = await scene.player();
    player.send("dataChannelRequest");
    await streamer.expect({ type: "playerConnected", dataChannel: true, sfu: false, playerId: "Player0" });
    await streamer.expect({ type: "dataChannelRequest", playerId: "Player0" });
    await player.expectNothing();
  });

  everywhere("a player that speaks when there is no streamer", async (scene) => {
    const player = await scene.player();
    player.send("answer", { sdp: "v=0" });
    await player.expectCloseCode(scene.dialect.noStreamerClose);
  });

  everywhere("a streamer puts out its own player, and nobody else's", async (scene) => {
    const streamer = await scene.streamer("Stage");
    const stranger = await scene.streamer("Stranger");
    const player = await scene.player();
    await subscribe(player, "Stage", streamer, "Player0");

    stranger.send("disconnectPlayer", { playerId: "Player0", reason: "mine" });
    stranger.send("offer", { sdp: "v=0", playerId: "Player0" });
    await stranger.expectNothing();
    await player.expectNothing();

    streamer.send("disconnectPlayer", { playerId: "Player0", reason: "out you go" });
    await player.expectClose(1011, "out you go");
    await streamer.expect({ type: "playerDisconnected", playerId: "Player0" });
    await streamer.expectNothing();
  });

  everywhere("a streamer goes away", async (scene) => {
    const streamer = await scene.streamer("Stage");
    const player = await scene.player();
    const bystander = await scene.player();
    await subscribe(player, "Stage", streamer, "Player0");
    await streamer.close();
    if (scene.dialect.tellsPlayersOfLostStreamers) await player.expect({ type: "streamerDisconnected" });
    await player.expectClose(1005);
    await scene.left(player);
    await expectStreamers(bystander);
  });

  everywhere("one name for two streamers, and a new name", async (scene) => {
    const first = await scene.streamer("Stage");
    const second = await scene.greeted("streamer");
    await identify(second, "Stage", "Stage1");
    const player = await scene.player();
    await expectStreamers(player, "Stage", "Stage1");
    await subscribe(player, "Stage1", second, "Player0");

    second.send("endpointId", { id: "Balcony" });
    await player.expect({ type: "streamerIdChanged", newID: "Balcony" });
    await second.expect({ type: "endpointIdConfirm", committedId: "Balcony" });
    await identify(second, "Balcony");
    await expectStreamers(player, "Stage", "Balcony");
    await first.expectNothing();
  });

  everywhere("a streamer that has not said its id is not listed", async (scene) => {
    const streamer = await scene.greeted("streamer");
    const player = await scene.player();
    await expectStreamers(player);
    await identify(streamer, "Stage");
    await expectStreamers(player, "Stage");
  });

  everywhere("the library's keepalive sees every role alive", async (scene) => {
    const peers = [await scene.greeted("streamer"), await scene.greeted("sfu"), await scene.player()];
    const monitors = peers.map((peer) => new KeepaliveMonitor(peer.protocol, 100));
    try {
      await within(10_000, "three pongs", Promise.race([...monitors.map(failure), pongs(peers, 3)]));
    } finally {
      monitors.forEach((monitor) => monitor.stop());
    }
  });

  everywhere("what is no message, and what means nothing, costs nothing", async (scene) => {
    const streamer = await scene.streamer("Stage");
    const player = await scene.player();
    await subscribe(player, "Stage", streamer, "Player0");
    for (const text of ["", "nonsense", "null", "[]", "1e999", '{"type":1}', "{}", '{"type":"nonsense"}', '{"type":']) {
      player.sendText(text);
      streamer.sendText(text);
    }
    streamer.send("offer", { sdp: "v=0", playerId: "Player7" });
    await player.expectNothing();
    await streamer.expectNothing();
  });
});

/** Rejects when the monitor misses a pong. */
function failure(monitor) {
  return new Promise((_, reject) => (monitor.onTimeout = () => reject(new Error("the keepalive monitor gave up"))));
}

async function pongs(peers, count) {
  for (let pong = 0; pong < count; pong++) await Promise.all(peers.map((peer) => peer.expectType("pong")));
}

suite("The ports", () => {
  test("a path that is no role is not found", () =>
    Scene.play(SETTINGS[0], async (scene) => {
      await assert.rejects(scene.connect("stranger", `ws://${scene.gateway.http}/nobody`), /404/);
    }));

  test("a plain request on a legacy port is told to upgrade", () =>
    Scene.play(SETTINGS[0], async (scene) => {
      for (const port of [scene.gateway.streamer, scene.gateway.sfu]) {
        const response = await within(10_000, "an answer", fetch(`http://${port}/`));
        assert.equal(response.status, 426);
      }
    }));

  test("the first subprotocol is echoed, a token never, and nothing is compressed", () =>
    Scene.play(SETTINGS[0], async (scene) => {
      const offers = ["bearer.abc", "pixelstream"];
      const player = await scene.connect("player", scene.addresses.player, offers);
      await player.expect(CONFIG, { type: "playerCount", count: 1 });
      assert.equal(player.transport.webSocket.protocol, "pixelstream");
      assert.equal(player.transport.webSocket.extensions, "");
    }));
});
