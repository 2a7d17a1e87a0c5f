"""`/metrics` as Prometheus' own tool reads it."""

import asyncio
import subprocess
import urllib.request

from stage import on_stage

PROMTOOL = ["promtool", "check", "metrics"]


@on_stage
async def test_promtool_finds_nothing_before_the_first_session(stage):
    check(await scrape(stage))


@on_stage
async def test_promtool_finds_nothing_after_sessions(stage):
    streamer = await stage.streamer("ws", "Stage")
    for transport in ("ws", "wss", "webtransport", "quic"):
        player = await stage.player(transport)
        await player.send("subscribe", streamerId="Stage")
        await streamer.next_text("playerConnected")
        await player.send("answer", sdp="")
        await streamer.next_text("answer")
        await player.send("nonsense")
        await player.expect_nothing()
        await stage.leave(player)
        await streamer.next_text("playerDisconnected")
    text = await scrape(stage)
    assert 'pixelgate_messages_relayed_total{type="answer"} 4' in text
    assert 'pixelgate_messages_dropped_total{reason="unknown_type"} 4' in text
    check(text)


def test_promtool_would_find_what_is_wrong():
    wrong = "# TYPE pixelgate_things counter\npixelgate_things 1\n"
    assert subprocess.run(PROMTOOL, input=wrong, text=True, capture_output=True).returncode != 0


async def scrape(stage):
    host, port = stage.gateway.addresses["admin"]
    answer = await asyncio.to_thread(urllib.request.urlopen, f"http://{host}:{port}/metrics", timeout=10)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.read().decode()


def check(text):
    found = subprocess.run(PROMTOOL, input=text, text=True, capture_output=True)
    assert (found.returncode, found.stdout + found.stderr) == (0, ""), f"{found}\n{text}"
