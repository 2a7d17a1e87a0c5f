"""`pixelgate cirrus` in the place of each older reference server: whole flows, message by message (protocol.md §3, §4).

A transcript says who connects (`S connects`), what a peer sends (`S > …`), gets (`S < …`) and how it is closed
(`P closed 1008`). At its end every peer that is left gets the answer to a ping and nothing before it.
"""

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from gateway import Gateway, within

WAIT_S = 10

STREAMS = """
    S > {"type":"offer","playerId":"%(id)s","sdp":"o"}
    P < {"type":"offer","sdp":"o"}
    P > {"type":"answer","sdp":"a"}
    S < {"type":"answer","sdp":"a","playerId":"%(id)s"}
"""

GOES_ON = """
    P > {"type":"iceCandidate","candidate":{"candidate":"c","sdpMid":"0","sdpMLineIndex":0}}
    S < {"type":"iceCandidate","candidate":{"candidate":"c","sdpMid":"0","sdpMLineIndex":0},"playerId":"%(id)s"}
    S > {"type":"iceCandidate","playerId":"%(id)s","candidate":{"candidate":"d","sdpMid":"0","sdpMLineIndex":0}}
    P < {"type":"iceCandidate","candidate":{"candidate":"d","sdpMid":"0","sdpMLineIndex":0}}
    P > {"type":"layerPreference","spatialLayer":1,"temporalLayer":2}
    S < {"type":"layerPreference","spatialLayer":1,"temporalLayer":2,"playerId":"%(id)s"}
    P > {"type":"stats","data":"whatever"}
    S > {"type":"ping","time":12345678901234567890}
    S < {"type":"pong","time":12345678901234567890}
"""

SUBSCRIBES = """
    P > {"type":"listStreamers"}
    P < {"type":"streamerList","ids":["Stage"]}
    P > {"type":"subscribe","streamerId":"Stage"}
    S < {"type":"playerConnected","dataChannel":true,"sfu":false,"playerId":"1","sendOffer":true}
"""

LEAVES = """
    P leaves
    S < {"type":"playerDisconnected","playerId":"%(id)s"}
"""

PLAYER = """
    P connects
    P < {"type":"config","peerConnectionOptions":{}}
    P < {"type":"playerCount","count":1}
"""

STREAMER = """
    S connects
    S < {"type":"config","peerConnectionOptions":{}}
    S < {"type":"identify"}
    S > {"type":"endpointId","id":"Stage"}
    S settles
"""

OLD_STREAMER = """
    S connects
    S < {"type":"config","peerConnectionOptions":{}}
"""

ATTACHED = """
    S < {"type":"playerConnected","dataChannel":true,"sfu":false,"playerId":"101"}
"""

PLAYER_OFFERS = """
    P > {"type":"offer","sdp":"o"}
    S < {"type":"offer","sdp":"o","playerId":"101"}
    S > {"type":"answer","playerId":"101","sdp":"a"}
    P < {"type":"answer","sdp":"a"}
"""

STREAMER_GOES = """
    S leaves
    P closed 1005
"""

FLOWS = {
    "cirrus-5.4": [
        STREAMER + PLAYER + SUBSCRIBES + STREAMS + GOES_ON + LEAVES,
        STREAMER + PLAYER + SUBSCRIBES + STREAMS + STREAMER_GOES,
        STREAMER + PLAYER + 'P > {"type":"nonsense"}\nP closed 1008 Unsupported message type',
        STREAMER + PLAYER + "P > no JSON\nP closed 1008 Cannot parse",
        # Already subscribed: an arrival and no departure.
        STREAMER + PLAYER + SUBSCRIBES + 'P > {"type":"subscribe","streamerId":"Stage"}\n' + SUBSCRIBES.split("\n")[4],
        # Nobody there: what it says goes nowhere, and it stays.
        PLAYER + 'P > {"type":"answer","sdp":"a"}',
        STREAMER + PLAYER + 'P > {"type":"subscribe","streamerId":"Nobody"}',
    ],
    "cirrus-5.2": [
        STREAMER + PLAYER + SUBSCRIBES + STREAMS + GOES_ON + LEAVES,
        STREAMER + PLAYER + SUBSCRIBES + STREAMS + STREAMER_GOES,
        # A streamer that never says its id.
        OLD_STREAMER
        + 'S < {"type":"identify"}'
        + PLAYER
        + 'P > {"type":"listStreamers"}\nP < {"type":"streamerList","ids":["__LEGACY__"]}',
    ],
    "cirrus-5.1": [
        OLD_STREAMER + PLAYER + ATTACHED + STREAMS + GOES_ON + LEAVES,
        OLD_STREAMER + PLAYER + ATTACHED + STREAMER_GOES,
        OLD_STREAMER + PLAYER + ATTACHED + 'P > {"type":"nonsense"}',
        "P connects\nP closed 1013 Streamer is not connected",
    ],
    "cirrus-4.27": [
        OLD_STREAMER + PLAYER + PLAYER_OFFERS + GOES_ON + LEAVES,
        OLD_STREAMER + PLAYER + PLAYER_OFFERS + STREAMER_GOES,
    ],
}

PORTS = {"S": "streamer", "P": "http", "F": "sfu"}


class Stage:
    """The peers of one flow."""

    def __init__(self, gateway):
        self._gateway = gateway
        self._peers = {}

    async def play(self, transcript):
        for line in filter(None, map(str.strip, transcript.splitlines())):
            who, what = line.split(" ", 1)
            await within(WAIT_S, line, self._step(who, what))
        for who in self._peers:
            await self._step(who, "settles")
        for peer in self._peers.values():
            await peer.close()

    async def _step(self, who, what):
        verb, _, rest = what.partition(" ")
        if verb == "connects":
            host, port = self._gateway.addresses[PORTS[who]]
            self._peers[who] = await connect(f"ws://{host}:{port}/", compression=None, ping_interval=None)
            return
        peer = self._peers[who]
        if verb == ">":
            await peer.send(rest)
        elif verb == "<":
            assert json.loads(await peer.recv()) == json.loads(rest)
        elif verb == "settles":
            await peer.send('{"type":"ping","time":1}')
            assert json.loads(await peer.recv()) == {"type": "pong", "time": 1}, "a message too many"
        elif verb == "leaves":
            await self._peers.pop(who).close()
        elif verb == "closed":
            await self._is_closed(self._peers.pop(who), *rest.split(" ", 1))
        else:
            raise AssertionError(f"no such step: {what}")

    async def _is_closed(self, peer, code, reason=""):
        try:
            raise AssertionError(f"a message too many: {await peer.recv()}")
        except ConnectionClosed as closed:
            got = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else None
            assert got == (int(code), reason)


@pytest.mark.parametrize("dialect, flow", [(dialect, flow) for dialect, flows in FLOWS.items() for flow in flows])
def test_a_flow_is_this_and_nothing_else(dialect, flow):
    async def scene():
        async with Gateway.cirrus(f"--dialect={dialect}") as gateway:
            await Stage(gateway).play(flow % {"id": "1" if dialect in ("cirrus-5.4", "cirrus-5.2") else "101"})

    asyncio.run(scene())
