"""Where pages learn of the transports (protocol.md §2, discovery)."""

import asyncio
import json
import ssl
import urllib.request

from stage import on_stage


@on_stage
async def test_transports_json(stage):
    for listener, scheme in (("http", "ws"), ("https", "wss")):
        host, port = stage.gateway.addresses[listener]
        answer = await asyncio.to_thread(get, f"{listener}://localhost:{port}/transports.json")
        assert answer.headers["Cache-Control"] == "no-store"
        said = json.load(answer)
        quic_host, quic_port = stage.gateway.addresses["quic"]
        assert said == {
            "websocket": f"{scheme}://localhost:{port}/player",
            "webtransport": {
                "url": f"https://{quic_host}:{quic_port}/player",
                "hashes": stage.gateway.certificate_hashes,
            },
        }


def get(url):
    trust_anyone = ssl._create_unverified_context()
    return urllib.request.urlopen(url, timeout=10, context=trust_anyone if url.startswith("https") else None)
