import type { WebTransportEndpoint } from "./discovery.js";
/** How a connection ended: a WebSocket's numbers, over either protocol. */
export interface Close {
    readonly code: number;
    readonly reason: string;
}
/** Numbers of RFC 6455 that no peer sends. */
export declare const NO_STATUS = 1005;
export declare const ABNORMAL = 1006;
/** A connection that is being opened, is open, or has ended. */
export interface Link {
    readonly name: "wt" | "ws";
    /** Ready to carry texts as soon as it is used; rejected when it cannot be opened. */
    readonly opened: Promise<void>;
    /**
     * Takes it into use, in the turn of the event loop in which it has opened. The gateway makes a session of a
     * WebTransport connection only then.
     */
    use(onText: (text: string) => void, onClose: (close: Close) => void): void;
    send(text: string): void;
    /** Ends it, open or not. `onClose` is called when it has ended. */
    close(code?: number, reason?: string): void;
}
/** The browser's constructor, or one of a test. */
export type WebSocketClass = new (url: string, protocols?: string | string[]) => WebSocket;
export type WebTransportClass = new (url: string, options?: WebTransportOptions) => WebTransport;
/** A WebSocket, opened at once. */
export declare class WebSocketLink implements Link {
    #private;
    readonly name = "ws";
    readonly opened: Promise<void>;
    constructor(Socket: WebSocketClass, url: string, protocols?: string | string[]);
    /** The subprotocol that the gateway chose. */
    get protocol(): string;
    use(onText: (text: string) => void, onClose: (close: Close) => void): void;
    send(text: string): void;
    close(code?: number, reason?: string): void;
}
/** A WebTransport session, opened at once; its one stream when it is taken into use. */
export declare class WebTransportLink implements Link {
    #private;
    readonly name = "wt";
    readonly opened: Promise<void>;
    constructor(Session: WebTransportClass, { url, hashes }: WebTransportEndpoint);
    use(onText: (text: string) => void, onClose: (close: Close) => void): void;
    send(text: string): void;
    close(code?: number, reason?: string): void;
}
/** The close that the gateway says as its last message: browsers do not report the code of a session's end. */
export declare function disconnectOf(text: string): Close | null;
