// Two links race: the favourite gets a head start, and whoever opens first wins. Pure but for the timers it is given.

import type { Link } from "./link.js";

/** What a favourite gets before the other one starts. */
export const HEAD_START_MS = 500;
/** When both are given up: firewalls may swallow packets without a word. */
export const GIVE_UP_MS = 10_000;

/** Timers; the browser's own by default. */
export interface Timers {
  set(callback: () => void, ms: number): unknown;
  clear(timer: never): void;
}

export const TIMERS: Timers = {
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (timer) => clearTimeout(timer),
};

/** A runner that has not won, and why. */
export interface Failure {
  readonly name: Link["name"];
  readonly error: string;
  /** It had not failed, but was not open either when the race ended. */
  readonly late: boolean;
}

/** The outcome: a link to be used at once, if any, and who failed before it was decided. */
export interface Outcome<L extends Link> {
  readonly link: L | null;
  readonly failures: readonly Failure[];
}

/**
 * Starts the first of `openers`, each next one `HEAD_START_MS` after the one before, or as soon as all that run have
 * failed. `onDecided` is called once, in the turn in which the winner has opened; every other link is closed.
 *
 * The function that is returned ends the race: everything is closed and nothing is decided any more.
 */
export function race<L extends Link>(
  openers: ReadonlyArray<() => L>,
  onDecided: (outcome: Outcome<L>) => void,
  timers: Timers = TIMERS,
): () => void {
  const waiting = [...openers];
  const running = new Set<L>();
  const failures: Failure[] = [];
  let decided = false;
  let headStart: unknown;
  const deadline = timers.set(() => end(null), GIVE_UP_MS);

  const end = (winner: L | null) => {
    if (decided) return;
    decided = true;
    timers.clear(deadline as never);
    timers.clear(headStart as never);
    for (const link of running) {
      if (link === winner) continue;
      failures.push({ name: link.name, error: "no answer in time", late: true });
      link.close();
    }
    onDecided({ link: winner, failures });
  };
  const failed = (link: L, error: unknown) => {
    if (decided) return;
    running.delete(link);
    failures.push({ name: link.name, error: error instanceof Error ? error.message : String(error), late: false });
    if (running.size === 0) next();
  };
  const next = () => {
    timers.clear(headStart as never);
    const open = waiting.shift();
    if (!open) return end(null);
    const link = open();
    running.add(link);
    link.opened.then(
      () => end(link),
      (error: unknown) => failed(link, error),
    );
    if (waiting.length > 0) headStart = timers.set(next, HEAD_START_MS);
  };
  next();
  return () => {
    onDecided = () => {};
    end(null);
  };
}
