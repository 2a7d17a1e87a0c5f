import assert from "node:assert/strict";
import { test } from "node:test";

import { backOff, initial, reduce } from "../../../web/player/state.js";

/** Plays events; `effects` are all that were asked for, in short. */
function play(state, ...events) {
  const run = { state, now: 1_000_000, effects: [] };
  run.step = (event, { after = 0, random = 0 } = {}) => {
    run.now += after;
    const [next, effects] = reduce(run.state, event, { now: run.now, random });
    run.state = next;
    run.effects.push(...effects.map(({ do: name, id }) => (id === undefined ? name : `${name} ${id}`)));
    return run;
  };
  run.wake = () => run.step({ type: "wake" }, { after: run.state.wakeAt - run.now });
  for (const event of events) run.step(event);
  return run;
}

const OPEN = { type: "open" };
const OFFER = { type: "offer" };
const PICTURE = { type: "picture" };
const list = (...ids) => ({ type: "list", ids });
const close = (code, reason = "") => ({ type: "close", code, reason });
const playing = (wanted = null) => play(initial(wanted), OPEN, list("A"), OFFER, PICTURE);

test("the only streamer is taken", () => {
  const { state, effects } = playing();
  assert.deepEqual(effects, ["list", "subscribe A"]);
  assert.equal(state.name, "playing");
  assert.equal(state.wakeAt, null);
});

test("without a streamer the list is asked for again until there is one", () => {
  const run = play(initial(), OPEN, list());
  assert.equal(run.state.name, "waiting");
  run.wake();
  assert.equal(run.state.wakeAt - run.now, 2000);
  run.step(list()).wake().step(list("A"));
  assert.deepEqual(run.effects, ["list", "list", "list", "subscribe A"]);
  assert.equal(run.state.name, "media");
});

test("several are to be chosen from, and the choice is kept", () => {
  const run = play(initial(), OPEN, list("A", "B"));
  assert.equal(run.state.name, "choosing");
  run.wake().step(list("A", "B", "C"));
  assert.deepEqual(run.state.ids, ["A", "B", "C"]);
  run.step({ type: "choose", id: "B" });
  assert.equal(run.effects.at(-1), "subscribe B");
  run.step(OFFER).step(PICTURE).step(close(1006)).wake().step(OPEN).step(list("A", "B"));
  assert.equal(run.effects.at(-1), "subscribe B");
});

test("a wanted streamer is waited for, whoever else is there", () => {
  const run = play(initial("B"), OPEN, list("A"));
  assert.equal(run.state.name, "waiting");
  assert.deepEqual(run.state.ids, ["A"]);
  run.wake().step(list("A", "B"));
  assert.equal(run.effects.at(-1), "subscribe B");
  const other = play(initial("B"), OPEN, list("A"), { type: "choose", id: "A" });
  assert.equal(other.effects.at(-1), "subscribe A");
});

test("full is tried again, and stays full until the offer comes", () => {
  const run = play(initial(), OPEN, list("A"), {
    type: "subscribeFailed",
    message: "Streamer A is full. Max players = 1.",
  });
  assert.equal(run.state.name, "full");
  assert.equal(run.state.wakeAt - run.now, 4000);
  run.wake();
  assert.equal(run.state.asking, true);
  run.step(list("A"));
  assert.deepEqual([run.state.name, run.effects.at(-1)], ["full", "subscribe A"]);
  run.step({ type: "subscribeFailed", message: "Streamer A is full. Max players = 1." }, { random: 1 });
  assert.equal(run.state.wakeAt - run.now, 6000, "those who wait come spread out");
  run.wake().step(list("A")).step(OFFER);
  assert.equal(run.state.name, "media");
});

test("a streamer that went before it was subscribed to is waited for", () => {
  const run = play(initial(), OPEN, list("A"), { type: "subscribeFailed", message: "Streamer A does not exist." });
  assert.equal(run.state.name, "waiting");
});

test("a streamer that says nothing is called slow, then asked again", () => {
  const run = play(initial(), OPEN, list("A"));
  run.wake();
  assert.deepEqual([run.state.name, run.state.slow], ["media", true]);
  run.wake().step(list("A"));
  assert.deepEqual(run.effects, ["list", "subscribe A", "unsubscribe", "list", "subscribe A"]);
  run.step(OFFER);
  assert.deepEqual([run.state.slow, run.state.wakeAt], [false, null]);
});

test("a streamer that leaves is said to have left, and is waited for", () => {
  const run = playing().step({ type: "streamerDisconnected" });
  assert.equal(run.state.name, "left");
  run.step(close(1005));
  assert.equal(run.state.name, "left");
  assert.equal(run.state.wakeAt - run.now, 500);
  run.wake().step(OPEN).step(list());
  assert.deepEqual([run.state.name, run.state.gone], ["waiting", true]);
  run.wake().step(list("A")).step(OFFER);
  assert.deepEqual([run.state.name, run.state.gone], ["media", false]);
});

test("dialects that only close empty say the same", () => {
  const run = playing().step(close(1005));
  assert.deepEqual([run.state.name, run.state.gone], ["left", true]);
});

test("an empty close without a subscription says nothing about a streamer", () => {
  assert.equal(play(initial(), OPEN, list(), close(1005)).state.name, "lost");
});

test("a restart is a restart", () => {
  const run = playing().step(close(1012, "shutting down"));
  assert.equal(run.state.name, "draining");
  run.wake();
  assert.deepEqual([run.state.name, run.effects.at(-1)], ["connecting", "connect"]);
});

test("every close but two is followed by another attempt", () => {
  for (const code of [1000, 1005, 1006, 1008, 1009, 1011, 1012, 1013, 4000, 4001]) {
    const run = playing().step(close(code));
    assert.notEqual(run.state.wakeAt, null, code);
    assert.equal(run.wake().effects.at(-1), "connect", code);
  }
  for (const code of [1001, 4002]) {
    const run = playing().step(close(code));
    assert.deepEqual([run.state.name, run.state.wakeAt], ["ended", null], code);
    run.step({ type: "wake" });
    assert.deepEqual([run.state.name, run.effects.at(-1)], ["connecting", "connect"], "by hand it goes on");
  }
});

test("attempts are further and further apart, up to half a minute, and random within half of that", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6, 50].map((attempt) => backOff(attempt, 0)),
    [500, 500, 1000, 2000, 4000, 8000, 15000, 15000],
  );
  assert.deepEqual(
    [0, 6, 50].map((attempt) => backOff(attempt, 1)),
    [1000, 30000, 30000],
  );
  const run = play(initial());
  const waits = [];
  for (let attempt = 0; attempt < 4; attempt += 1) {
    run.step(close(1006));
    waits.push(run.state.wakeAt - run.now);
    run.wake();
  }
  assert.deepEqual(waits, [500, 500, 1000, 2000]);
});

test("chance is asked once an outage: a crowd comes back spread out", () => {
  const run = play(initial()).step(close(1006), { random: 1 });
  const waits = [run.state.wakeAt - run.now];
  for (const random of [0, 0.3]) {
    run.wake().step(close(1006), { random });
    waits.push(run.state.wakeAt - run.now);
  }
  assert.deepEqual(waits, [1000, 1000, 2000]);
  run.wake().step(OPEN).step(close(1006), { after: 10_000 });
  assert.equal(run.state.wakeAt - run.now, 500, "another outage, another chance");
});

test("a good connection starts the back-off anew, a bad one does not", () => {
  const bad = play(initial(), close(1006)).wake().step(OPEN).step(close(1006));
  assert.equal(bad.state.attempt, 2);
  const good = play(initial(), close(1006)).wake().step(OPEN).step(close(1006), { after: 10_000 });
  assert.equal(good.state.attempt, 1);
  assert.equal(playing().step(close(1006)).state.attempt, 1);
});

test("media that fails is reported, given up and tried again", () => {
  const run = play(initial(), OPEN, list("A"), OFFER);
  run.step({ type: "mediaFailed", diagnosis: { summary: "s" } });
  assert.equal(run.state.name, "failed");
  assert.deepEqual(run.effects.slice(-2), ["unsubscribe", "report"]);
  const first = run.state.wakeAt - run.now;
  run
    .wake()
    .step(list("A"))
    .step(OFFER)
    .step({ type: "mediaFailed", diagnosis: { summary: "s" } });
  assert.ok(run.state.wakeAt - run.now > first);
  assert.equal(run.effects.filter((effect) => effect === "subscribe A").length, 2);
});

test("media that breaks later is tried again too; what fails after all is over is nothing", () => {
  assert.equal(playing().step({ type: "mediaFailed", diagnosis: {} }).state.name, "failed");
  assert.equal(playing().step(close(1006)).step({ type: "mediaFailed", diagnosis: {} }).state.name, "lost");
});

test("an interruption is not the end", () => {
  const run = playing().step({ type: "interrupted", value: true });
  assert.deepEqual([run.state.name, run.state.interrupted], ["playing", true]);
  assert.equal(run.step({ type: "interrupted", value: false }).state.interrupted, false);
});

test("a streamer's new id is followed", () => {
  const run = playing("A").step({ type: "streamerIdChanged", id: "A1" });
  assert.deepEqual([run.state.streamer, run.state.wanted], ["A1", "A1"]);
  const unasked = playing().step({ type: "streamerIdChanged", id: "A1" });
  assert.deepEqual([unasked.state.streamer, unasked.state.wanted], ["A1", null]);
});

test("a list that comes late changes nothing", () => {
  for (const run of [playing(), play(initial(), OPEN, list("A")), playing().step(close(1006))]) {
    const before = run.state;
    assert.equal(run.step(list("A", "B")).state, before);
  }
});

test("a picture without a subscription and unknown events change nothing", () => {
  const { state } = play(initial(), OPEN, list());
  assert.equal(play(state, PICTURE).state, state);
  assert.equal(play(state, { type: "what" }).state, state);
});
