"""Runs the binary: as a gateway for as long as a test needs it, and as its own health check."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PIXELGATE_BIN", str(ROOT / "target/debug/pixelgate"))
LISTENERS = ("http", "https", "streamer", "sfu", "admin")
WITHIN_S = 20
LOOK_EVERY_S = 0.01


def eventually(what, look):
    """The first true answer of `look`, or an error that names `what`."""
    deadline = time.monotonic() + WITHIN_S
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {WITHIN_S} s: {what}"
        time.sleep(LOOK_EVERY_S)
    return found


@contextlib.contextmanager
def gateway(*args, folder=None, **environment):
    """A gateway that listens, as the addresses that it announces; at the end it must have drained and exit with 0."""
    with tempfile.TemporaryDirectory(prefix="pixelgate-") as scratch:
        announcement = pathlib.Path(scratch) / "announce.json"
        command = [BINARY, "serve", *args, "--announce", announcement]
        process = subprocess.Popen(
            command, cwd=folder or scratch, env={**os.environ, **environment}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )

        def announced():
            assert process.poll() is None, process.communicate()[0]
            return announcement.exists() and announcement.read_text()

        try:
            said = json.loads(eventually("the announcement", announced))
            yield {name: address for name, address in said.items() if name != "certificate_hashes"}
            process.terminate()
            said, _ = process.communicate(timeout=WITHIN_S)
            assert process.returncode == 0 and "panicked" not in said, said
        finally:
            process.kill()
            process.communicate()


def on_free_ports():
    """The flags of a gateway beside others."""
    return [argument for name in LISTENERS for argument in (f"--{name}", "127.0.0.1:0")]


@contextlib.contextmanager
def configured(text, folder, *flags, **environment):
    """A gateway with this configuration, but on free ports."""
    file = folder / "pixelgate.toml"
    file.write_text(re.sub(r':\d+"', ':0"', text))
    with gateway("--config", file, *flags, folder=folder, **environment) as addresses:
        yield addresses


def certificate(folder):
    """A certificate and its key: the files that a gateway has made there."""
    with gateway(*on_free_ports(), "--cert-dir", folder):
        return folder / "dev-cert.pem", folder / "dev-key.pem"


def seconds(time):
    """The seconds of a time such as 5s; other units have no place where this is asked."""
    return int(re.fullmatch(r"(\d+)s", time)[1])


def health(*args):
    """How the health check ends."""
    return subprocess.run([BINARY, "health", *args], capture_output=True, text=True, timeout=WITHIN_S)
