import { type Endpoints, type Fetch, type TransportName } from "./discovery.js";
import { type Close } from "./link.js";
import type { WebSocketClass, WebTransportClass } from "./link.js";
import { type Store } from "./memory.js";
import { type Failure, type Timers } from "./race.js";
/** What a page may choose. */
export interface Options {
    /** One protocol and no other. */
    readonly force?: TransportName | null;
    /** Subprotocols to offer on a WebSocket, such as `["pixelstream", "bearer.<token>"]`. */
    readonly protocols?: string | string[] | undefined;
}
/** What the browser provides; tests provide their own. */
export interface Platform {
    readonly fetch: Fetch;
    readonly WebSocket: WebSocketClass;
    /** Missing in some browsers, and on pages that are not a secure context. */
    readonly WebTransport: WebTransportClass | undefined;
    readonly store: Store | null;
    readonly timers: Timers;
    readonly now: () => number;
}
/** The browser as it is now: the shim replaces its WebSocket later. */
export declare function browser(): Platform;
/** Numbers of `WebSocket.readyState`. */
export declare const CONNECTING = 0;
export declare const OPEN = 1;
export declare const CLOSING = 2;
export declare const CLOSED = 3;
/** Connects when constructed; the handlers may be set until the turn of the event loop ends. */
export declare class Connection {
    #private;
    onopen: () => void;
    onmessage: (text: string) => void;
    /** Called once, whoever closed and even if it never opened. */
    onclose: (close: Close) => void;
    /** What carries it, once it is open. */
    transport: TransportName | null;
    /** The subprotocol that a WebSocket gateway chose. */
    protocol: string;
    /** What could not be opened so far, and why. */
    failures: readonly Failure[];
    /** The gateway's addresses, once they are known. */
    endpoints: Endpoints | null;
    /** Why WebTransport was not even tried, in a word; null when it was. */
    untried: "forced" | "missing" | "unoffered" | "remembered" | null;
    /** `address` as in `discover`. */
    constructor(address: string, options?: Options, platform?: Platform);
    get readyState(): number;
    send(text: string): void;
    close(code?: number, reason?: string): void;
}
