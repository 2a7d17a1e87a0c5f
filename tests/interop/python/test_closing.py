"""How the gateway ends a connection, on every transport (protocol.md §2 and §5.5)."""

from stage import STANDARD, WILBUR, connected, over_every_transport
from transports import Quic, WebTransport

LARGEST = 262_144


@over_every_transport(STANDARD, WILBUR)
async def test_a_streamer_puts_out_its_player(stage, transport):
    streamer = await stage.streamer("ws", "Stage")
    player = await stage.player(transport)
    await player.send("subscribe", streamerId="Stage")
    await streamer.expect(connected("Player0"))
    await streamer.send("disconnectPlayer", playerId="Player0", reason="genug für heute")

    close = await player.expect_close(1011)
    assert close.reason == "genug für heute"
    said = {"type": "disconnect", "code": 1011, "reason": "genug für heute"}
    if isinstance(player.link, WebTransport):
        assert close.announced == said, "a browser sees only the message"
    if isinstance(player.link, Quic):
        assert close.announced in (None, said)
        assert player.link.finished or close.announced is None, "the stream ends with the disconnect message"
    await streamer.expect({"type": "playerDisconnected", "playerId": "Player0"})
    await streamer.expect_nothing()


@over_every_transport()
async def test_the_largest_message_passes(stage, transport):
    streamer = await stage.streamer(transport, "Stage")
    player = await stage.player(transport)
    await player.send("subscribe", streamerId="Stage")
    await streamer.expect(connected("Player0"))
    head, tail = '{"type":"offer","sdp":"', '"}'
    sdp = "x" * (LARGEST - len(head) - len(tail))
    await player.link.send(head + sdp + tail)
    await streamer.expect({"type": "offer", "sdp": sdp, "playerId": "Player0"})


@over_every_transport()
async def test_a_larger_message_is_refused(stage, transport):
    player = await stage.player(transport)
    if isinstance(player.link, Quic):
        # The length alone is enough: the body is not waited for.
        player.link.write((LARGEST + 1).to_bytes(4))
    else:
        await player.link.send(" " * (LARGEST + 1))
    await player.expect_close(1009)
