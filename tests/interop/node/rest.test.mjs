// `pixelgate wilbur --rest_api`: the REST API on the player port, body for body (protocol.md §6).

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { within } from "./gateway.mjs";
import { Scene, expectStreamers, identify, subscribe, wilbur } from "./scene.mjs";

// Where peers come from is the operators' business: the member is there, and empty.
const REMOTE = { remoteAddress: "" };
const SFU = { playerId: "Player0", type: "SFU", subscribedTo: "Stage", ...REMOTE };
const WATCHING = { playerId: "Player1", type: "Player", subscribedTo: "Stage", ...REMOTE };
const BEHIND = { playerId: "Player2", type: "Player", subscribedTo: "SFU", ...REMOTE };
const IDLE = { playerId: "Player3", type: "Player", ...REMOTE };
const STAGE = { streamerId: "Stage", type: "Streamer", streaming: true, ...REMOTE, subscribers: [SFU, WATCHING] };
const MIX = { streamerId: "SFU", type: "SFU", streaming: true, ...REMOTE, subscribers: [BEHIND] };
const SILENT = { streamerId: "UnknownStreamer", type: "Streamer", streaming: false, ...REMOTE, subscribers: [] };
const ORIGIN = "https://site.example";

function served(name, args, play) {
  test(name, () => Scene.play(wilbur("--rest_api", ...args), play));
}

/** An answer of the player port, its body parsed where it is JSON. */
async function ask(scene, path, { method = "GET", headers = {} } = {}) {
  const url = `http://${scene.gateway.http}${path}`;
  const answer = await within(10_000, path, fetch(url, { method, headers: { connection: "close", ...headers } }));
  const text = await within(10_000, path, answer.text());
  const json = answer.headers.get("content-type")?.startsWith("application/json");
  return { status: answer.status, headers: answer.headers, body: json ? JSON.parse(text) : text };
}

/** The body at a path that is there. */
async function get(scene, path, options) {
  const { status, body } = await ask(scene, `/api${path}`, options);
  assert.equal(status, 200, path);
  return body;
}

/** A streamer with an SFU and a player on it, a player behind the SFU, one on none, and a streamer without an id. */
async function crowd(scene) {
  const stage = await scene.streamer("Stage");
  const sfu = await scene.greeted("sfu");
  await identify(sfu, "SFU");
  await subscribe(sfu, "Stage", stage, "Player0", true);
  await subscribe(await scene.player(), "Stage", stage, "Player1");
  await subscribe(await scene.player(), "SFU", sfu, "Player2");
  await scene.player();
  await scene.greeted("streamer");
}

suite("The REST API of the player port", () => {
  served("who is connected", [], async (scene) => {
    assert.deepStrictEqual(await get(scene, "/streamers"), []);
    assert.deepStrictEqual(await get(scene, "/players"), []);
    await crowd(scene);
    assert.deepStrictEqual(await get(scene, "/streamers"), [STAGE, MIX, SILENT]);
    assert.deepStrictEqual(await get(scene, "/players"), [SFU, WATCHING, BEHIND, IDLE]);
    for (const one of [STAGE, MIX, SILENT]) {
      assert.deepStrictEqual(await get(scene, `/streamers/${one.streamerId}`), one);
    }
    for (const one of [SFU, WATCHING, BEHIND, IDLE]) {
      assert.deepStrictEqual(await get(scene, `/players/${one.playerId}`), one);
    }
  });

  served("how it is", [], async (scene) => {
    const before = await get(scene, "/status");
    assert.ok(Number.isInteger(before.uptime) && before.uptime >= 0, `${before.uptime}`);
    assert.ok(typeof before.version === "string" && before.version !== "");
    const { uptime, version } = before;
    assert.deepStrictEqual(before, { uptime, streamer_count: 0, player_count: 0, version });
    await crowd(scene);
    const after = await get(scene, "/status");
    assert.ok(after.uptime > uptime && after.uptime < uptime + 60_000, `${uptime}, then ${after.uptime}`);
    assert.deepStrictEqual(after, { uptime: after.uptime, streamer_count: 3, player_count: 4, version });
  });

  const turn = { urls: ["turn:turn.example"], username: "HUSH-user", credential: "HUSH-word" };
  const tokens = ["--player_token", "HUSH-token", "--admin_token", "HUSH-operators"];
  const secrets = ["--peer_options", JSON.stringify({ iceServers: [turn] }), ...tokens];
  served("how it is configured, without what opens anything", ["--max_players", "7", ...secrets], async (scene) => {
    const iceServers = [{ ...turn, username: "[redacted]", credential: "[redacted]" }];
    const { http, streamer, sfu } = scene.gateway;
    const [playerPort, streamerPort, sfuPort] = [http, streamer, sfu].map((address) => Number(address.split(":")[1]));
    // Where players need a token, this is the operators' alone.
    for (const authorization of [undefined, "Bearer HUSH-token"]) {
      const headers = authorization === undefined ? {} : { authorization };
      assert.equal((await ask(scene, "/api/config", { headers })).status, 401);
    }
    assert.deepStrictEqual(await get(scene, "/config", { headers: { authorization: "Bearer HUSH-operators" } }), {
      config: { streamerPort, playerPort, sfuPort, peerOptions: { iceServers }, maxSubscribers: 7 },
      protocolConfig: { protocolVersion: "1.3.0", peerConnectionOptions: { iceServers } },
    });
  });

  served("without options nothing is limited, and nothing told", [], async (scene) => {
    const { config, protocolConfig } = await get(scene, "/config");
    assert.deepStrictEqual([config.peerOptions, config.maxSubscribers], [{}, 0]);
    assert.deepStrictEqual(protocolConfig, { protocolVersion: "1.3.0", peerConnectionOptions: {} });
  });

  served("what is not there", [], async (scene) => {
    await crowd(scene);
    const cases = [
      ["/streamers/Nobody", "No streamer id matches Nobody."],
      ["/streamers/Player0", "No streamer id matches Player0."],
      ["/players/Player9", "No player ID matches Player9."],
      ["/players/Stage", "No player ID matches Stage."],
      ["/players/a%2F%22b%20%E2%82%AC", 'No player ID matches a/"b €.'],
    ];
    for (const [path, message] of cases) {
      const { status, body } = await ask(scene, `/api${path}`);
      assert.deepStrictEqual({ status, body }, { status: 404, body: { message } }, path);
    }
    assert.equal((await ask(scene, "/api/nothing")).status, 404);
  });

  served("nobody is ended from there", [], async (scene) => {
    await crowd(scene);
    const ids = ["/streamers/Stage", "/streamers/SFU", "/players/Player0", "/players/Player1", "/players/Player9"];
    for (const path of ids) {
      assert.equal((await ask(scene, `/api${path}`, { method: "DELETE" })).status, 405, path);
    }
    await scene.expectNoMore();
    await expectStreamers(await scene.player(), "Stage", "SFU");
  });

  served("the document says what is sent", [], async (scene) => {
    await crowd(scene);
    const definition = await get(scene, "/api-definition");
    assert.match(definition.openapi, /^3\.1\./);
    assert.deepStrictEqual(definition.servers, [{ url: "/api" }]);
    const documented = Object.entries(definition.paths).map(([path, ways]) => [path, ...Object.keys(ways)]);
    const lists = ["/status", "/config", "/streamers", "/players", "/api-definition"];
    const expected = [...lists, "/streamers/{id}", "/players/{id}"].map((path) => [path, "get"]);
    assert.deepStrictEqual(documented.sort(), expected.sort());
    for (const path of lists.slice(0, 4)) judge(definition, path, 200, await get(scene, path));
    for (const [path, id] of [["/streamers/{id}", "Stage"], ["/players/{id}", "Player3"]]) {
      for (const [wanted, status] of [[id, 200], ["Nobody", 404]]) {
        const answer = await ask(scene, `/api${path.replace("{id}", wanted)}`);
        assert.equal(answer.status, status);
        judge(definition, path, status, answer.body);
      }
    }
  });

  test("there is none without the option", () =>
    Scene.play(wilbur("--serve"), async (scene) => {
      for (const path of ["/api/status", "/api/config", "/api/api-definition"]) {
        assert.equal((await ask(scene, path)).status, 404, path);
      }
    }));
});

/** A body has the members that the document gives it, all that it requires and no other, of their types. */
function judge(definition, path, status, body) {
  const { content } = definition.paths[path].get.responses[status];
  fits(definition, content["application/json"].schema, body, `${path} ${status}`);
}

function fits(definition, { $ref, ...schema }, value, place) {
  if ($ref) return fits(definition, resolve(definition, $ref), value, place);
  const types = { object: (it) => it?.constructor === Object, array: Array.isArray, integer: Number.isInteger };
  const isType = types[schema.type] ?? ((it) => typeof it === schema.type);
  assert.ok(isType(value), `${place}: ${JSON.stringify(value)} is no ${schema.type}`);
  if (schema.enum) assert.ok(schema.enum.includes(value), `${place}: ${value}`);
  if (schema.type === "array") value.forEach((item, at) => fits(definition, schema.items, item, `${place}[${at}]`));
  if (!schema.properties) return;
  assert.deepStrictEqual((schema.required ?? []).filter((name) => !(name in value)), [], place);
  for (const [name, member] of Object.entries(value)) {
    assert.ok(schema.properties[name], `${place}: ${name} is not documented`);
    fits(definition, schema.properties[name], member, `${place}.${name}`);
  }
}

const resolve = (definition, path) => path.slice(2).split("/").reduce((at, name) => at[name], definition);

suite("Other sites' scripts at the player port", () => {
  const allowed = ({ headers }, what) => headers.get(`access-control-allow-${what}`);
  const from = (origin) => ({ headers: { origin } });
  const preflight = {
    method: "OPTIONS",
    headers: {
      origin: ORIGIN,
      "access-control-request-method": "GET",
      "access-control-request-headers": "x-asked",
    },
  };

  const alone = ["--cors_allowed_origins", ORIGIN, "--cors_credentials"];
  served("read nothing unless they are let", alone, async (scene) => {
    const answers = [await ask(scene, "/api/status", from(ORIGIN)), await ask(scene, "/api/status", preflight)];
    for (const { headers } of answers) {
      assert.deepStrictEqual([...headers.keys()].filter((name) => name.startsWith("access-control-allow")), []);
    }
  });

  served("may be all of them", ["--cors"], async (scene) => {
    for (const path of ["/api/status", "/api/players/Nobody"]) {
      const answer = await ask(scene, path, from(ORIGIN));
      assert.ok([ORIGIN, "*"].includes(allowed(answer, "origin")), path);
      assert.equal(allowed(answer, "credentials"), null);
    }
    const answer = await ask(scene, "/api/status", preflight);
    assert.ok([200, 204].includes(answer.status));
    assert.ok([ORIGIN, "*"].includes(allowed(answer, "origin")));
    assert.match(allowed(answer, "methods"), /\bGET\b/);
    assert.equal(allowed(answer, "headers"), "x-asked");
  });

  const some = [
    ...["--cors", "--cors_allowed_origins", `https://other.example,${ORIGIN}`, "--cors_allowed_methods", "GET,HEAD"],
    ...["--cors_allowed_headers", "X-One,X-Two", "--cors_credentials"],
  ];
  served("or some, with what they may say", some, async (scene) => {
    for (const origin of [ORIGIN, "https://other.example"]) {
      const answer = await ask(scene, "/api/status", from(origin));
      assert.deepStrictEqual([allowed(answer, "origin"), allowed(answer, "credentials")], [origin, "true"]);
      assert.match(answer.headers.get("vary") ?? "", /\borigin\b/i);
    }
    assert.equal(allowed(await ask(scene, "/api/status", from("https://stranger.example")), "origin"), null);
    const answer = await ask(scene, "/api/status", preflight);
    assert.equal(allowed(answer, "methods"), "GET,HEAD");
    assert.equal(allowed(answer, "headers").toLowerCase(), "x-one,x-two");
  });
});
