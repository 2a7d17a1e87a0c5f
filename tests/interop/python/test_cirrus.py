"""`pixelgate cirrus` in each of its dialects, message by message, as the transcripts have it."""

import asyncio
import pathlib

import pytest

from transcript import play, scenes

TRANSCRIPTS = pathlib.Path(__file__).parent / "transcripts"
DIALECTS = ("cirrus-5.4", "cirrus-5.2", "cirrus-5.1", "cirrus-4.27")
CASES = [(dialect, scene) for dialect in DIALECTS for scene in scenes((TRANSCRIPTS / f"{dialect}.txt").read_text())]


@pytest.mark.parametrize("dialect, scene", CASES, ids=[f"{dialect}: {scene.title}" for dialect, scene in CASES])
def test_every_message_is_as_the_transcript_has_it(dialect, scene):
    asyncio.run(play(scene, f"--dialect={dialect}"))
