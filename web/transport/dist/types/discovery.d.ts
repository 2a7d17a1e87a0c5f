/** Over which protocol messages travel. */
export type TransportName = "wt" | "ws";
/** The WebTransport session's address. */
export interface WebTransportEndpoint {
    readonly url: string;
    /** SHA-256 of the certificates that may be shown, in hex; empty where the usual authorities vouch for them. */
    readonly hashes: readonly string[];
}
/** The gateway's addresses for players. */
export interface Endpoints {
    readonly websocket: string;
    readonly webtransport: WebTransportEndpoint | null;
}
/** Who is asked; the browser's own by default. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;
/**
 * The endpoints for a page that was given `address`: the gateway's page address, or a signalling address (`ws:` or
 * `wss:`), whose query is carried over.
 *
 * What answers but is no gateway of this kind is taken for a plain signalling server; what does not answer is an error.
 */
export declare function discover(address: string, fetch: Fetch, signal?: AbortSignal): Promise<Endpoints>;
