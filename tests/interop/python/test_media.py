"""aiortc, another implementation of WebRTC, plays the test streamer."""

import asyncio
import contextlib
import time

import aiortc
from aiortc.contrib.media import MediaBlackhole

from gateway import BINARY, Gateway, within
from peer import Peer
from stage import CONFIG

WAIT_S = 20
PICTURES = 60


class Player:
    """A player in aiortc: signalling over any transport, and the media that comes."""

    def __init__(self, peer):
        self._peer = peer
        self._connection = aiortc.RTCPeerConnection()
        self._tracks = {}
        self._both = asyncio.Event()
        self._connection.on("track", self._track)

    @classmethod
    async def join(cls, gateway, transport, streamer):
        """Subscribes and answers the offer."""
        peer = await Peer.connect(gateway, transport, "player")
        player = cls(peer)
        await peer.send("subscribe", streamerId=streamer)
        offer = await player._hear("offer")
        await player._connection.setRemoteDescription(aiortc.RTCSessionDescription(offer["sdp"], "offer"))
        player._candidates = asyncio.create_task(player._take_candidates())
        await player._connection.setLocalDescription(await player._connection.createAnswer())
        await peer.send("answer", sdp=player._connection.localDescription.sdp)
        await within(WAIT_S, "a track of each kind", player._both.wait())
        return player

    def _track(self, track):
        self._tracks[track.kind] = track
        if len(self._tracks) == 2:
            self._both.set()

    async def _hear(self, kind):
        while True:
            message = await self._peer.next_json()
            if message["type"] == kind:
                return message

    async def _take_candidates(self):
        while True:
            candidate = (await self._hear("iceCandidate"))["candidate"]
            parsed = aiortc.sdp.candidate_from_sdp(candidate["candidate"].removeprefix("candidate:"))
            parsed.sdpMid, parsed.sdpMLineIndex = candidate.get("sdpMid"), candidate.get("sdpMLineIndex")
            await self._connection.addIceCandidate(parsed)

    async def next(self, kind):
        """The next decoded frame."""
        return await within(WAIT_S, f"a frame of {kind}", self._tracks[kind].recv())

    async def leave(self):
        """Ends media and signalling."""
        self._candidates.cancel()
        await self._connection.close()
        await self._peer.close()
