"""The configuration that the package installs: every key, explained, with its default."""

import re
import subprocess
import tomllib

from running import BINARY, ROOT, certificate, configured

TEXT = (ROOT / "deploy/debian/pixelgate.toml").read_text()
KEY = re.compile(r"^#([a-z-]+) = (.+)$", re.MULTILINE)
# Not of the file: where it is.
ELSEWHERE = {"help", "config"}
# Their defaults are prose in the help, so the file shows an example.
EXAMPLES = {"http-roles", "https-roles", "http-root", "allowed-origins"}


def flags():
    """Every flag and its default or None, from the help."""
    said = subprocess.run([BINARY, "serve", "--help"], capture_output=True, text=True, check=True).stdout
    blocks = re.split(r"^ +(?:-\w, )?--", said, flags=re.MULTILINE)[1:]
    blocks = [" ".join(block.split()) for block in blocks]
    found = {re.match(r"[a-z-]+", block)[0]: re.search(r"\[default: ([^\]]+)\]", block) for block in blocks}
    return {flag: default and default[1] for flag, default in found.items() if flag not in ELSEWHERE}


def uncommented():
    """What the file says with every key set, by key."""
    return {key: f"{key} = {value}" for key, value in KEY.findall(TEXT)}


def test_every_key_is_there_once_and_none_is_set():
    keys = [key for key, _ in KEY.findall(TEXT)]
    assert sorted(keys) == sorted(flags())
    assert tomllib.loads(TEXT) == {}


def test_every_key_is_explained():
    for paragraph in TEXT.split("\n\n"):
        if KEY.search(paragraph):
            assert paragraph.startswith("# "), paragraph


def test_what_is_shown_is_the_default():
    shown = {key: str(value) for line in uncommented().values() for key, value in tomllib.loads(line).items()}
    defaults = {flag: default for flag, default in flags().items() if default and flag not in EXAMPLES}
    assert len(defaults) > 10
    assert {key: shown[key] for key in defaults} == defaults


def test_a_gateway_starts_with_every_key_set(tmp_path):
    cert, key = certificate(tmp_path / "certs")
    lines = uncommented()
    pages, options = tmp_path / "pages", tmp_path / "options.json"
    pages.mkdir()
    (pages / "player.html").write_text("<!doctype html>")
    options.write_text("{}")
    for name, path in [("cert", cert), ("key", key), ("http-root", pages), ("peer-options-file", options)]:
        lines[name] = f'{name} = "{path}"'
    # One of the two.
    for other in ("peer-options", "peer-options-file"):
        text = "\n".join(line for name, line in lines.items() if name != other)
        with configured(text, tmp_path) as addresses:
            assert all(addresses.values()), addresses
