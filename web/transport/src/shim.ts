// <script src="https://GATEWAY/pixelgate/shim.js"></script> before a prebuilt player: its WebSockets to the gateway
// race with WebTransport. `data-gateway="host other:8443"` names other hosts, `data-transport="ws|wt"` forces one.

import { browser } from "./connection.js";
import { socketClass } from "./socket.js";

const script = document.currentScript as HTMLScriptElement | null;
const { gateway, transport } = script?.dataset ?? {};
// By default the host that the script came from, on any port: pages and signalling may stand on two.
const hosts = gateway?.split(/\s+/) ?? [new URL(script?.src || location.href).hostname];
const force = transport === "ws" || transport === "wt" ? transport : null;

window.WebSocket = socketClass((url) => hosts.includes(url.host) || hosts.includes(url.hostname), { force }, browser());
