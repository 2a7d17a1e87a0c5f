"""Peers over WebSocket, as the documentation has them."""

import contextlib
import json

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from running import WITHIN_S


class Peer:
    """A peer that reads with a time limit."""

    def __init__(self, socket):
        self._socket = socket

    def send(self, kind, **fields):
        self._socket.send(json.dumps({"type": kind, **fields}))

    def send_text(self, text):
        self._socket.send(text)

    def next(self):
        return json.loads(self._socket.recv(WITHIN_S))

    def until(self, kind):
        """The next message of that type, and those before it."""
        before = []
        while (message := self.next())["type"] != kind:
            before.append(message)
        return message, before

    def is_alive(self):
        """Whether it is answered, or the code of the close that it gets."""
        try:
            self.send("ping", time=1)
            self.until("pong")
            return True
        except ConnectionClosed as closed:
            return closed.rcvd.code

    def greeting(self):
        """What came before the answer to its first word."""
        self.send("ping", time=1)
        return self.until("pong")[1]


@contextlib.contextmanager
def peer(address, path="/"):
    """A peer of whatever that listener and path are for."""
    with connect(f"ws://{address}{path}", open_timeout=WITHIN_S, compression=None) as socket:
        yield Peer(socket)


@contextlib.contextmanager
def streamer(addresses, name="Test"):
    """A streamer that has said its id."""
    with peer(addresses["streamer"]) as one:
        one.send("endpointId", id=name)
        one.is_alive()
        yield one


@contextlib.contextmanager
def on_stage(addresses):
    """The streamer and the player of the documentation's examples."""
    with streamer(addresses) as one, peer(addresses["http"], "/player") as player:
        player.send("subscribe", streamerId="Test")
        one.until("playerConnected")
        yield
