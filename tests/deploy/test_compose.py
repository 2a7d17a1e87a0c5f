"""The compose file: its schema, and what its two services must agree on."""

import json
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

from running import ROOT, configured, seconds

FILE = ROOT / "deploy/docker/compose.yaml"
CHECK = pathlib.Path(sys.executable).with_name("check-jsonschema")
SETTINGS = {"TURN_HOST": "turn.example.org", "TURN_IP": "203.0.113.7", "TURN_SECRET": "a-secret"}
DRAIN_S = 5


@pytest.fixture(scope="module")
def services():
    """The services with every variable replaced, as compose does it."""
    text = re.sub(r"\$\{(\w+):\?\}", lambda variable: SETTINGS[variable[1]], FILE.read_text())
    assert "$" not in text
    return yaml.safe_load(text)["services"]


@pytest.fixture(scope="module")
def turn(services):
    """The options of the TURN server; those that are given more than once as a list."""
    options = {}
    for option in services["coturn"]["command"]:
        name, _, value = option.lstrip("-").partition("=")
        options.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in options.items()}


def validate(file):
    command = [CHECK, "--builtin-schema", "vendor.compose-spec", file]
    return subprocess.run(command, capture_output=True, text=True)


def test_it_follows_the_compose_specification(tmp_path):
    done = validate(FILE)
    assert done.returncode == 0, done.stdout
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(FILE.read_text().replace("restart:", "restarts:"))
    assert validate(wrong).returncode == 1


def test_it_builds_the_image(services):
    build = services["pixelgate"]["build"]
    context = (FILE.parent / build["context"]).resolve()
    assert context == ROOT
    assert (context / build["dockerfile"]).is_file()


def test_players_find_the_same_number_on_tcp_and_udp(services):
    ports = services["pixelgate"]["ports"]
    assert {"8443:8443/tcp", "8443:8443/udp"} <= set(ports)


def test_streamers_sfus_and_operators_are_not_published(services):
    published = [port for port in services["pixelgate"]["ports"] if re.search("8888|8889|9090", port)]
    assert len(published) == 2 and all(port.startswith("127.0.0.1:") for port in published)


def test_the_gateway_can_write_its_state_and_nothing_else(services):
    gateway = services["pixelgate"]
    assert gateway["read_only"] and gateway["cap_drop"] == ["ALL"]
    assert gateway["security_opt"] == ["no-new-privileges:true"]
    assert gateway["volumes"] == ["state:/var/lib/pixelgate"]


def test_it_is_given_the_time_to_drain(services):
    assert seconds(services["pixelgate"]["stop_grace_period"]) > DRAIN_S + 2


def test_peers_are_told_what_the_turn_server_knows(services, turn, tmp_path):
    said = services["pixelgate"]["environment"]
    assert turn["static-auth-secret"] == said["PIXELGATE_TURN_SECRET"] and "use-auth-secret" in turn
    server, = json.loads(said["PIXELGATE_PEER_OPTIONS"])["iceServers"]
    urls = [*server["urls"], *said["PIXELGATE_TURN_URLS"].split(",")]
    hosts = {re.fullmatch(r"(?:stun|turn):(.+):3478(?:\?transport=(?:udp|tcp))?", url)[1] for url in urls}
    assert hosts == {turn["realm"]} == {SETTINGS["TURN_HOST"]} and len(urls) == 3
    text = (FILE.parent / "pixelgate.toml").read_text()
    with configured(text, tmp_path, **said):
        pass


def test_the_relays_ports_are_published(services, turn):
    ports = services["coturn"]["ports"]
    relays = f"{turn['min-port']}-{turn['max-port']}"
    assert set(ports) == {"3478:3478/tcp", "3478:3478/udp", f"{relays}:{relays}/udp"}


def test_the_relay_is_no_way_into_private_networks(turn):
    begins = {value.split("-")[0] for value in turn["denied-peer-ip"]}
    assert {"10.0.0.0", "127.0.0.0", "169.254.0.0", "172.16.0.0", "192.168.0.0", "::1", "fc00::", "fe80::"} <= begins
