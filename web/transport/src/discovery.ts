// Where the gateway listens: `transports.json` beside the page and the signalling paths, asked before every connection, since hashes change with certificates.

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
export async function discover(address: string, fetch: Fetch, signal?: AbortSignal): Promise<Endpoints> {
  const given = new URL(address);
  const response = await fetch(discoveryUrl(given), {
    cache: "no-store",
    credentials: "omit",
    ...(signal && { signal }),
  });
  const answer: unknown = response.ok ? await response.json().catch(() => null) : null;
  return isEndpoints(answer) ? withQuery(answer, given.search) : { websocket: socketUrl(given), webtransport: null };
}

function discoveryUrl(address: URL): string {
  return new URL("transports.json", address.href.replace(/^ws/, "http")).href;
}

function socketUrl(address: URL): string {
  return address.href.replace(/^http/, "ws");
}

function isEndpoints(answer: unknown): answer is Endpoints {
  const { websocket, webtransport } = (answer ?? {}) as Partial<Endpoints>;
  if (typeof websocket !== "string") return false;
  return !webtransport || (typeof webtransport.url === "string" && Array.isArray(webtransport.hashes));
}

function withQuery({ websocket, webtransport }: Endpoints, query: string): Endpoints {
  return {
    websocket: websocket + query,
    webtransport: webtransport ? { ...webtransport, url: webtransport.url + query } : null,
  };
}
