"""Plays a transcript against the gateway: who sends what, and everything that everybody gets.

A transcript is a text of lines:

    == A title ==                      a scene; it has a gateway of its own, and what follows it is played in order
    -- --MaxPlayerCount=1              options of the gateway
    P connects as player /any?path     a WebSocket to the port of that role
    P > subscribe {"streamerId":"S"}   P sends {"type":"subscribe","streamerId":"S"}
    P >> {"type":                      P sends that text
    P leaves                           P closes its connection
    11 s pass
    S < offer {"sdp":"v=0"}            S gets {"type":"offer","sdp":"v=0"}; a value `…` stands for any number
    P < closed                         P is closed without a code
    P < closed 1008 Cannot parse       P is closed so; a reason `…` stands for any

Every deed is followed by all that it makes peers get, each in its order. They get nothing else: before the next deed
everybody is asked by a ping. What is relayed comes as it was sent, byte for byte; the order of the members of the
gateway's own messages is its own affair.
"""

import asyncio
import dataclasses
import itertools
import json
import re

from gateway import Gateway
from peer import Peer
from transports import NO_CODE, WebSocket

LISTENERS = {"streamer": "streamer", "sfu": "sfu", "player": "http"}

DEED = re.compile(
    r"(?P<who>\w+) (?:connects as (?P<role>\w+) ?(?P<path>\S*)|>(?P<raw>>?) (?P<said>.+)|(?P<leaves>leaves))"
)
HEARD = re.compile(r"(?P<who>\w+) < (?P<what>.+)")
PASSING = re.compile(r"(?P<seconds>\d+) s pass")
ANY_NUMBER = "…"


class Number(str):
    """A number as it is written, which is not the text of the same characters."""

    def __eq__(self, other):
        return isinstance(other, Number) and str(self) == str(other)

    __hash__ = str.__hash__


@dataclasses.dataclass
class Step:
    """A deed, and what everybody hears of it: lines by peer, in order."""

    number: int
    deed: str
    heard: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Scene:
    """A gateway's options, and what is played on it."""

    title: str
    options: list = dataclasses.field(default_factory=list)
    steps: list = dataclasses.field(default_factory=list)


def scenes(text):
    """The scenes of a transcript."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("== "):
            found.append(Scene(line.strip("= ")))
        elif line.startswith("-- "):
            found[-1].options.append(line[3:])
        elif heard := HEARD.fullmatch(line):
            found[-1].steps[-1].heard.setdefault(heard["who"], []).append(heard["what"])
        elif line and not line.startswith("#"):
            found[-1].steps.append(Step(number, line))
    return found


async def play(scene, *options):
    """Plays a scene on `pixelgate cirrus` with these options and its own."""
    async with Gateway.cirrus(*options, *scene.options) as gateway:
        performance = _Performance(gateway)
        try:
            for step in scene.steps:
                await performance.perform(step)
        finally:
            await asyncio.gather(*(peer.close() for peer in performance.peers.values()))


class _Performance:
    def __init__(self, gateway):
        self.peers = {}
        self._gateway = gateway
        self._pings = itertools.count(1)

    async def perform(self, step):
        """One deed, then what is heard, and that nothing else is."""
        try:
            relayed = await self._do(step.deed)
            for who, lines in step.heard.items():
                for line in lines:
                    await self._hear(who, line, relayed)
            await self._nothing_else()
        except AssertionError as error:
            raise AssertionError(f"line {step.number}, {step.deed}: {error}") from error

    async def _do(self, deed):
        """Does it; returns the type of the message that was sent, if one was."""
        if passing := PASSING.fullmatch(deed):
            await asyncio.sleep(int(passing["seconds"]))
            return None
        parts = DEED.fullmatch(deed)
        assert parts, "that is no deed"
        who = parts["who"]
        if role := parts["role"]:
            self.peers[who] = await Peer.connect(self._gateway, _listener(LISTENERS[role], parts["path"]), role)
        elif parts["leaves"]:
            await self.peers.pop(who).close()
        elif parts["raw"]:
            await self.peers[who].link.send(parts["said"])
        else:
            await self.peers[who].link.send(_message(parts["said"]))
            return parts["said"].split(" ")[0]
        return None

    async def _hear(self, who, line, relayed):
        peer = self.peers[who]
        if line.split(" ")[0] == "closed":
            await _expect_close(self.peers.pop(who), line)
            return
        text, expected = await peer.next_text(line), _message(line)
        if line.split(" ")[0] == relayed:
            assert text == expected, f"{who} got {text}"
        assert _alike(_parse(expected), _parse(text)), f"{who} got {text} instead of {expected}"

    async def _nothing_else(self):
        """Everybody's next messages answer pings: after the first answers, what anybody sent has had its effect."""
        await self._pings_are_answered()
        await self._pings_are_answered()

    async def _pings_are_answered(self):
        time = next(self._pings)
        for peer in self.peers.values():
            await peer.send("ping", time=time)
        for who, peer in self.peers.items():
            text = await peer.next_text("nothing else")
            assert json.loads(text) == {"type": "pong", "time": time}, f"{who} got {text}"


def _listener(name, path):
    """Connects to a listener that takes one role."""

    async def connect(gateway, role, arrivals):
        return await WebSocket.at(gateway, name, path, arrivals)

    connect.__qualname__ = "WebSocket"
    return connect


def _message(line):
    """The text of a message that is written as its type and its other members."""
    kind, _, members = line.partition(" ")
    members = members[1:-1]
    return f'{{"type":"{kind}"{"," if members else ""}{members}}}'


def _parse(text):
    text = text.replace(f":{ANY_NUMBER}", f':"{ANY_NUMBER}"')
    return json.loads(text, object_pairs_hook=_members, parse_int=Number, parse_float=Number)


def _members(pairs):
    assert len(dict(pairs)) == len(pairs), f"a member twice: {pairs}"
    return dict(pairs)


def _alike(expected, actual):
    if expected.keys() != actual.keys():
        return False
    any_number = (name for name, value in expected.items() if value == ANY_NUMBER)
    replaced = {name: actual[name] for name in any_number if isinstance(actual[name], Number)}
    return expected | replaced == actual


async def _expect_close(peer, line):
    _, code, reason = (line.split(" ", 2) + ["", ""])[:3]
    close = await peer.expect_close(int(code or NO_CODE))
    assert reason in ("…", close.reason), f"it is closed because of {close.reason!r}"
