"""What the pages name is there: flags, keys, variables, metrics, close codes, paths of the REST API; and what is there is
named."""

import json
import re
import subprocess

import pytest
from commands import furnished, gateway
from pages import PAGES, codes, page, prose, rows, section
from peers import on_stage, peer
from running import BINARY, ROOT
from websockets.exceptions import InvalidStatus

COMMANDS = ("serve", "check", "wilbur", "cirrus", "health", "token", "demo", "test-streamer")
SCENARIOS = ("relay", "limit", "idle", "join", "fanout", "growth", "slow", "all")
# Flags of other programs.
FOREIGN = {"--env", "--features", "--no-default-features", "--public_ip", "--release", "--webroot", "--webroot-path"}
# Words with dashes that are neither keys nor files.
WORDS = {"test-streamer", "old-players", "permessage-deflate", "pixelgate-certificate", "dpkg-dev", "use-auth-secret"}


def said(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True).stdout


def flags(*command):
    """The flags of a command with their defaults, as its help has them."""
    # An entry goes on over the lines that are indented more than any flag.
    entries = re.findall(r"^ +(?:-\w, )?--([\w-]+)(.*(?:\n {10,}(?!--).*)*)", said(*command, "--help"), re.MULTILINE)
    return {name: default_of(re.sub(r"\s+", " ", rest)) for name, rest in entries if name != "help"}


def default_of(text):
    found = re.search(r"\[default: (.*?)\]", text)
    return found[1] if found else ""


@pytest.fixture(scope="module")
def keys():
    return set(flags("serve"))


@pytest.fixture(scope="module")
def listener_keys():
    """As a mistake is answered."""
    with furnished() as folder:
        (folder / "wrong.toml").write_text('[[listener]]\nqqqqqqqqqqqq = "x"\n')
        done = subprocess.run([BINARY, "check", "--config", folder / "wrong.toml"], capture_output=True, text=True)
    return set(re.search(r"a listener has (.*)", done.stderr)[1].split(", "))


def refused(address):
    """A connection that is turned away: the reasons are there from the first on."""
    with pytest.raises(InvalidStatus), peer(address, "/nowhere"):
        pass


@pytest.fixture(scope="module")
def operators(tmp_path_factory):
    """What a gateway in use says of itself: its metrics and its REST API."""
    with gateway(tmp_path_factory.mktemp("operators")) as served, on_stage(served.addresses):
        refused(served.addresses["http"])
        metrics, api = served.get("/metrics"), json.loads(served.get("/api/api-definition"))
        families = set(re.findall(r"^# TYPE (\w+)", metrics, re.MULTILINE))
        codes = {int(code) for code in re.findall(r'closed_total\{code="(\d+)"', metrics)}
        operations = {(verb.upper(), "/api" + path) for path, verbs in api["paths"].items() for verb in verbs}
    return families, codes, operations


def test_the_help_is_understood(keys, listener_keys):
    assert {"http", "turn-secret", "cors", "config", "content-security-policy"} <= keys and len(keys) == 86
    assert {"address", "legacy", "path-prefix"} <= listener_keys and len(listener_keys) == 12
    assert flags("serve")["http"] == "localhost:8080" and flags("serve")["cert"] == ""


def test_flags_are_there():
    measuring = {flag for scenario in SCENARIOS for flag in flags("bench", scenario)}
    known = {flag for command in COMMANDS for flag in flags(command)} | measuring
    known = {f"--{flag}" for flag in known} | FOREIGN | {"--help"}
    dashed = {flag.replace("_", "-") for flag in known}
    for file in PAGES:
        for code in codes(file.read_text()):
            for flag in re.findall(r"(?:^|(?<=\s))--[\w-]+", code):
                assert flag in known | dashed, f"{file.name}: {code}"


def test_keys_are_there(keys, listener_keys):
    known = keys | listener_keys | WORDS
    for file in (file for file in PAGES if file.parent.name == "docs"):
        for code in codes(file.read_text()):
            if re.fullmatch(r"[a-z]+(-[a-z]+)+( = .*)?", code):
                assert code.partition(" = ")[0] in known, f"{file.name}: {code}"


def test_variables_are_there(keys):
    known = {"PIXELGATE_" + key.upper().replace("-", "_") for key in keys}
    for file in PAGES:
        assert set(re.findall(r"\bPIXELGATE_[A-Z_]+", file.read_text())) <= known, file.name


def test_what_changes_live_is_as_the_file_of_all_keys_has_it():
    marked = re.findall(r"^(?:# )?([\w-]+) = .*Live$", page("docs/pixelgate.toml"), re.MULTILINE)
    listed = set(codes(section("docs/operating.md", "Reload"))) & (set(marked) | set(flags("serve")))
    assert listed == set(marked) - {"cert", "key"}


def test_metrics_are_there_and_named(operators):
    families, _, _ = operators
    for file in PAGES:
        for name in re.findall(r"\bpixelgate_[a-z_]+", file.read_text()):
            assert name in families or re.sub(r"_(bucket|sum|count)$", "", name) in families, f"{file.name}: {name}"
    assert families == set(re.findall(r"`(pixelgate_\w+)`", section("docs/operating.md", "Metrics and alerts")))


def test_close_codes_are_there_and_named(operators):
    _, counted, _ = operators
    sources = (ROOT / "src/wire/close.rs").read_text() + (ROOT / "src/transport/ws.rs").read_text()
    known = {int(code) for code in re.findall(r"= (?:Self|CloseCode)\((\d{4})\);", sources)}
    table = {int(code) for row in rows(section("docs/protocol.md", "Close codes"))
             for code in re.findall(r"\d{4}", row[0])}
    assert counted <= table <= known
    # 1000, 1001 and 1006 are what peers do; the gateway sends all others.
    assert known - table == {1000, 1001, 1006}
    for file in PAGES:
        for code in re.findall(r"\b(10(?:0\d|1[0-5])|400\d)\b", prose(file.read_text())):
            assert int(code) in known, f"{file.name}: {code}"


def test_messages_are_there_and_named():
    known = set(re.findall(r'= "(\w+)"', (ROOT / "src/wire/kind.rs").read_text()))
    named = {kind for row in rows(section("docs/protocol.md", "Messages")) for kind in re.findall(r"`(\w+)`", row[0])}
    # The first frame on raw QUIC stands where the transports do.
    assert known - named == {"hello"} and named <= known


def test_the_rest_api_is_all_there_and_named(operators):
    _, _, operations = operators
    named = set(re.findall(r"`(GET|DELETE) (/api/[^`]*)`", section("docs/operating.md", "REST")))
    assert named == operations


def test_dialects_are_all_there():
    listed = re.search(r"spoken to as: (.*?) \[default", re.sub(r"\s+", " ", said("serve", "--help")))[1]
    known = set(re.split(r", | or ", listed))
    assert known == {row[0].strip("`") for row in rows(page("docs/dialects.md").split("```")[0])} and len(known) == 7
