"""An SFU between a streamer and a player, over every transport."""

from stage import STANDARD, WILBUR, connected, expect_streamers, identify, over_every_transport


@over_every_transport(STANDARD, WILBUR)
async def test_an_sfu_between_streamer_and_player(stage, transport):
    streamer = await stage.streamer(transport, "Stage")
    sfu = await streaming_sfu(stage, transport, streamer)
    player = await stage.player(transport)
    await expect_streamers(player, "Stage", "SFU")
    await player.send("subscribe", streamerId="SFU")
    await sfu.expect(connected("Player1"))

    await sfu.send("offer", sdp="v=0", playerId="Player1", sfu=True, scalabilityMode="L3T3")
    await player.expect({"type": "offer", "sdp": "v=0", "sfu": True, "scalabilityMode": "L3T3"})
    for kind in ("dataChannelRequest", "peerDataChannelsReady"):
        await player.send(kind)
        await sfu.expect({"type": kind, "playerId": "Player1"})
    await sfu.send("peerDataChannels", playerId="Player1", sendStreamId=1, recvStreamId=2)
    await player.expect({"type": "peerDataChannels", "sendStreamId": 1, "recvStreamId": 2})
    channels = {"playerId": "Player1", "sendStreamId": 3, "recvStreamId": 4}
    await sfu.send("streamerDataChannels", **channels)
    await streamer.expect({"type": "streamerDataChannels", **channels, "sfuId": "Player0"})

    await sfu.close()
    await streamer.expect({"type": "playerDisconnected", "playerId": "Player0"})
    if stage.dialect.tells_players_of_lost_streamers:
        await player.expect({"type": "streamerDisconnected"})
    await player.expect_close(1005)


async def streaming_sfu(stage, transport, streamer):
    """An SFU "SFU" that takes the streamer "Stage" as Player0."""
    sfu = await stage.greeted(transport, "sfu")
    if stage.dialect.subscribes_sfus:
        await streamer.expect(connected("Player0", sfu=True))
    await identify(sfu, "SFU")
    await expect_streamers(sfu, *(["Stage", "SFU"] if stage.dialect.lists_sfu_to_itself else ["Stage"]))
    await sfu.send("subscribe", streamerId="Stage")
    if not stage.dialect.subscribes_sfus:
        await streamer.expect(connected("Player0", sfu=True))
    await streamer.send("offer", sdp="v=0", playerId="Player0", sfu=True)
    await sfu.expect({"type": "offer", "sdp": "v=0", "playerId": "Player0", "sfu": True})
    await sfu.send("answer", sdp="v=0")
    await streamer.expect({"type": "answer", "sdp": "v=0", "playerId": "Player0"})
    await sfu.send("startStreaming")
    await sfu.expect_nothing()
    await streamer.expect_nothing()
    return sfu
