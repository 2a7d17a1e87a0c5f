import type { Link } from "./link.js";
/** What a favourite gets before the other one starts. */
export declare const HEAD_START_MS = 500;
/** When both are given up: firewalls may swallow packets without a word. */
export declare const GIVE_UP_MS = 10000;
/** Timers; the browser's own by default. */
export interface Timers {
    set(callback: () => void, ms: number): unknown;
    clear(timer: never): void;
}
export declare const TIMERS: Timers;
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
export declare function race<L extends Link>(openers: ReadonlyArray<() => L>, onDecided: (outcome: Outcome<L>) => void, timers?: Timers): () => void;
