"""The REST API against its own OpenAPI document, as schemathesis reads it: every answer is one that is documented."""

import asyncio
import json
import pathlib
import re
import sys
import tempfile

from gateway import within
from stage import on_stage

SCHEMATHESIS = pathlib.Path(sys.executable).parent / "schemathesis"
RUN_S = 300

# What is asked may be asked again.
SEED = 20261122

# Requests for what is there; without this, generated ids find nothing.
KNOWN = """
[[operations]]
include-path = "/players/{id}"
parameters = { "path.id" = "PLAYER" }

[[operations]]
include-path = "/streamers/{id}"
parameters = { "path.id" = "Stage" }
"""


@on_stage
async def test_whatever_is_asked_the_answer_is_documented(stage):
    await crowd(stage)
    # By itself it leaves out the document that it has read.
    operations, cases = await examine(stage, "--include-path-regex", ".*")
    assert operations == 9, "seven that read, two that end"
    assert cases > 300


@on_stage
async def test_what_is_there_is_as_documented(stage):
    _, player = await crowd(stage)
    _, cases = await examine(stage, "--exclude-method", "DELETE", known=player)
    assert cases > 100


@on_stage
async def test_what_is_ended_is_as_documented(stage):
    streamer, player = await crowd(stage)
    await examine(stage, "--include-method", "DELETE", known=player)
    departed = await streamer.next_text("its player's departure")
    assert json.loads(departed) == {"type": "playerDisconnected", "playerId": player}
    await streamer.expect_close(1011)


async def crowd(stage):
    """A streamer with an SFU and a player on it, and a player on none; returns the streamer, and the player's id."""
    streamer = await stage.streamer("ws", "Stage")
    sfu = await stage.greeted("quic", "sfu")
    await sfu.send("endpointId", id="Fan")
    await streamer.next_text("playerConnected")
    player = await stage.connect("wss", "player")
    await player.send("subscribe", streamerId="Stage")
    connected = await streamer.next_text("playerConnected")
    await stage.connect("ws", "player")
    return streamer, json.loads(connected)["playerId"]


async def examine(stage, *more, known=None):
    """Runs schemathesis with every check that it has; returns the numbers of operations and of requests."""
    host, port = stage.gateway.addresses["admin"]
    with tempfile.TemporaryDirectory(prefix="pixelgate-") as folder:
        folder = pathlib.Path(folder)
        (folder / "schemathesis.toml").write_text(KNOWN.replace("PLAYER", known) if known else "")
        process = await asyncio.create_subprocess_exec(
            SCHEMATHESIS,
            *("--config-file", folder / "schemathesis.toml"),
            *("run", f"http://{host}:{port}/api/api-definition", "--checks", "all", "--no-color"),
            *("--seed", str(SEED), "--max-examples", "100", *more),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=folder,
        )
        try:
            said, _ = await within(RUN_S, "the end of schemathesis", process.communicate())
        finally:
            if process.returncode is None:
                process.kill()
    said = said.decode()
    assert process.returncode == 0, said
    operations, cases = re.search(r"Tested: (\d+)", said), re.search(r"(\d+) generated, (\d+) passed", said)
    assert operations and cases and cases[1] == cases[2], said
    return int(operations[1]), int(cases[1])
