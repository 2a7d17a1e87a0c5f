// A gateway of its own for each test, with the peers that the test brings in.

import { test } from "node:test";

import { Gateway } from "./gateway.mjs";
import { Peer } from "./peer.mjs";

export const CONFIG = { type: "config", peerConnectionOptions: {}, protocolVersion: "1.3.0" };
export const IDENTIFY = { type: "identify" };

/** Where each role connects: by path on the unified port, or by port, where path and query are the client's affair. */
const ADDRESSES = {
  unified: (gateway) => ({
    streamer: `ws://${gateway.http}/streamer`,
    sfu: `ws://${gateway.http}/sfu?any=query`,
    player: `ws://${gateway.http}/player`,
  }),
  legacy: (gateway) => ({
    streamer: `ws://${gateway.streamer}/any/path?and=query`,
    sfu: `ws://${gateway.sfu}`,
    player: `ws://${gateway.http}/`,
  }),
};

/** What differs between the dialects for these tests (protocol.md §4). */
export const DIALECTS = {
  standard: {
    streamerGreeting: [CONFIG, IDENTIFY],
    countsPlayers: true,
    tellsPlayersOfLostStreamers: true,
    subscribesSfus: true,
    relaysSfuCandidates: true,
    listsSfuToItself: false,
    sfuStreamsFromItsId: false,
    noStreamerClose: 1013,
  },
  wilbur: {
    streamerGreeting: [IDENTIFY, CONFIG],
    countsPlayers: false,
    tellsPlayersOfLostStreamers: false,
    subscribesSfus: false,
    relaysSfuCandidates: false,
    listsSfuToItself: true,
    sfuStreamsFromItsId: true,
    noStreamerClose: 1005,
  },
};

/** Every combination of dialect and addresses. */
export const SETTINGS = Object.keys(DIALECTS).flatMap((dialect) =>
  Object.keys(ADDRESSES).map((ports) => ({
    name: `${dialect}, ${ports} ports`,
    start: () => Gateway.start("--dialect", dialect),
    dialect,
    ports,
  })),
);

/** `pixelgate wilbur` with these options: the dialect and the ports are its own. */
export function wilbur(...args) {
  return { name: "as wilbur", start: () => Gateway.wilbur(...args), dialect: "wilbur", ports: "legacy" };
}

/** Declares a test for every dialect on the unified and on the legacy ports, and for the reference server's place. */
export function everywhere(name, play) {
  for (const setting of [...SETTINGS, wilbur()]) {
    test(`${name} (${setting.name})`, () => Scene.play(setting, play));
  }
}

/** One gateway and its peers. Players that are here are counted, so that every `playerCount` can be expected. */
export class Scene {
  #peers = [];
  #players = new Set();

  /** Runs `play` in a new scene and clears it away, whatever happened. */
  static async play({ start, dialect, ports }, play) {
    const gateway = await start();
    const scene = new Scene(gateway, DIALECTS[dialect], ADDRESSES[ports](gateway));
    let failure;
    try {
      await play(scene);
      await scene.expectNoMore();
    } catch (error) {
      failure = error;
    }
    await scene.#clear().catch((error) => (failure ??= error));
    if (failure) throw new Error(`${failure.message}\n${gateway.log}`, { cause: failure });
  }

  constructor(gateway, dialect, addresses) {
    this.gateway = gateway;
    this.dialect = dialect;
    this.addresses = addresses;
  }

  /** Connects a peer that is closed at the end, if it is still there. */
  async connect(name, url, protocols) {
    const peer = await Peer.connect(name, url, protocols);
    this.#peers.push(peer);
    return peer;
  }

  /** A streamer or SFU that has been greeted. */
  async greeted(role) {
    const peer = await this.connect(role, this.addresses[role]);
    await peer.expect(...this.dialect.streamerGreeting);
    return peer;
  }

  /** A streamer that streams as `id`. */
  async streamer(id) {
    const streamer = await this.greeted("streamer");
    await identify(streamer, id);
    return streamer;
  }

  /** A player that has been greeted. */
  async player() {
    const player = await this.connect("player", this.addresses.player);
    await player.expect(CONFIG);
    this.#players.add(player);
    await this.#count();
    return player;
  }

  /** A player closes its connection. */
  async leave(player) {
    await player.close();
    await this.left(player);
  }

  /** A player is gone: those who stay hear of it. */
  async left(player) {
    this.#players.delete(player);
    await this.#count();
  }

  /**
   * Nobody has got anything that was not expected; asked at the end of every test. After everybody's first answer, what
   * anybody sent has had its effect.
   */
  async expectNoMore() {
    for (let round = 0; round < 2; round++) await Promise.all(this.#peers.map((peer) => peer.expectNoMore()));
  }

  async #count() {
    if (!this.dialect.countsPlayers) return;
    const message = { type: "playerCount", count: this.#players.size };
    for (const player of this.#players) await player.expect(message);
  }

  async #clear() {
    try {
      await Promise.all(this.#peers.map((peer) => peer.close()));
    } finally {
      await this.gateway.stop();
    }
  }
}

/** A streamer or SFU asks for `wanted` and gets `given`. */
export async function identify(peer, wanted, given = wanted) {
  peer.send("endpointId", { id: wanted, protocolVersion: "1.3.0" });
  await peer.expect({ type: "endpointIdConfirm", committedId: given });
}

/** The list of streamers that `peer` gets. */
export async function expectStreamers(peer, ...ids) {
  peer.send("listStreamers");
  await peer.expect({ type: "streamerList", ids });
}

/** `subscriber` subscribes to `id`, whose `publisher` is told of `playerId`. */
export async function subscribe(subscriber, id, publisher, playerId, sfu = false) {
  subscriber.send("subscribe", { streamerId: id });
  await publisher.expect({ type: "playerConnected", dataChannel: true, sfu, playerId });
}

/** A host candidate, as the library writes it. */
export function candidate(port) {
  return {
    candidate: `candidate:1 1 udp 2113937151 127.0.0.1 ${port} typ host`,
    sdpMid: "0",
    sdpMLineIndex: 0,
    usernameFragment: "abcd",
  };
}
