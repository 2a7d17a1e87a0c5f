"""A gateway of its own for each test, with the peers that the test brings in."""

import asyncio
import dataclasses

import pytest

from gateway import Gateway
from peer import Peer
from transports import TRANSPORTS

CONFIG = {"type": "config", "peerConnectionOptions": {}, "protocolVersion": "1.3.0"}
IDENTIFY = {"type": "identify"}


@dataclasses.dataclass(frozen=True)
class Dialect:
    """What differs between the dialects for these tests (protocol.md §4)."""

    name: str
    streamer_greeting: tuple
    counts_players: bool
    tells_players_of_lost_streamers: bool
    subscribes_sfus: bool
    lists_sfu_to_itself: bool


STANDARD = Dialect("standard", (CONFIG, IDENTIFY), True, True, True, False)
WILBUR = Dialect("wilbur", (IDENTIFY, CONFIG), False, False, False, True)


class Stage:
    """One gateway and its peers. Players that are here are counted, so that every `playerCount` can be expected."""

    def __init__(self, gateway, dialect):
        self.gateway = gateway
        self.dialect = dialect
        self._peers = []
        self._players = []

    async def connect(self, transport, role):
        """Connects a peer that is closed at the end."""
        peer = await Peer.connect(self.gateway, transport, role)
        self._peers.append(peer)
        return peer

    async def greeted(self, transport, role):
        """A streamer or SFU that has been greeted."""
        peer = await self.connect(transport, role)
        await peer.expect(*self.dialect.streamer_greeting)
        return peer

    async def streamer(self, transport, name):
        """A streamer that streams under `name`."""
        streamer = await self.greeted(transport, "streamer")
        await identify(streamer, name)
        return streamer

    async def player(self, transport):
        """A player that has been greeted."""
        player = await self.connect(transport, "player")
        await player.expect(CONFIG)
        self._players.append(player)
        await self._count()
        return player

    async def leave(self, player):
        """A player closes its connection."""
        await player.close()
        await self.left(player)

    async def left(self, player):
        """A player is gone: those who stay hear of it."""
        self._players.remove(player)
        await self._count()

    async def _count(self):
        if self.dialect.counts_players:
            for player in self._players:
                await player.expect({"type": "playerCount", "count": len(self._players)})

    async def clear(self):
        """Closes every peer."""
        await asyncio.gather(*(peer.close() for peer in self._peers))


async def identify(peer, wanted):
    """A streamer or SFU asks for an id and gets it."""
    await peer.send("endpointId", id=wanted, protocolVersion="1.3.0")
    await peer.expect({"type": "endpointIdConfirm", "committedId": wanted})


async def expect_streamers(peer, *ids):
    """The list of streamers that `peer` gets."""
    await peer.send("listStreamers")
    await peer.expect({"type": "streamerList", "ids": list(ids)})


def connected(player_id, sfu=False):
    """What a streamer or SFU is told of a subscriber."""
    return {"type": "playerConnected", "dataChannel": True, "sfu": sfu, "playerId": player_id}


def over_every_transport(*dialects):
    """Makes `async def test_…(stage, transport)` a test of every transport, in each of the dialects."""
    cases = [(transport, dialect) for transport in TRANSPORTS for dialect in dialects or (STANDARD,)]
    return _cases(cases)


def between_transports(play):
    """Makes `async def test_…(stage, transports)` a test of every pair of different transports."""
    pairs = [(one, other) for one in TRANSPORTS for other in TRANSPORTS if one != other]
    return _cases([(pair, STANDARD) for pair in pairs])(play)


def on_stage(play):
    """Makes `async def test_…(stage)` a test."""
    return _cases([(None, STANDARD)])(lambda stage, _: play(stage), play)


def _cases(cases):
    def declare(play, named=None):
        @pytest.mark.parametrize("case", cases, ids=[_title(case) for case in cases])
        def test(case):
            value, dialect = case
            asyncio.run(_perform(lambda stage: play(stage, value), dialect))

        named = named or play
        test.__name__, test.__doc__, test.__module__ = named.__name__, named.__doc__, named.__module__
        return test

    return declare


def _title(case):
    value, dialect = case
    over = "-to-".join(value) if isinstance(value, tuple) else value
    return "-".join(filter(None, [over, dialect.name]))


async def _perform(play, dialect):
    async with Gateway.running("--dialect", dialect.name) as gateway:
        stage = Stage(gateway, dialect)
        try:
            await play(stage)
        finally:
            await stage.clear()
