"""The health check of the images, against a gateway."""

from running import gateway, health, on_free_ports


def test_a_gateway_that_runs_is_well_and_one_that_has_ended_is_not():
    with gateway(*on_free_ports()) as addresses:
        url = f"http://{addresses['admin']}/healthz"
        well = health("--url", url)
        assert (well.returncode, well.stdout, well.stderr) == (0, f"{url}: 200 OK\n", "")
    gone = health("--url", url)
    assert (gone.returncode, gone.stdout) == (1, "")
    assert gone.stderr.startswith(f"pixelgate: {url}: ") and gone.stderr.count("\n") == 1


def test_another_page_is_no_health():
    with gateway(*on_free_ports()) as addresses:
        url = f"http://{addresses['admin']}/nowhere"
        other = health("--url", url)
    assert (other.returncode, other.stdout, other.stderr) == (1, "", f"pixelgate: {url}: 404 Not Found\n")
