// An SFU that says what the stock one says, between a streamer and a player.

import { suite } from "node:test";

import { candidate, everywhere, expectStreamers, identify, subscribe } from "./scene.mjs";

/** An SFU under the id "SFU", subscribed to the streamer "Stage" as Player0. */
async function subscribedSfu(scene, streamer) {
  const sfu = await scene.greeted("sfu");
  const subscribed = { type: "playerConnected", dataChannel: true, sfu: true, playerId: "Player0" };
  if (scene.dialect.subscribesSfus) await streamer.expect(subscribed);
  await identify(sfu, "SFU");
  await expectStreamers(sfu, ...(scene.dialect.listsSfuToItself ? ["Stage", "SFU"] : ["Stage"]));
  sfu.send("subscribe", { streamerId: "Stage" });
  if (!scene.dialect.subscribesSfus) await streamer.expect(subscribed);
  await sfu.expectNothing();
  await streamer.expectNothing();
  return sfu;
}

/** The same, with the streamer's media; players can take it. */
async function streamingSfu(scene, streamer) {
  const sfu = await subscribedSfu(scene, streamer);
  streamer.send("offer", { sdp: "v=0 streamer", playerId: "Player0", sfu: true });
  await sfu.expect({ type: "offer", sdp: "v=0 streamer", playerId: "Player0", sfu: true });
  sfu.send("answer", { sdp: "v=0 sfu" });
  await streamer.expect({ type: "answer", sdp: "v=0 sfu", playerId: "Player0" });
  sfu.send("startStreaming");
  await sfu.expectNothing();
  return sfu;
}

suite("SFU", () => {
  everywhere("between streamer and player", async (scene) => {
    const streamer = await scene.streamer("Stage");
    const sfu = await streamingSfu(scene, streamer);
    const player = await scene.player();
    await expectStreamers(player, "Stage", "SFU");
    await subscribe(player, "SFU", sfu, "Player1");

    sfu.send("offer", { sdp: "v=0 offer", playerId: "Player1", sfu: true, scalabilityMode: "L1T1" });
    await player.expect({ type: "offer", sdp: "v=0 offer", sfu: true, scalabilityMode: "L1T1" });
    player.send("dataChannelRequest");
    await sfu.expect({ type: "dataChannelRequest", playerId: "Player1" });
    player.send("layerPreference", { spatialLayer: 0, temporalLayer: 2 });
    await sfu.expect({ type: "layerPreference", spatialLayer: 0, temporalLayer: 2, playerId: "Player1" });
    player.send("answer", { sdp: "v=0 answer" });
    await sfu.expect({ type: "answer", sdp: "v=0 answer", playerId: "Player1" });
    player.send("iceCandidate", { candidate: candidate(1) });
    await sfu.expect({ type: "iceCandidate", candidate: candidate(1), playerId: "Player1" });

    sfu.send("peerDataChannels", { playerId: "Player1", sendStreamId: 1, recvStreamId: 2 });
    await player.expect({ type: "peerDataChannels", sendStreamId: 1, recvStreamId: 2 });
    player.send("peerDataChannelsReady");
    await sfu.expect({ type: "peerDataChannelsReady", playerId: "Player1" });
    // The stock SFU writes a field that the library does not define.
    const channels = { type: "streamerDataChannels", playerId: "Player1", sendStreamId: 3, recvStreamId: 4 };
    sfu.sendText(JSON.stringify(channels));
    await streamer.expect({ ...channels, sfuId: "Player0" });

    await scene.leave(player);
    await sfu.expect({ type: "playerDisconnected", playerId: "Player1" });
    await sfu.expectNothing();
    await streamer.expectNothing();
  });

  everywhere("candidates of an SFU", async (scene) => {
    const streamer = await scene.streamer("Stage");
    const sfu = await streamingSfu(scene, streamer);
    const player = await scene.player();
    await subscribe(player, "SFU", sfu, "Player1");
    sfu.send("iceCandidate", { candidate: candidate(1), playerId: "Player1" });
    sfu.send("iceCandidate", { candidate: candidate(2) });
    await sfu.expectNothing();
    if (scene.dialect.relaysSfuCandidates) {
      await player.expect({ type: "iceCandidate", candidate: candidate(1), playerId: "Player1" });
      await streamer.expect({ type: "iceCandidate", candidate: candidate(2), playerId: "Player0" });
    }
    await player.expectNothing();
    await streamer.expectNothing();
  });

  everywhere("a streamer's layer preference reaches its SFUs, as it is", async (scene) => {
    const streamer = await scene.streamer("Stage");
    const sfu = await streamingSfu(scene, streamer);
    const bystander = await scene.player();
    await subscribe(bystander, "Stage", streamer, "Player1");
    streamer.send("layerPreference", { spatialLayer: 1, temporalLayer: 0, playerId: "Player9" });
    await sfu.expect({ type: "layerPreference", spatialLayer: 1, temporalLayer: 0, playerId: "Player9" });
    await streamer.expectNothing();
    await bystander.expectNothing();
  });

  everywhere("is listed when it has media", async (scene) => {
    const streamer = await scene.streamer("Stage");
    const player = await scene.player();
    const sfu = await scene.greeted("sfu");
    await identify(sfu, "SFU");
    await expectStreamers(player, ...(scene.dialect.sfuStreamsFromItsId ? ["Stage", "SFU"] : ["Stage"]));
    sfu.send("startStreaming");
    await sfu.expectNothing();
    await expectStreamers(player, "Stage", "SFU");
    if (scene.dialect.subscribesSfus) await streamer.expectType("playerConnected");
    await streamer.expectNothing();
  });

  everywhere("stops, and its players go", async (scene) => {
    const streamer = await scene.streamer("Stage");
    const sfu = await streamingSfu(scene, streamer);
    const player = await scene.player();
    await subscribe(player, "SFU", sfu, "Player1");
    sfu.send("stopStreaming");
    if (scene.dialect.tellsPlayersOfLostStreamers) await player.expect({ type: "streamerDisconnected" });
    await player.expectClose(1005);
    await scene.left(player);
    await sfu.expect({ type: "playerDisconnected", playerId: "Player1" });
    await sfu.expectNothing();
    await expectStreamers(await scene.player(), "Stage");
  });

  everywhere("hears that its streamer went", async (scene) => {
    const streamer = await scene.streamer("Stage");
    const sfu = await streamingSfu(scene, streamer);
    await streamer.close();
    await sfu.expect({ type: "streamerDisconnected" });
    sfu.send("stopStreaming");
    await sfu.expectNothing();
    await expectStreamers(await scene.player());
  });

  everywhere("goes away, and its streamer and its players hear of it", async (scene) => {
    const streamer = await scene.streamer("Stage");
    const sfu = await streamingSfu(scene, streamer);
    const player = await scene.player();
    await subscribe(player, "SFU", sfu, "Player1");
    await sfu.close();
    await streamer.expect({ type: "playerDisconnected", playerId: "Player0" });
    if (scene.dialect.tellsPlayersOfLostStreamers) await player.expect({ type: "streamerDisconnected" });
    await player.expectClose(1005);
    await streamer.expectNothing();
  });
});
