// What both test pages share: their query, the state that they show, and one order for all messages.

import { connect } from "./signalling.js";

/** The page's query. */
export const query = new URLSearchParams(location.search);

/** What a page tells its tests, as `window.pixelgate`. */
export const page = {
  state: "connecting",
  transport: "none",
  /** Texts that came over data channels. */
  received: [],
  /** Closes of the signalling connection: `{ code, reason }`. */
  closes: [],
};
window.pixelgate = page;

/** Shows `state` to people and to tests. */
export function show(state) {
  page.state = state;
  document.getElementById("state").value = state;
}

/**
 * Connects as `role` and handles each message when the one before it has been dealt with: a candidate must not
 * overtake the description that it belongs to.
 */
export async function join(role, handlers) {
  let start;
  let last = new Promise((resolve) => (start = resolve));
  const signalling = await connect({
    role,
    transport: query.get("transport"),
    onMessage: (message) => {
      last = last.then(() => handlers[message.type]?.(message)).catch(console.error);
    },
    onClose: (close) => {
      page.closes.push(close);
      show("closed");
    },
  });
  page.transport = signalling.transport;
  document.getElementById("transport").value = signalling.transport;
  page.send = (message) => signalling.send(message);
  page.close = (code, reason) => signalling.close(code, reason);
  start();
}

/** A candidate as the wire has it: the end of candidates is not sent. */
export function candidateMessage({ candidate }, playerId) {
  if (!candidate?.candidate) return null;
  return { type: "iceCandidate", candidate: candidate.toJSON(), ...(playerId && { playerId }) };
}
