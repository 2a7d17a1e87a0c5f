import type { TransportName } from "./discovery.js";
/** What a page's `localStorage` offers. */
export type Store = Pick<Storage, "getItem" | "setItem">;
/** Networks change: after this the order is the usual one again. */
export declare const REMEMBERED_MS: number;
/** The last winner for `place`, unless that is too long ago. */
export declare function recall(store: Store | null, place: string, now: number): TransportName | null;
/** Notes a winner. The time stays that of the first win in a row, so that the other one gets its chance again. */
export declare function remember(store: Store | null, place: string, name: TransportName, now: number): void;
/** The page's storage; reading the property itself may throw. */
export declare function pageStore(): Store | null;
