"""The table of the dialects against gateways that speak them."""

import pytest
from commands import gateway
from pages import rows, section
from peers import peer, streamer
from websockets.exceptions import ConnectionClosed

NAMES = ("standard", "wilbur", "wilbur-5.5", "cirrus-5.4", "cirrus-5.2", "cirrus-5.1", "cirrus-4.27")
TABLE = {row[0]: dict(zip(NAMES, row[1:], strict=True)) for row in rows(section("docs/dialects.md", "What differs"))}


def kinds(cell):
    """The types that a cell lists."""
    return [] if cell == "nothing" else cell.split(", ")


@pytest.fixture(params=NAMES)
def told(request, tmp_path):
    """What the table says of a dialect, and the addresses of a gateway that speaks it."""
    with gateway(tmp_path, "--dialect", request.param) as served:
        yield {row: cells[request.param] for row, cells in TABLE.items()}, served.addresses


def test_greetings(told):
    table, addresses = told
    with peer(addresses["streamer"]) as one:
        greeting = one.greeting()
        assert [message["type"] for message in greeting] == kinds(table["a streamer is greeted with"])
        config = next(message for message in greeting if message["type"] == "config")
        assert ("protocolVersion" in config) == (table["`protocolVersion` in config"] == "yes")
        one.send("endpointId", id="Test")
        one.is_alive()
        with peer(addresses["http"], "/player") as player:
            assert [message["type"] for message in player.greeting()] == kinds(table["a player"])


def test_sfus(told):
    table, addresses = told
    with peer(addresses["sfu"]) as sfu:
        try:
            # Its own arrival is a change of the count, which comes after the greeting.
            greeting = [message["type"] for message in sfu.greeting() if message["type"] != "playerCount"]
        except ConnectionClosed as closed:
            greeting = [f"closed {closed.rcvd.code}"]
        assert greeting == kinds(table["an SFU"])
        if table["SFUs"].startswith("one"):
            with peer(addresses["sfu"]) as second:
                assert second.is_alive() == 1013


def test_the_first_player_id(told):
    table, addresses = told
    with streamer(addresses) as one, peer(addresses["http"], "/player") as player:
        player.send("subscribe", streamerId="Test")
        player.send("offer", sdp="s")
        offer, before = one.until("offer")
        assert offer["playerId"] == table["first player id"]
        connected = [message for message in before if message["type"] == "playerConnected"]
        forms = {"plain": [False], "with `sendOffer`": [True], "never": []}
        assert ["sendOffer" in message for message in connected] == forms[table["`playerConnected`"]]
        one.send("answer", sdp="s", playerId=offer["playerId"])
        answer, _ = player.until("answer")
        row = "streamer's messages to a player keep `playerId`"
        assert ("playerId" in answer) == (table[row] == "yes")


def test_a_second_streamer(told):
    table, addresses = told
    outcomes = {"welcome": True, "closed 1008": 1008}
    with streamer(addresses), peer(addresses["streamer"]) as second:
        assert second.is_alive() == outcomes[table["a second streamer"]]


def test_strict_input(told):
    table, addresses = told
    outcomes = {"ignored": True, "closed 1008": 1008}
    with streamer(addresses):
        for text, row in (
            ("{", "bad JSON"),
            ('{"type":"nonsense"}', "a type that is not known, or not the sender's"),
            ('{"type":"startStreaming"}', "a type that is not known, or not the sender's"),
        ):
            with peer(addresses["http"], "/player") as player:
                player.send_text(text)
                assert player.is_alive() == outcomes[table[row]], text


def test_no_streamer(told):
    table, addresses = told
    outcomes = {"stays": True, "closed without a code": 1005}
    with peer(addresses["http"], "/player") as player:
        try:
            player.send("answer", sdp="s")
        except ConnectionClosed:
            # It was closed as it came.
            pass
        outcome = table["… and there is no streamer"]
        assert player.is_alive() == (1013 if outcome.startswith("closed 1013") else outcomes[outcome])
