import { useEffect, useRef } from "react";
import { WebSocketTransport } from "@epicgames-ps/lib-pixelstreamingcommon-ue5.7";
import { Config, PixelStreaming } from "@epicgames-ps/lib-pixelstreamingfrontend-ue5.7";
import { install } from "pixelgate-transport";

install(WebSocketTransport); // Once, before the first PixelStreaming is constructed.

export function Stream({ gateway }: { gateway: string }) {
  const view = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const initialSettings = { ss: gateway, AutoConnect: true, AutoPlayVideo: true, StartVideoMuted: true };
    const stream = new PixelStreaming(new Config({ initialSettings }), { videoElementParent: view.current! });
    return () => stream.disconnect();
  }, [gateway]);
  return <div ref={view} style={{ width: "100%", height: "100%" }} />;
}
