"""The test streamer, played and decoded by aiortc."""

from media import Player, test_streamer
from stage import over_every_transport

PICTURES = 60
SOUNDS = 50
YELLOW, DARK, WHITE = (191, 191, 0), (14, 14, 14), (255, 255, 255)
BAR, CURSOR = (240, 100), (900, 600)


@over_every_transport()
async def test_aiortc_plays_the_test_streamer(stage, transport):
    peer = await stage.player(transport)
    async with test_streamer(stage.gateway, "Stage"):
        player = await Player.join(peer, "Stage")
        times = []
        for _ in range(PICTURES):
            picture = await player.frame("video")
            times.append(picture.time)
        assert (picture.width, picture.height) == (1280, 720)
        assert times == sorted(set(times)), "each picture is later than the one before"
        assert times[-1] - times[0] < 2 * PICTURES / 30, "at least half of the pictures came"
        assert is_near(picture, BAR, YELLOW)
        assert is_near(picture, CURSOR, DARK)

        loudest = max([abs((await player.frame("audio")).to_ndarray()).max() for _ in range(SOUNDS)])
        assert loudest > 500, f"the loudest sample is {loudest}"

        await player.point(CURSOR[0] / 1280, CURSOR[1] / 720)
        for _ in range(PICTURES):
            picture = await player.frame("video")
            if is_near(picture, CURSOR, WHITE):
                break
        else:
            raise AssertionError("the cursor is not drawn")
        await player.leave()


def is_near(picture, place, colour):
    """Whether the picture has about that colour at a place."""
    x, y = place
    return all(abs(int(seen) - wanted) < 48 for seen, wanted in zip(picture.to_ndarray(format="rgb24")[y, x], colour))
