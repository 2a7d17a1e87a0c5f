// `pixelgate wilbur` as its clients see it, message by message: they say what the stock ones say, and what is expected
// here is everything that they get (protocol.md §1, §3, §4). After each step nobody has got anything else.

import { suite, test } from "node:test";

import { IDENTIFY, Scene, candidate, expectStreamers, identify, wilbur } from "./scene.mjs";

const OPTIONS = { iceServers: [{ urls: ["stun:stun.example:3478"] }] };
const LAYERS = { spatialLayer: 2, temporalLayer: 1 };

/** A test on a gateway that was started with these options. */
function played(name, args, play) {
  test(name, () => Scene.play(wilbur(...args), play));
}

/** A player lists, subscribes, and its streamer offers; with an answer and candidates both ways. */
async function negotiate(scene, streamer, player, playerId, { keepsPlayerId = true } = {}) {
  await expectStreamers(player, "Stage");
  player.send("subscribe", { streamerId: "Stage" });
  await streamer.expect({ type: "playerConnected", dataChannel: true, sfu: false, playerId });
  await scene.expectNoMore();

  const id = keepsPlayerId ? { playerId } : {};
  streamer.send("offer", { sdp: "v=0 offer", playerId });
  await player.expect({ type: "offer", sdp: "v=0 offer", ...id });
  player.send("layerPreference", { ...LAYERS, playerId: "" });
  await streamer.expect({ type: "layerPreference", ...LAYERS, playerId });
  player.send("answer", { sdp: "v=0 answer", minBitrateBps: 100_000, maxBitrateBps: 20_000_000 });
  const rates = { minBitrateBps: 100_000, maxBitrateBps: 20_000_000 };
  await streamer.expect({ type: "answer", sdp: "v=0 answer", ...rates, playerId });
  await scene.expectNoMore();

  for (const port of [1, 2]) player.send("iceCandidate", { candidate: candidate(port) });
  for (const port of [1, 2]) await streamer.expect({ type: "iceCandidate", candidate: candidate(port), playerId });
  for (const port of [3, 4]) streamer.send("iceCandidate", { candidate: candidate(port), playerId });
  for (const port of [3, 4]) await player.expect({ type: "iceCandidate", candidate: candidate(port), ...id });
  await scene.expectNoMore();
}

/** An SFU as the stock one: it says its id, asks who is there, takes the streamer's media, and streams. */
async function mix(scene, streamer, playerId) {
  const sfu = await scene.greeted("sfu");
  sfu.send("endpointId", { id: "SFU", protocolVersion: "1.3.0" });
  sfu.send("listStreamers");
  await sfu.expect({ type: "endpointIdConfirm", committedId: "SFU" }, { type: "streamerList", ids: ["Stage", "SFU"] });
  await take(scene, streamer, sfu, playerId);
  return sfu;
}

async function take(scene, streamer, sfu, playerId) {
  sfu.send("subscribe", { streamerId: "Stage" });
  await streamer.expect({ type: "playerConnected", dataChannel: true, sfu: true, playerId });
  const offer = { sdp: "v=0 streamer", sfu: true, multiplex: true, playerId };
  streamer.send("offer", offer);
  await sfu.expect({ type: "offer", ...offer });
  sfu.send("answer", { sdp: "v=0 sfu" });
  await streamer.expect({ type: "answer", sdp: "v=0 sfu", playerId });
  streamer.send("iceCandidate", { candidate: candidate(1), playerId });
  await sfu.expect({ type: "iceCandidate", candidate: candidate(1), playerId });
  sfu.send("startStreaming");
  await scene.expectNoMore();
}

/** A player subscribes to the SFU, which offers, with data channels. */
async function fanOut(scene, streamer, sfu, player, playerId) {
  player.send("subscribe", { streamerId: "SFU" });
  await sfu.expect({ type: "playerConnected", dataChannel: true, sfu: false, playerId });
  sfu.send("offer", { sdp: "v=0 offer", playerId, sfu: true, scalabilityMode: "L3T3_KEY" });
  await player.expect({ type: "offer", sdp: "v=0 offer", sfu: true, scalabilityMode: "L3T3_KEY" });
  player.send("layerPreference", { ...LAYERS, playerId: "" });
  player.send("answer", { sdp: "v=0 answer" });
  player.send("iceCandidate", { candidate: candidate(2) });
  await sfu.expect({ type: "layerPreference", ...LAYERS, playerId });
  await sfu.expect({ type: "answer", sdp: "v=0 answer", playerId });
  await sfu.expect({ type: "iceCandidate", candidate: candidate(2), playerId });

  player.send("dataChannelRequest");
  await sfu.expect({ type: "dataChannelRequest", playerId });
  sfu.send("peerDataChannels", { playerId, sendStreamId: 1, recvStreamId: 2 });
  await player.expect({ type: "peerDataChannels", sendStreamId: 1, recvStreamId: 2 });
  player.send("peerDataChannelsReady");
  await sfu.expect({ type: "peerDataChannelsReady", playerId });
  const channels = { type: "streamerDataChannels", playerId, sendStreamId: 2, recvStreamId: 1 };
  sfu.sendText(JSON.stringify(channels));
  await streamer.expect({ ...channels, sfuId: "Player0" });
  await scene.expectNoMore();
}

suite("In the reference server's place", () => {
  played("a streamer and its players", [], async (scene) => {
    const streamer = await scene.streamer("Stage");
    const first = await scene.player();
    await scene.expectNoMore();
    await negotiate(scene, streamer, first, "Player0");
    const second = await scene.player();
    await negotiate(scene, streamer, second, "Player1");

    for (const peer of [streamer, first, second]) {
      peer.send("ping", { time: 1782043200123 });
      await peer.expect({ type: "pong", time: 1782043200123 });
      for (const text of ['{"type":"ping"}', '{"type":"ping","time":null}']) peer.sendText(text);
      await peer.expect({ type: "pong", time: 0 }, { type: "pong", time: 0 });
    }

    // What a frontend says on reaching the page again: it subscribes a second time.
    first.send("subscribe", { streamerId: "Stage" });
    await streamer.expect({ type: "playerDisconnected", playerId: "Player0" });
    await streamer.expect({ type: "playerConnected", dataChannel: true, sfu: false, playerId: "Player0" });
    first.send("unsubscribe");
    await streamer.expect({ type: "playerDisconnected", playerId: "Player0" });
    await scene.expectNoMore();
    first.send("subscribe", { streamerId: "Stage" });
    await streamer.expect({ type: "playerConnected", dataChannel: true, sfu: false, playerId: "Player0" });

    streamer.send("disconnectPlayer", { playerId: "Player1", reason: "kicked" });
    await second.expectClose(1011, "kicked");
    await streamer.expect({ type: "playerDisconnected", playerId: "Player1" });
    await scene.expectNoMore();

    const third = await scene.player();
    await negotiate(scene, streamer, third, "Player2");
    await third.close();
    await streamer.expect({ type: "playerDisconnected", playerId: "Player2" });
    await scene.expectNoMore();

    await streamer.close();
    await first.expectClose(1005);
    await expectStreamers(await scene.player());
  });

  played("the stock SFU between them", [], async (scene) => {
    const streamer = await scene.streamer("Stage");
    const sfu = await mix(scene, streamer, "Player0");
    const first = await scene.player();
    await expectStreamers(first, "Stage", "SFU");
    await fanOut(scene, streamer, sfu, first, "Player1");
    const second = await scene.player();
    await fanOut(scene, streamer, sfu, second, "Player2");
    const direct = await scene.player();
    direct.send("subscribe", { streamerId: "Stage" });
    await streamer.expect({ type: "playerConnected", dataChannel: true, sfu: false, playerId: "Player3" });
    streamer.send("layerPreference", { ...LAYERS, playerId: "Player9" });
    await sfu.expect({ type: "layerPreference", ...LAYERS, playerId: "Player9" });
    await scene.expectNoMore();

    // It sends no candidates, ends nobody, and has what it subscribes to again.
    for (const playerId of ["Player1", undefined]) sfu.send("iceCandidate", { candidate: candidate(3), playerId });
    sfu.send("disconnectPlayer", { playerId: "Player1", reason: "mine" });
    sfu.send("subscribe", { streamerId: "Stage" });
    await scene.expectNoMore();

    await first.close();
    await sfu.expect({ type: "playerDisconnected", playerId: "Player1" });
    await scene.expectNoMore();

    await streamer.close();
    await direct.expectClose(1005);
    await sfu.expect({ type: "streamerDisconnected" });
    await scene.expectNoMore();
    sfu.send("stopStreaming");
    await second.expectClose(1005);
    await sfu.expect({ type: "playerDisconnected", playerId: "Player2" });
    const late = await scene.player();
    await expectStreamers(late);
    await scene.expectNoMore();

    // It waits for its streamer, and does the same again.
    const back = await scene.streamer("Stage");
    await scene.expectNoMore();
    await take(scene, back, sfu, "Player0");
    await fanOut(scene, back, sfu, late, "Player4");
    await sfu.close();
    await back.expect({ type: "playerDisconnected", playerId: "Player0" });
    await late.expectClose(1005);
  });

  played("ids: a taken one, a new one, and none", [], async (scene) => {
    const first = await scene.streamer("Stage");
    const second = await scene.greeted("streamer");
    await identify(second, "Stage", "Stage1");
    const silent = await scene.greeted("streamer");
    const player = await scene.player();
    await expectStreamers(player, "Stage", "Stage1");
    const sfu = await scene.greeted("sfu");
    await identify(sfu, "Stage", "Stage2");
    await expectStreamers(sfu, "Stage", "Stage1", "UnknownStreamer", "Stage2");
    await sfu.close();
    player.send("subscribe", { streamerId: "Stage1" });
    await second.expect({ type: "playerConnected", dataChannel: true, sfu: false, playerId: "Player0" });
    await scene.expectNoMore();

    second.send("endpointId", { id: "Balcony" });
    await player.expect({ type: "streamerIdChanged", newID: "Balcony" });
    await second.expect({ type: "endpointIdConfirm", committedId: "Balcony" });
    await identify(first, "Stage");
    await expectStreamers(player, "Stage", "Balcony");
    await scene.expectNoMore();

    silent.send("endpointId", { id: "" });
    await silent.expect({ type: "endpointIdConfirm", committedId: "UnknownStreamer" });
    await expectStreamers(player, "Stage", "Balcony", "UnknownStreamer");
  });

  played("refusals", ["--max_players", "1"], async (scene) => {
    const streamer = await scene.streamer("Stage");
    const [seated, standing] = [await scene.player(), await scene.player()];
    seated.send("subscribe", { streamerId: "Stage" });
    await streamer.expect({ type: "playerConnected", dataChannel: true, sfu: false, playerId: "Player0" });
    standing.send("subscribe", { streamerId: "Stage" });
    await standing.expect({ type: "subscribeFailed", message: "Streamer Stage is full. Max players = 1." });
    standing.send("subscribe", { streamerId: "Nobody" });
    await standing.expect({ type: "subscribeFailed", message: "Streamer Nobody does not exist." });
    await scene.expectNoMore();

    // An SFU takes no player's place, and those of its own players are not counted.
    const sfu = await mix(scene, streamer, "Player2");
    for (const [player, playerId] of [[standing, "Player1"], [await scene.player(), "Player3"]]) {
      player.send("subscribe", { streamerId: "SFU" });
      await sfu.expect({ type: "playerConnected", dataChannel: true, sfu: false, playerId });
    }
    await scene.expectNoMore();

    // Neither streamer nor SFU reaches anybody else's players.
    for (const stranger of [streamer, await scene.streamer("Other")]) {
      stranger.send("offer", { sdp: "v=0", playerId: "Player3" });
      stranger.send("disconnectPlayer", { playerId: "Player3", reason: "mine" });
    }
    sfu.send("offer", { sdp: "v=0", playerId: "Player0" });
  });

  played("a player that speaks before it has subscribed", [], async (scene) => {
    const lost = await scene.player();
    lost.send("dataChannelRequest");
    await lost.expectClose(1005);
    const silent = await scene.greeted("streamer");
    const player = await scene.player();
    player.send("dataChannelRequest");
    await silent.expect({ type: "playerConnected", dataChannel: true, sfu: false, playerId: "Player1" });
    await silent.expect({ type: "dataChannelRequest", playerId: "Player1" });
  });

  played("who speaks is said once, whatever a player says of itself", [], async (scene) => {
    const streamer = await scene.streamer("Stage");
    const player = await scene.player();
    player.send("subscribe", { streamerId: "Stage" });
    await streamer.expect({ type: "playerConnected", dataChannel: true, sfu: false, playerId: "Player0" });
    const others = '"PLAYERID":"a","playerId":"b","playeri\\u0064":"c","playerId":7';
    player.sendText(`{${others},"type":"answer","sdp":"v=0"}`);
    await streamer.expect({ type: "answer", sdp: "v=0", playerId: "Player0" });
    for (const peer of [streamer, player]) peer.send("stats", { data: {} });
  });

  played("with the options of the peers' connections", ["--peer_options", JSON.stringify(OPTIONS)], async (scene) => {
    const config = { type: "config", peerConnectionOptions: OPTIONS, protocolVersion: "1.3.0" };
    const greetings = { streamer: [IDENTIFY, config], sfu: [IDENTIFY, config], player: [config] };
    for (const [role, greeting] of Object.entries(greetings)) {
      const peer = await scene.connect(role, scene.addresses[role]);
      await peer.expect(...greeting);
    }
  });

  played("as Unreal Engine 5.5 had it", ["--dialect", "wilbur-5.5"], async (scene) => {
    const streamer = await scene.streamer("Stage");
    const player = await scene.player();
    await negotiate(scene, streamer, player, "Player0", { keepsPlayerId: false });
    await streamer.close();
    await player.expectClose(1005);
  });
});
