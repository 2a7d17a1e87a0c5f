"""A player in aiortc, which is another implementation of WebRTC, and the test streamer that it plays."""

import asyncio
import contextlib
import json
import struct

import aiortc
from aiortc.sdp import candidate_from_sdp

from gateway import BINARY, within
from transports import Close

WAIT_S = 20


class Player:
    """Signals over any transport; the tracks' frames come decoded."""

    def __init__(self, peer):
        self._peer = peer
        self._connection = aiortc.RTCPeerConnection()
        self._tracks = {}
        self._channel = asyncio.get_running_loop().create_future()
        self._connection.on("track", lambda track: self._tracks.update({track.kind: track}))
        self._connection.on("datachannel", self._channel.set_result)

    @classmethod
    async def join(cls, peer, streamer):
        """Subscribes and answers the offer."""
        player = cls(peer)
        await peer.send("subscribe", streamerId=streamer)
        offer = await player._hear("offer")
        await player._connection.setRemoteDescription(aiortc.RTCSessionDescription(offer["sdp"], "offer"))
        player._candidates = asyncio.create_task(player._take_candidates())
        await player._connection.setLocalDescription(await player._connection.createAnswer())
        await peer.send("answer", sdp=player._connection.localDescription.sdp)
        return player

    async def _hear(self, kind):
        while True:
            message = json.loads(await self._peer.next_text(kind))
            if message["type"] == kind:
                return message

    async def _take_candidates(self):
        # Without a bound: candidates may come at any time, or never.
        while not isinstance(arrival := await self._peer.arrivals.get(), Close):
            message = json.loads(arrival)
            if message["type"] == "iceCandidate":
                told = message["candidate"]
                candidate = candidate_from_sdp(told["candidate"].removeprefix("candidate:"))
                candidate.sdpMid, candidate.sdpMLineIndex = told["sdpMid"], told["sdpMLineIndex"]
                await self._connection.addIceCandidate(candidate)

    async def frame(self, kind):
        """The next decoded frame of `video` or `audio`."""
        return await within(WAIT_S, f"a frame of {kind}", self._tracks[kind].recv())

    async def point(self, x, y):
        """Moves the mouse to a place, in parts of the picture."""
        channel = await within(WAIT_S, "the data channel", asyncio.shield(self._channel))
        channel.send(struct.pack("<BHHhh", 74, int(x * 65536), int(y * 65536), 0, 0))

    async def leave(self):
        """Ends the media; the signalling is the stage's."""
        self._candidates.cancel()
        await self._connection.close()


@contextlib.asynccontextmanager
async def test_streamer(gateway, name, *args):
    """Runs `pixelgate test-streamer` until it is left."""
    host, port = gateway.addresses["streamer"]
    command = [BINARY, "test-streamer", "--url", f"ws://{host}:{port}", "--id", name, *args]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe)
    try:
        await within(WAIT_S, "the streamer to stream", _says(process.stderr, "streaming id="))
        yield process
        process.terminate()
        assert await within(WAIT_S, "the streamer's end", process.wait()) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _says(stream, text):
    while line := await stream.readline():
        if text.encode() in line:
            return
    raise AssertionError(f"it ended and never said {text}")


test_streamer.__test__ = False
