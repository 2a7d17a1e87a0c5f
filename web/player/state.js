// What the page is doing, as a pure function of what happens: `reduce(state, event, { now, random })` returns the next
// state and the effects that the page has to carry out. A state with `wakeAt` wants the event `wake` at that time.
//
// Names: connecting, waiting (for a streamer), choosing, full, media (subscribed, no picture yet), playing, left (the
// streamer is gone), draining (the gateway restarts), lost, failed (media cannot connect), ended (nothing follows).

/** How often the list is asked for while there is nothing to choose, or something. */
const LIST_EVERY_MS = 2_000;
/** A full streamer is tried again after this, and up to half as long on top, lest all who wait come at once. */
const FULL_AGAIN_MS = 4_000;
/** A streamer that says nothing to a subscription: after this it is called slow, after twice as long it is tried again. */
const OFFER_SLOW_MS = 10_000;
/** Back-off between attempts. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
/** A connection that has lasted so long was a good one: the next back-off starts from the beginning. */
const GOOD_AFTER_MS = 10_000;

/** Closes after which this page does not come back by itself (protocol.md §5.5). */
const GOING_AWAY = 1001;
const REPLACED = 4002;
const NO_STATUS = 1005;
const RESTART = 1012;

/** `wanted`: the id in the page's query. */
export function initial(wanted = null) {
  return {
    name: "connecting",
    /** The streamer that was asked for, by the query or by hand. */
    wanted,
    /** The streamer that is subscribed to. */
    streamer: null,
    /** What can be chosen. */
    ids: [],
    /** Attempts to connect since the last good connection. */
    attempt: 0,
    /** What chance says of all waits until the next good connection. */
    chance: 0,
    /** Attempts at media since the last picture. */
    mediaAttempt: 0,
    openedAt: null,
    /** It has been connected before. */
    met: false,
    wakeAt: null,
    /** What was to happen at `wakeAt` is under way. */
    asking: false,
    /** Why the last connection ended: `{ code, reason, opened }`. */
    close: null,
    /** Why media failed: `{ cause, seen }`, and a `title` of its own if it has one. */
    diagnosis: null,
    /** The streamer was there and has gone. */
    gone: false,
    /** The streamer has not answered for long. */
    slow: false,
    /** Media is interrupted, but not given up. */
    interrupted: false,
    /** What the browser lets happen after a click only: "play", "sound" or nothing. */
    blocked: null,
  };
}

/** The next state and its effects, each `{ do, … }`: connect, list, subscribe, unsubscribe, report. */
export function reduce(state, event, { now, random }) {
  const handler = HANDLERS[event.type];
  const result = handler?.(state, event, { now, random }) ?? state;
  return Array.isArray(result) ? result : [result, []];
}

const HANDLERS = {
  open: (state, _, { now }) => [{ ...state, openedAt: now, met: true, wakeAt: null }, [{ do: "list" }]],

  list(state, { ids }, { now }) {
    if (!["connecting", "waiting", "choosing", "full", "failed", "media"].includes(state.name)) return state;
    if (state.name === "media" && state.streamer !== null) return state;
    const pick = state.wanted === null && ids.length === 1 ? ids[0] : state.wanted;
    if (ids.includes(pick)) return subscribe({ ...state, ids }, pick, now);
    const name = ids.length > 0 && state.wanted === null ? "choosing" : "waiting";
    return { ...state, name, ids, streamer: null, wakeAt: now + LIST_EVERY_MS };
  },

  choose: (state, { id }, { now }) => subscribe({ ...state, name: "choosing", wanted: id, gone: false }, id, now),

  subscribeFailed(state, { message }, { now, random }) {
    if (/ is full\b/.test(message)) {
      return { ...state, name: "full", asking: false, wakeAt: now + FULL_AGAIN_MS * (1 + random / 2) };
    }
    return { ...state, name: "waiting", streamer: null, wakeAt: now + LIST_EVERY_MS };
  },

  offer: (state) => ({
    ...state,
    name: "media",
    wakeAt: null,
    asking: false,
    slow: false,
    gone: false,
    interrupted: false,
  }),

  picture: (state) =>
    state.name === "media" || state.name === "playing"
      ? { ...state, name: "playing", attempt: 0, mediaAttempt: 0, diagnosis: null, interrupted: false, wakeAt: null }
      : state,

  interrupted: (state, { value }) => (state.name === "playing" ? { ...state, interrupted: value } : state),

  blocked: (state, { what }) => ({ ...state, blocked: what }),

  mediaFailed(state, { diagnosis }, { now, random }) {
    if (state.name !== "media" && state.name !== "playing") return state;
    const wakeAt = now + backOff(state.mediaAttempt + 3, random);
    const mediaAttempt = state.mediaAttempt + 1;
    const next = { ...state, name: "failed", streamer: null, asking: false, mediaAttempt, diagnosis, wakeAt };
    return [next, [{ do: "unsubscribe" }, { do: "report", diagnosis }]];
  },

  streamerIdChanged(state, { id }) {
    if (state.streamer === null) return state;
    return { ...state, streamer: id, wanted: state.wanted === state.streamer ? id : state.wanted };
  },

  streamerDisconnected: (state) => ({ ...state, name: "left", gone: true, streamer: null, wakeAt: null }),

  close(state, { code, reason }, { now, random }) {
    const lasted = state.openedAt !== null && now - state.openedAt >= GOOD_AFTER_MS;
    const attempt = lasted ? 0 : state.attempt;
    const chance = attempt === 0 ? random : state.chance;
    const close = { code, reason, opened: state.openedAt !== null };
    const ended = { ...state, close, openedAt: null, interrupted: false, attempt: attempt + 1, chance };
    if (code === GOING_AWAY || code === REPLACED) return { ...ended, name: "ended", streamer: null, wakeAt: null };
    const gone = state.gone || (code === NO_STATUS && state.streamer !== null);
    const name = code === RESTART ? "draining" : gone && code === NO_STATUS ? "left" : "lost";
    return { ...ended, name, gone, streamer: null, wakeAt: now + backOff(attempt, chance) };
  },

  unsupported: (state) => ({ ...state, name: "ended", close: null, wakeAt: null }),

  /** The time that `wakeAt` named has come, or somebody did not want to wait for it. */
  wake(state, _, { now }) {
    switch (state.name) {
      case "waiting":
      case "choosing":
        return [{ ...state, wakeAt: now + LIST_EVERY_MS }, [{ do: "list" }]];
      case "full":
      case "failed":
        return [{ ...state, streamer: null, asking: true, wakeAt: now + OFFER_SLOW_MS }, [{ do: "list" }]];
      case "media":
        return state.slow ? again(state, now) : { ...state, slow: true, wakeAt: now + OFFER_SLOW_MS };
      case "left":
      case "draining":
      case "lost":
      case "ended":
        return [{ ...state, name: "connecting", wakeAt: null }, [{ do: "connect" }]];
      default:
        return state;
    }
  },
};

/** Asks for a streamer; who was told that it is full goes on being told so until the offer comes. */
function subscribe(state, id, now) {
  const name = state.name === "full" ? "full" : "media";
  const next = { ...state, name, streamer: id, slow: false, diagnosis: null, wakeAt: now + OFFER_SLOW_MS };
  return [next, [{ do: "subscribe", id }]];
}

/** Gives up a subscription that nothing came of, and begins anew. */
function again(state, now) {
  return [{ ...state, streamer: null, wakeAt: now + OFFER_SLOW_MS }, [{ do: "unsubscribe" }, { do: "list" }]];
}

/**
 * Each wait is as long as all those before it: attempts come at s, 2 s, 4 s, … after the end, where `chance` (0 to 1)
 * says how far s lies between half of the first wait and the whole of it. With one chance for all of them, a crowd is
 * spread over as long again as the gateway was away, and evenly; with a new one for each it would heap up.
 */
export function backOff(attempt, chance) {
  const wait = FIRST_RETRY_MS * 2 ** Math.min(Math.max(attempt - 1, 0), 10);
  return Math.min(LONGEST_RETRY_MS, wait) * 2 ** (chance - 1);
}
