"""What only the QUIC transports have: hello, paths, frames, streams."""

import pytest

from stage import CONFIG, connected, expect_streamers, on_stage
from transports import Framing, Quic, WebTransport

FRAMED = ["webtransport", "quic"]


@on_stage
async def test_frames_may_come_in_any_pieces(stage):
    for transport in FRAMED:
        player = await stage.player(transport)
        empty = (0).to_bytes(4)
        several = empty + b"".join(Framing.frame(f'{{"type":"ping","time":{time}}}') for time in range(3)) + empty
        for byte in several:
            player.link.write(bytes([byte]))
        player.link.write(several)
        for time in (0, 1, 2, 0, 1, 2):
            await player.expect({"type": "pong", "time": time})
        await stage.leave(player)


@on_stage
async def test_a_path_that_is_no_role_is_refused(stage):
    with pytest.raises(AssertionError, match="404"):
        await stage.connect("webtransport", "nobody")


@on_stage
async def test_a_hello_with_no_such_role_is_refused(stage):
    stranger = await stage.connect("quic", "nobody")
    await stranger.expect_close(1008)


@on_stage
async def test_raw_quic_begins_with_hello(stage):
    class Mute(Quic):
        def hello(self, role):
            return '{"type":"listStreamers"}'

    stranger = await stage.connect(Mute.connect, "player")
    await stranger.expect_close(1008)


@on_stage
async def test_an_unknown_alpn_is_refused(stage):
    class Stranger(Quic):
        ALPN = "pixelstream/0"

    with pytest.raises(ConnectionError):
        await stage.connect(Stranger.connect, "player")


@on_stage
async def test_a_second_stream_changes_nothing(stage):
    await stage.streamer("ws", "Stage")
    for transport in FRAMED:
        player = await stage.player(transport)
        player.link.write_elsewhere(Framing.frame('{"type":"subscribe","streamerId":"Stage"}'))
        await player.expect_nothing()
        await expect_streamers(player, "Stage")
        await stage.leave(player)
