export { Connection, type Options, type Platform } from "./connection.js";
export { discover, type Endpoints, type TransportName, type WebTransportEndpoint } from "./discovery.js";
export { frame, Frames, FrameTooLong, LARGEST_MESSAGE } from "./framing.js";
export type { Close } from "./link.js";
export { type Failure, GIVE_UP_MS, HEAD_START_MS } from "./race.js";
export { socketClass } from "./socket.js";
export { connectionOf, type Emitter, install, type Transport, transportOver } from "./transport.js";
