// Which protocol won the last race against a gateway. A hint only: storage may be missing, full or forbidden.

import type { TransportName } from "./discovery.js";

/** What a page's `localStorage` offers. */
export type Store = Pick<Storage, "getItem" | "setItem">;

/** Networks change: after this the order is the usual one again. */
export const REMEMBERED_MS = 60 * 60 * 1000;

/** The last winner for `place`, unless that is too long ago. */
export function recall(store: Store | null, place: string, now: number): TransportName | null {
  try {
    const { name, at } = JSON.parse(store?.getItem(key(place)) ?? "{}") as { name?: unknown; at?: unknown };
    const fresh = typeof at === "number" && at <= now && now - at < REMEMBERED_MS;
    return fresh && (name === "wt" || name === "ws") ? name : null;
  } catch {
    return null;
  }
}

/** Notes a winner. The time stays that of the first win in a row, so that the other one gets its chance again. */
export function remember(store: Store | null, place: string, name: TransportName, now: number): void {
  if (recall(store, place, now) === name) return;
  try {
    store?.setItem(key(place), JSON.stringify({ name, at: now }));
  } catch {
    // The next race is run in the usual order.
  }
}

/** The page's storage; reading the property itself may throw. */
export function pageStore(): Store | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}

function key(place: string): string {
  return `pixelgate-transport ${place}`;
}
