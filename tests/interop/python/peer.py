"""A streamer, SFU or player over any transport, with everything that it gets kept in order."""

import asyncio
import json

from gateway import within
from transports import TRANSPORTS, Close

WAIT_S = 10


class Peer:
    """One end of a signalling connection."""

    def __init__(self, name):
        self.arrivals = asyncio.Queue()
        self._name = name
        self._pings = 0

    @classmethod
    async def connect(cls, gateway, transport, role):
        """Connects as `role` over a transport, by name or by a function like those that the names stand for."""
        peer = cls(f"{role} over {getattr(transport, '__qualname__', transport)}")
        opening = TRANSPORTS.get(transport, transport)(gateway, role, peer.arrivals)
        peer.link = await within(WAIT_S, f"the connection of the {peer._name}", opening)
        return peer

    async def send(self, kind, **fields):
        """Sends a message."""
        await self.link.send(json.dumps({"type": kind, **fields}))

    async def next_text(self, what="a message"):
        """The next message as it stood on the wire."""
        arrival = await within(WAIT_S, f"the {self._name} gets {what}", self.arrivals.get())
        assert not isinstance(arrival, Close), f"the {self._name} was closed ({arrival}) instead of getting {what}"
        return arrival

    async def expect(self, *messages):
        """The next messages are exactly these."""
        for message in messages:
            text = await self.next_text(message["type"])
            assert json.loads(text) == message, f"the {self._name} got {text}"

    async def expect_nothing(self):
        """Nothing has come that was not expected: the next message is the answer to a ping, sent now."""
        self._pings += 1
        await self.send("ping", time=self._pings)
        await self.expect({"type": "pong", "time": self._pings})

    async def expect_close(self, code):
        """The gateway closes this connection, after nothing but what was expected; returns how."""
        arrival = await within(WAIT_S, f"the {self._name} is closed", self.arrivals.get())
        assert isinstance(arrival, Close), f"the {self._name} got {arrival} instead of its close"
        assert arrival.code == code, f"the {self._name}: {arrival}"
        return arrival

    async def close(self):
        """Closes the connection, and waits until it is closed."""
        await within(WAIT_S, f"the end of the {self._name}", self.link.close())
