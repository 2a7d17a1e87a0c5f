"""The same signalling connection over WebSocket, WebTransport and raw QUIC.

Each transport gives what came, in order, to a queue: texts, and at the end one `Close`.
"""

import asyncio
import dataclasses
import functools
import hashlib
import json
import ssl
import struct

from aioquic.asyncio.client import connect as quic_connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, StreamDataReceived
from websockets.asyncio.client import connect as websocket_connect
from websockets.exceptions import ConnectionClosed

from gateway import within

CONNECT_S = 10
NO_CODE = 1005


@dataclasses.dataclass
class Close:
    """How a connection ended; on QUIC with the `disconnect` message that came before it."""

    code: int
    reason: str
    announced: dict | None = None


class WebSocket:
    """`ws` on the http listener, `wss` on the https one."""

    def __init__(self, connection, arrivals):
        self._connection = connection
        self._reader = asyncio.create_task(self._read(arrivals))

    @classmethod
    async def plain(cls, gateway, role, arrivals):
        """Connects over TCP."""
        return await cls.at(gateway, "http", f"/{role}", arrivals)

    @classmethod
    async def at(cls, gateway, listener, path, arrivals):
        """The same, to a path of a listener."""
        host, port = gateway.addresses[listener]
        return cls(await websocket_connect(f"ws://{host}:{port}{path}", compression=None), arrivals)

    @classmethod
    async def secure(cls, gateway, role, arrivals):
        """Connects over TLS and checks the certificate by its hash."""
        host, port = gateway.addresses["https"]
        trust_anyone = ssl.create_default_context()
        trust_anyone.check_hostname = False
        trust_anyone.verify_mode = ssl.CERT_NONE
        url = f"wss://{host}:{port}/{role}"
        connection = await websocket_connect(url, ssl=trust_anyone, compression=None)
        tls = connection.transport.get_extra_info("ssl_object")
        check_certificate(gateway, tls.getpeercert(binary_form=True))
        return cls(connection, arrivals)

    async def send(self, text):
        """Sends one message."""
        await self._connection.send(text)

    async def close(self):
        """Closes the connection and waits until it is closed."""
        await self._connection.close()
        await self._reader

    async def _read(self, arrivals):
        try:
            while True:
                arrivals.put_nowait(await self._connection.recv(decode=True))
        except ConnectionClosed as closed:
            close = closed.rcvd
            arrivals.put_nowait(Close(close.code if close else 1006, close.reason if close else ""))


class Framing:
    """A u32 length, big-endian, and so many bytes of JSON (protocol.md §2)."""

    def __init__(self):
        self._rest = b""

    @staticmethod
    def frame(text):
        """`text` behind its length."""
        body = text.encode()
        return struct.pack(">I", len(body)) + body

    def texts(self, data):
        """The texts that are complete with `data`."""
        self._rest += data
        while len(self._rest) >= 4:
            (length,) = struct.unpack(">I", self._rest[:4])
            if len(self._rest) < 4 + length:
                return
            body, self._rest = self._rest[4 : 4 + length], self._rest[4 + length :]
            yield body.decode()


class _Protocol(QuicConnectionProtocol):
    """A QUIC connection that hands every event to its link."""

    def __init__(self, quic, *args, link, **kwargs):
        super().__init__(quic, *args, **kwargs)
        self._link = link
        link.attach(self, quic)

    def quic_event_received(self, event):
        self._link.received(event)


class Quic:
    """Raw QUIC: the session's stream is the first one, and a `hello` opens it."""

    ALPN = "pixelstream/1"

    def __init__(self, arrivals):
        self.finished = False
        self._arrivals = arrivals
        self._framing = Framing()
        self._stream = None
        self._announced = None

    @classmethod
    async def connect(cls, gateway, role, arrivals):
        """Connects, checks the certificate by its hash and opens the session's stream."""
        self = cls(arrivals)
        host, port = gateway.addresses["quic"]
        configuration = QuicConfiguration(
            is_client=True, alpn_protocols=[cls.ALPN], verify_mode=ssl.CERT_NONE, max_datagram_frame_size=65536
        )
        protocol = functools.partial(_Protocol, link=self)
        self._connecting = quic_connect(host, port, configuration=configuration, create_protocol=protocol)
        await self._connecting.__aenter__()
        check_certificate(gateway, _certificate(self._quic))
        await self.open(f"{host}:{port}", role)
        return self

    def attach(self, connection, quic):
        """The connection is there, and nothing has been sent or received."""
        self._connection, self._quic = connection, quic

    async def open(self, authority, role):
        """Opens the stream that carries the session."""
        self._stream = self.new_stream()
        await self.send(self.hello(role))

    def hello(self, role):
        """The first message."""
        return json.dumps({"type": "hello", "role": role})

    def new_stream(self):
        """Opens a bidirectional stream."""
        return self._quic.get_next_available_stream_id()

    async def send(self, text):
        """Sends one message."""
        self.write(Framing.frame(text))

    def write(self, data):
        """Sends bytes on the session's stream."""
        self._write(self._stream, data)

    def write_elsewhere(self, data):
        """Sends bytes on one stream more."""
        self._write(self.new_stream(), data)

    def _write(self, stream, data):
        self._quic.send_stream_data(stream, data)
        self._connection.transmit()

    async def close(self):
        """Closes the connection, and waits until it is closed."""
        await self._connecting.__aexit__(None, None, None)

    def received(self, event):
        """Sorts what came."""
        if isinstance(event, StreamDataReceived) and event.stream_id == self._stream:
            for text in self._framing.texts(event.data):
                self._text_received(text)
            self.finished |= event.end_stream
        elif isinstance(event, ConnectionTerminated):
            self._arrivals.put_nowait(Close(event.error_code, event.reason_phrase, self._announced))

    def _text_received(self, text):
        message = json.loads(text)
        if message["type"] == "disconnect" and self._announced is None:
            self._announced = message
        else:
            self._arrivals.put_nowait(text)


class WebTransport(Quic):
    """WebTransport over HTTP/3: a CONNECT, and the session's stream beside it."""

    ALPN = "h3"

    def attach(self, connection, quic):
        super().attach(connection, quic)
        self._http = H3Connection(quic, enable_webtransport=True)
        self._status = asyncio.get_running_loop().create_future()

    async def open(self, authority, role):
        self._session = self._quic.get_next_available_stream_id()
        headers = {
            ":method": "CONNECT",
            ":scheme": "https",
            ":authority": authority,
            ":path": f"/{role}",
            ":protocol": "webtransport",
        }
        self._http.send_headers(self._session, [(name.encode(), value.encode()) for name, value in headers.items()])
        self._connection.transmit()
        status = await within(CONNECT_S, "the answer to CONNECT", self._status)
        assert status == b"200", f"CONNECT /{role} was answered with {status}"
        self._stream = self.new_stream()
        self._connection.transmit()

    def new_stream(self):
        return self._http.create_webtransport_stream(self._session)

    def received(self, event):
        # What comes back on the session's own stream is not HTTP/3, and it has no header that would say so.
        if self._stream is None or getattr(event, "stream_id", None) != self._stream:
            for answer in self._http.handle_event(event):
                if isinstance(answer, HeadersReceived) and not self._status.done():
                    self._status.set_result(dict(answer.headers)[b":status"])
        super().received(event)

def _certificate(quic):
    # The one place where aioquic keeps it; it offers no other way to see it.
    from cryptography.hazmat.primitives.serialization import Encoding

    return quic.tls._peer_certificate.public_bytes(Encoding.DER)


def check_certificate(gateway, der):
    """The certificate is one of those whose hashes the gateway announces."""
    assert hashlib.sha256(der).hexdigest() in gateway.certificate_hashes, "an unknown certificate"


TRANSPORTS = {
    "ws": WebSocket.plain,
    "wss": WebSocket.secure,
    "webtransport": WebTransport.connect,
    "quic": Quic.connect,
}
