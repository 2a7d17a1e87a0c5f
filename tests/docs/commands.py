"""Runs the commands of the documentation as they stand, but for what would meet others on this machine: ports are free
ones, and each block has a folder of its own with the files that commands name."""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import tempfile
import urllib.request

from proxies import certificate
from running import BINARY, LISTENERS, ROOT, WITHIN_S, eventually, on_free_ports

# What the commands name, beside a certificate.
FILES = {
    "config.json": "{}",
    "pixelgate.toml": (ROOT / "docs/pixelgate.toml").read_text(),
    "www/player.html": "<!doctype html>",
    "Public/player.html": "<!doctype html>",
}
# Where the documentation has a gateway.
PLACES = {8080: "http", 8443: "https", 8888: "streamer", 8889: "sfu", 9090: "admin"}
RUNS = re.compile(r"(\w+=\S+ )*(pixelgate|cargo run( --release)? --|curl)( |$)")
SERVING = ("serve", "wilbur", "cirrus", "demo")
ENDING = {"--print-config", "--print_config", "--PrintConfig", "--help"}


@dataclasses.dataclass
class Process:
    """A process of ours, and the addresses that it has announced."""

    process: subprocess.Popen
    log: pathlib.Path
    addresses: dict

    def get(self, path, listener="admin"):
        """What a listener answers."""
        with urllib.request.urlopen(f"http://{self.addresses[listener]}{path}", timeout=WITHIN_S) as answer:
            return answer.read().decode()


@contextlib.contextmanager
def process(arguments, folder, announcement=None, **environment):
    """A process until the end of the test: then SIGTERM, and exit 0."""
    log = folder / "said"
    with open(log, "ab") as said:
        child = subprocess.Popen(
            [BINARY, *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            env={**os.environ, **environment},
        )
    try:
        yield Process(child, log, _announced(child, announcement, log) if announcement else {})
        child.send_signal(signal.SIGTERM)
        assert child.wait(WITHIN_S) == 0 and "panicked" not in log.read_text(), log.read_text()
    except BaseException:
        print(log.read_text())
        raise
    finally:
        child.kill()
        child.wait()


def _announced(child, announcement, log):
    def look():
        assert child.poll() is None, log.read_text()
        return announcement.exists() and announcement.read_text()

    said = json.loads(eventually("the announcement", look))
    return said | said.pop("listeners", {})


@contextlib.contextmanager
def gateway(folder, *arguments):
    """A gateway on free ports."""
    announcement = folder / "gateway.json"
    more = ["--cert-dir", str(folder / "certs"), "--announce", str(announcement)]
    with process(["serve", *on_free_ports(), *more, *arguments], folder, announcement) as served:
        yield served


@contextlib.contextmanager
def furnished():
    """A folder with the files that commands name, and the binary as `pixelgate`."""
    with tempfile.TemporaryDirectory(prefix="pixelgate-") as folder:
        folder = pathlib.Path(folder)
        for name, text in FILES.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        certificate(folder)
        for name, alias in (("fullchain.pem", "cert.pem"), ("privkey.pem", "key.pem")):
            (folder / alias).write_bytes((folder / name).read_bytes())
        (folder / "bin").mkdir()
        (folder / "bin/pixelgate").symlink_to(BINARY)
        yield folder


def commands(text):
    """The commands of a block, in one line each."""
    return [line.strip() for line in text.replace("\\\n", " ").split("\n") if line.strip()]


def can_run(block):
    """Whether every command of a block is one that is run here. Measuring takes longer than a test may."""
    measures = "pixelgate bench" in block.text
    return not measures and block.language in ("", "sh") and all(RUNS.match(command) for command in commands(block.text))


def run(command, folder, addresses):
    """Runs one command; those that serve until they have answered, with SIGTERM at the end. What was said."""
    command = re.sub(r"^cargo run( --release)? --", "pixelgate", command)
    words = shlex.split(command)
    environment = {}
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if words[0] == "curl":
        return curl(words[1:], addresses)
    if words[1] in SERVING and not ENDING & set(words):
        return _serve(words[1:], folder, environment)
    if words[1] == "test-streamer":
        return _stream(_placed(words[1:], addresses), folder, environment, addresses)
    if words[1] == "health":
        named = [] if "--url" in words else ["--url", "http://localhost:9090/healthz"]
        command = shlex.join(_placed(words + named, addresses))
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=folder, capture_output=True, text=True, timeout=WITHIN_S,
        env={**os.environ, **environment, "PATH": path},
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def _placed(words, addresses):
    """The words with the addresses of a gateway that runs."""
    def at(port):
        return addresses[PLACES[int(port[1])]]

    return [re.sub(r"\blocalhost:(\d+)", at, word) for word in words]


def curl(words, addresses):
    """What an URL answers; an answer that is no success is an error."""
    command = ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", str(WITHIN_S)]
    done = subprocess.run([*command, *_placed(words, addresses)], capture_output=True, text=True)
    assert done.returncode == 0, f"{words}: {done.stderr}{done.stdout}"
    return done.stdout


def _serve(words, folder, environment):
    announcement = folder / "announce.json"
    announcement.unlink(missing_ok=True)
    arguments = {"wilbur": _as_wilbur, "cirrus": _as_cirrus}.get(words[0], _as_native)(words, folder, announcement)
    with process(arguments, folder, announcement, **environment) as served:
        assert served.get("/healthz") == "ok\n"
        return served.log.read_text()


def _as_native(words, folder, announcement):
    """What neither the file nor the flags say of listeners is on free ports; so is what they say."""
    said = ""
    if "--config" in words:
        file = folder / words[words.index("--config") + 1]
        said = re.sub(r'^((?:# )?\w+ = ".*):\d+"', r'\1:0"', file.read_text(), flags=re.MULTILINE)
        file.write_text(said)
    flags = {word for word in words if word.startswith("--")}
    unsaid = [name for name in LISTENERS if f"--{name}" not in flags]
    unsaid = [name for name in unsaid if name == "admin" or not re.search(rf"^{name} = ", said, re.MULTILINE)]
    free = [argument for name in unsaid for argument in (f"--{name}", "127.0.0.1:0")]
    return [*words, *free, "--announce", str(announcement)]


def _as_wilbur(words, folder, announcement):
    ports = ["streamer_port", "player_port", "sfu_port", *(["https_port"] if "--https" in words else [])]
    free = [argument for name in ports for argument in (f"--{name}", "0")]
    return [*words, *free, "--admin", "127.0.0.1:0", "--announce", str(announcement)]


def _as_cirrus(words, folder, announcement):
    free = [f"--{name}=0" for name in ("HttpPort", "HttpsPort", "StreamerPort", "SFUPort")]
    return [*words, *free, "--Admin=127.0.0.1:0", f"--Announce={announcement}"]


def _stream(words, folder, environment, addresses):
    """A test streamer, until the gateway lists it."""
    wanted = words[words.index("--id") + 1]
    with process(words, folder, **environment):
        def listed():
            streamers = json.loads(curl(["http://localhost:9090/api/streamers"], addresses))
            return any(one["streamerId"] == wanted and one["streaming"] for one in streamers)

        eventually(f"the streamer {wanted}", listed)


def same_shape(answer, documented, at="the answer"):
    """Compares what an answer is made of with what is documented, not what it says."""
    if isinstance(documented, dict):
        assert isinstance(answer, dict) and set(answer) == set(documented), f"{at}: {answer}"
        for name, value in documented.items():
            same_shape(answer[name], value, f"{at}.{name}")
    elif isinstance(documented, list):
        assert isinstance(answer, list) and bool(answer) == bool(documented), f"{at}: {answer}"
        for number, value in enumerate(answer):
            same_shape(value, documented[0], f"{at}[{number}]")
    else:
        assert type(answer) is type(documented), f"{at}: {answer}"
