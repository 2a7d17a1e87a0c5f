import { type Options, type Platform } from "./connection.js";
/** Which sockets are meant. */
export type Ours = (url: URL) => boolean;
/** A class to put in the place of `platform.WebSocket`. */
export declare function socketClass(ours: Ours, options?: Options, platform?: Platform): typeof WebSocket;
