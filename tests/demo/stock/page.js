// An operator's page on Epic's published frontend, unchanged but for `?patched`.

import { WebSocketTransport } from "@epicgames-ps/lib-pixelstreamingcommon-ue5.7";
import { Config, PixelStreaming } from "@epicgames-ps/lib-pixelstreamingfrontend-ue5.7";
import { Application, PixelStreamingApplicationStyle } from "@epicgames-ps/lib-pixelstreamingfrontend-ui-ue5.7";

import { connectionOf, install } from "../../../web/transport/dist/transport.js";

const patched = new URLSearchParams(location.search).has("patched");
if (patched) install(WebSocketTransport);

new PixelStreamingApplicationStyle().applyStyleSheet();
const ss = `ws://${location.host}/player`;
const initialSettings = { ss, AutoConnect: true, AutoPlayVideo: true, StartVideoMuted: true, HoveringMouse: true };
const stream = new PixelStreaming(new Config({ initialSettings }));
document.body.append(new Application({ stream }).rootElement);

window.stream = stream;
window.carriedBy = () => {
  const { transport } = stream.signallingProtocol;
  return patched ? connectionOf(transport)?.transport : (transport.webSocket?.transport ?? "ws");
};
