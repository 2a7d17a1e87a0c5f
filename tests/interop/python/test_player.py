"""A streamer and its players over WebSocket, WebTransport and raw QUIC."""

import json

from stage import (
    STANDARD,
    WILBUR,
    between_transports,
    connected,
    expect_streamers,
    identify,
    on_stage,
    over_every_transport,
)

CANDIDATE = {"candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}


async def stream(stage, streamers_transport, players_transport):
    """From the list of streamers to the answer and its candidates, and the player leaves."""
    streamer = await stage.streamer(streamers_transport, "Stage")
    player = await stage.player(players_transport)
    await expect_streamers(player, "Stage")
    await player.send("subscribe", streamerId="Stage")
    await streamer.expect(connected("Player0"))
    await streamer.send("offer", sdp="v=0 offer", playerId="Player0")
    await player.expect({"type": "offer", "sdp": "v=0 offer", "playerId": "Player0"})
    await player.send("answer", sdp="v=0 answer")
    await streamer.expect({"type": "answer", "sdp": "v=0 answer", "playerId": "Player0"})
    await player.send("iceCandidate", candidate=CANDIDATE)
    await streamer.expect({"type": "iceCandidate", "candidate": CANDIDATE, "playerId": "Player0"})
    await streamer.send("iceCandidate", candidate=CANDIDATE, playerId="Player0")
    await player.expect({"type": "iceCandidate", "candidate": CANDIDATE, "playerId": "Player0"})
    await player.expect_nothing()
    await stage.leave(player)
    await streamer.expect({"type": "playerDisconnected", "playerId": "Player0"})
    await streamer.expect_nothing()


@over_every_transport(STANDARD, WILBUR)
async def test_stream(stage, transport):
    await stream(stage, transport, transport)


@between_transports
async def test_stream_between_transports(stage, transports):
    await stream(stage, *transports)


@over_every_transport()
async def test_players_are_counted_and_leave_by_themselves(stage, transport):
    first = await stage.player("ws")
    second = await stage.player(transport)
    third = await stage.player(transport)
    await stage.leave(second)
    await stage.leave(first)
    await third.expect_nothing()


@over_every_transport(STANDARD, WILBUR)
async def test_a_streamer_goes_away(stage, transport):
    streamer = await stage.streamer("ws", "Stage")
    player = await stage.player(transport)
    await player.send("subscribe", streamerId="Stage")
    await streamer.expect(connected("Player0"))
    await streamer.close()
    if stage.dialect.tells_players_of_lost_streamers:
        await player.expect({"type": "streamerDisconnected"})
    close = await player.expect_close(1005)
    assert close.reason == ""


@over_every_transport(STANDARD, WILBUR)
async def test_a_streamer_leaves_over(stage, transport):
    streamer = await stage.streamer(transport, "Stage")
    player = await stage.player("ws")
    await expect_streamers(player, "Stage")
    await player.send("subscribe", streamerId="Stage")
    await streamer.expect(connected("Player0"))
    await streamer.close()
    if stage.dialect.tells_players_of_lost_streamers:
        await player.expect({"type": "streamerDisconnected"})
    await player.expect_close(1005)


@over_every_transport()
async def test_pongs_give_the_time_as_it_was_written(stage, transport):
    for role in ("streamer", "sfu"):
        peer = await stage.greeted(transport, role)
        await ping(peer)
    await ping(await stage.player(transport))


async def ping(peer):
    for time in ("0", "-1", "1.50", "1e3", "12345678901234567890123"):
        await peer.link.send(f'{{"type":"ping","time":{time}}}')
        text = await peer.next_text("pong")
        assert json.loads(text)["type"] == "pong"
        assert f'"time":{time}}}' in text.replace(" ", "")
    for text in ('{"type":"ping"}', '{"type":"ping","time":null}'):
        await peer.link.send(text)
        await peer.expect({"type": "pong", "time": 0})


@over_every_transport()
async def test_relayed_messages_stay_as_they_were_written(stage, transport):
    streamer = await stage.streamer(transport, "Stage")
    player = await stage.player(transport)
    await player.send("subscribe", streamerId="Stage")
    await streamer.expect(connected("Player0"))

    odd = '{ "sdp":"\\u00e9 é \\/","type" :"offer", "n":1.0e2,"new":{"playerId":7}, "playerId":"Player0" }'
    await streamer.link.send(odd)
    assert await player.next_text("offer") == odd

    await player.link.send('{"sdp":"\\u00e9 é","type":"answer","n":1.0e2,"playerId":"Player9","new":[{"playerId":7}]}')
    text = await streamer.next_text("answer")
    assert text == '{"sdp":"\\u00e9 é","type":"answer","n":1.0e2,"new":[{"playerId":7}],"playerId":"Player0"}'


@over_every_transport()
async def test_what_is_no_message_costs_nothing(stage, transport):
    streamer = await stage.streamer(transport, "Stage")
    player = await stage.player(transport)
    for text in ("nonsense", "null", "[]", "{}", '{"type":1}', '{"type":"nonsense"}', '{"type":', "[" * 10_000):
        await player.link.send(text)
        await streamer.link.send(text)
    await player.expect_nothing()
    await streamer.expect_nothing()


@on_stage
async def test_a_streamer_keeps_its_id_on_every_transport(stage):
    streamer = await stage.streamer("quic", "Stage")
    await identify(streamer, "Stage")
    await identify(streamer, "Balcony")
    await expect_streamers(await stage.player("webtransport"), "Balcony")
