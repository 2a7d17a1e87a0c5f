"""A streamer in aiortc: a grey picture that moves, and a tone; one player after the other.

    aiortc_streamer.py URL ID
"""

import asyncio
import fractions
import json
import sys

import aiortc
import av
import numpy
from websockets.asyncio.client import connect

SIZE = (640, 360)
RATE = 48000
SAMPLES = 960


class Picture(aiortc.VideoStreamTrack):
    """A bright bar that runs across a dark field."""

    async def recv(self):
        """The next frame, at 30 a second."""
        pts, time_base = await self.next_timestamp()
        width, height = SIZE
        pixels = numpy.full((height, width, 3), 40, numpy.uint8)
        at = pts // 3000 * 8 % (width - 40)
        pixels[:, at : at + 40] = 220
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(aiortc.AudioStreamTrack):
    """440 Hz."""

    _next = 0

    async def recv(self):
        """The next 20 ms."""
        if self._next == 0:
            self._begun = asyncio.get_running_loop().time()
        await asyncio.sleep(max(0, self._begun + self._next / RATE - asyncio.get_running_loop().time()))
        wave = 8000 * numpy.sin(2 * numpy.pi * 440 / RATE * numpy.arange(self._next, self._next + SAMPLES))
        frame = av.AudioFrame.from_ndarray(wave.astype(numpy.int16).reshape(1, -1), format="s16", layout="mono")
        frame.pts, frame.sample_rate, frame.time_base = self._next, RATE, fractions.Fraction(1, RATE)
        self._next += SAMPLES
        return frame


async def stream(url, name):
    """Streams until the gateway ends the session."""
    players = {}
    async with connect(url) as gateway:
        async for text in gateway:
            message = json.loads(text)
            kind, player = message["type"], message.get("playerId")
            if kind == "identify":
                await gateway.send(json.dumps({"type": "endpointId", "id": name}))
            elif kind == "endpointIdConfirm":
                print("streaming", flush=True)
            elif kind == "playerConnected":
                players[player] = connection = aiortc.RTCPeerConnection()
                channel = connection.createDataChannel("cirrus")
                channel.on("message", lambda data: print("input", data.hex(), flush=True))
                connection.addTrack(Picture())
                connection.addTrack(Tone())
                await connection.setLocalDescription(await connection.createOffer())
                sdp = connection.localDescription.sdp
                await gateway.send(json.dumps({"type": "offer", "sdp": sdp, "playerId": player}))
            elif kind == "answer":
                await players[player].setRemoteDescription(aiortc.RTCSessionDescription(message["sdp"], "answer"))
            elif kind == "playerDisconnected" and player in players:
                await players.pop(player).close()


asyncio.run(stream(*sys.argv[1:]))
