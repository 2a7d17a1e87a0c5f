"""The pages for operators: their links lead somewhere, their examples are understood, their commands run."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from gateway import BINARY, ROOT

sys.path.insert(0, str(ROOT / "tests/proxy"))
from proxies import certificate  # noqa: E402

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "deploy/README.md"]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STAYS_S = 1.5

# What a command block may begin with that no test runs, and why.
BY_HAND = {
    "cargo": "builds in the release profile",
    "tests/run": "runs this",
    "curl": "asks a gateway that runs; the bodies are tested in tests/rest.rs",
    "sudo": "changes the machine",
    "sudoedit": "opens an editor",
    "printf": "changes the machine",
    "docker": "needs an engine",
    "kubectl": "needs a cluster",
    "systemctl": "needs systemd",
    "journalctl": "needs systemd",
    "export": "prepares for docker",
    "turnserver": "needs an address of the world",
    "node": "is the reference server's",
    "npm": "is the reference server's",
    "MyGame.exe": "is Unreal's",
}


def blocks(page):
    """Language and text of every fenced block."""
    return BLOCK.findall(page.read_text())


def anchors(page):
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    prose = BLOCK.sub("", page.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def examples(language):
    return [
        pytest.param(text, id=f"{page.stem}-{at}")
        for page in PAGES
        for at, (found, text) in enumerate(blocks(page))
        if found == language
    ]


@pytest.mark.parametrize("text", examples("json"))
def test_json_is_json(text):
    json.loads(text)


@pytest.mark.parametrize("text", examples("toml"))
def test_configurations_are_understood(text, tmp_path):
    certificate(tmp_path)
    text = re.sub(r'^(cert|key) = ".*/(\w+\.pem)"$', rf'\1 = "{tmp_path}/\2"', text, flags=re.MULTILINE)
    (tmp_path / "gate.toml").write_text(text)
    checked = subprocess.run(
        [BINARY, "check", "--config", "gate.toml"], cwd=tmp_path, capture_output=True, text=True, timeout=20
    )
    assert checked.returncode == 0, checked.stderr


def commands(page):
    """The commands of a page's blocks without a language, in order; what a command prints is no command."""
    for language, text in blocks(page):
        if language in ("", "sh") and not text.startswith(("#!", "GET ", "{")):
            for line in text.replace("\\\n", " ").splitlines():
                if re.match(r"[\w./-]+( |$)", line) and not line.startswith(" "):
                    yield line


def place(folder, page):
    """What the commands of a page take for granted."""
    certificate(folder)
    (folder / "fullchain.pem").rename(folder / "cert.pem")
    (folder / "privkey.pem").rename(folder / "key.pem")
    for pages in ("www", "Public"):
        (folder / pages).mkdir()
        (folder / pages / "player.html").write_text("<!doctype html>")
    (folder / "config.json").write_text("{}")
    shutil.copy(ROOT / "docs/pixelgate.toml", folder)


def runs(command, folder):
    """Runs a command in a network of its own, so that every port is free. What serves must stay, and end in order."""
    stays = re.match(r"pixelgate (serve|wilbur|cirrus|demo|test-streamer)\b", command) and "rint" not in command
    asks = re.match(r"pixelgate (health|test-streamer)", command)
    script = ["ip link set lo up", f'pixelgate() {{ "{BINARY}" "$@"; }}']
    if asks:
        script.append(f'"{BINARY}" serve --cert-dir other 2>/dev/null & gateway=$!; sleep 1')
    if stays:
        script.append(f'"{BINARY}" {command.removeprefix("pixelgate ")} & it=$!; sleep {STAYS_S}; kill $it; wait $it')
    else:
        script.append(command)
    script.append("status=$?" + ("; kill $gateway; wait $gateway" if asks else "") + "; exit $status")
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", "\n".join(script)], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_run(page, tmp_path):
    place(tmp_path, page)
    for command in commands(page):
        first = command.split()[0]
        if first == "pixelgate":
            runs(command, tmp_path)
        else:
            assert first in BY_HAND, f"run it or say why not: {command}"


def test_every_key_that_is_named_exists():
    known = set(re.findall(r"^(?:# )?([a-z][a-z-]*) +=", (ROOT / "docs/pixelgate.toml").read_text(), re.MULTILINE))
    for page in PAGES:
        flags = re.findall(r"`--([a-z][a-z-]+)`", page.read_text())
        for language, text in blocks(page):
            if language == "toml":
                flags += re.findall(r"^([a-z][a-z-]*) = ", text, re.MULTILINE)
        helped = subprocess.run([BINARY, "serve", "--help"], capture_output=True, text=True, timeout=20).stdout
        helped += subprocess.run([BINARY, "wilbur", "--help"], capture_output=True, text=True, timeout=20).stdout
        for flag in flags:
            said = f"--{flag}" in helped or f"--{flag.replace('-', '_')}" in helped
            assert flag in known or said or flag in ELSEWHERE, f"{page.name}: {flag}"


# Flags of other commands, ours and others'.
ELSEWHERE = {"no-default-features", "print-config", "streamers", "size", "fps", "bitrate", "url", "simulcast"}
