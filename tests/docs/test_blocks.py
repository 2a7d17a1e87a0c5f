"""Every fenced block: what can be run is run, what is configuration is read by the program it is for, and what is neither
is listed here with the reason."""

import json
import subprocess

import pytest
from commands import can_run, commands, curl, furnished, gateway, run, same_shape
from pages import blocks
from peers import on_stage
from running import BINARY

UNREAL = "Unreal Engine is not on test machines"
ENGINE = "the suite deploy judges what a container engine or a cluster would be given"
ROOT_ONLY = "the suite deploy installs, runs and purges the package"

# What neither runs here nor says "by hand" of itself.
ELSEWHERE = {
    ("README.md", "tests/run"): "this is it",
    ("README.md", "MyGame.exe -PixelStreamingURL=ws://127.0.0.1:8888"): UNREAL,
    ("README.md", "https://example.org/player.html?ss=ws://127.0.0.1:8080/player"): "the suite browser opens such a URL",
    ("docs/performance.md", "pixelgate bench all --json results.json --plots docs"): "it takes minutes",
    ("docs/performance.md", "pixelgate bench relay --against-limit"): "tests/bench.rs runs all of them, for moments",
    ("docs/operating.md", "#!/bin/sh"): "test_certificates.py runs it",
    ("docs/protocol.md", "streamer → gateway   connects                  gateway → streamer   config, identify"):
        "a picture",
    ("deploy/README.md", "docker build --file deploy/docker/Dockerfile --tag pixelgate ."): ENGINE,
    ("deploy/README.md",
     'export TURN_HOST=example.org TURN_IP=203.0.113.7 TURN_SECRET="$(openssl rand -hex 24)"'): ENGINE,
    ("deploy/README.md", "cargo install --locked cargo-deb --version 3.8.0"): ROOT_ONLY,
    ("deploy/README.md", "sudoedit /etc/pixelgate/pixelgate.toml"): ROOT_ONLY,
    ("deploy/README.md", "kubectl create secret tls pixelgate-tls --cert=fullchain.pem --key=privkey.pem"): ENGINE,
    ("deploy/README.md",
     'kubectl create secret generic pixelgate-admin --from-literal=token="$(openssl rand -hex 24)"'): ENGINE,
    ("deploy/README.md", "cargo install --locked cargo-cyclonedx --version 0.5.9"): "the suite sbom does so",
    ("deploy/README.md",
     r"printf 'net.core.rmem_max = 4194304\nnet.core.wmem_max = 4194304\n' | sudo tee "
     "/etc/sysctl.d/60-pixelgate.conf"): "it changes the machine",
    ("deploy/README.md", "tests/run deploy"): "a suite beside this one",
}

BLOCKS = blocks()
RUN = [block for block in BLOCKS if can_run(block)]
BY_HAND = [block for block in BLOCKS if "by hand" in block.text + block.before]


def of(language):
    found = [block for block in BLOCKS if block.language == language]
    assert found, f"no block of {language} was found"
    return pytest.mark.parametrize("block", found, ids=str)


def test_every_block_is_run_read_by_hand_or_listed():
    read = [block for block in BLOCKS if block.language in ("toml", "json", "yaml")]
    for block in BLOCKS:
        ways = [block in RUN, block in read, block in BY_HAND, block.key in ELSEWHERE]
        assert ways.count(True) == 1, f"{block}: {block.key}"
    assert set(ELSEWHERE) <= {block.key for block in BLOCKS}, "something is listed that is not there any more"
    assert len(RUN) >= 15 and len(BY_HAND) == 2


@pytest.mark.parametrize("block", RUN, ids=str)
def test_commands_do_what_is_said(block, tmp_path):
    with furnished() as folder, gateway(tmp_path) as served:
        if not any(command.startswith("curl") for command in commands(block.text)):
            for command in commands(block.text):
                run(command, folder, served.addresses)
            return
        with on_stage(served.addresses):
            said = [run(command, folder, served.addresses) for command in commands(block.text)]
            if documented := documented_answer(block):
                same_shape(json.loads(said[-1]), documented)


def documented_answer(block):
    """What the page says right after a question."""
    if not commands(block.text)[-1].startswith("curl"):
        return None
    following = [other for other in BLOCKS if other.page == block.page and other.line == block.end + 2]
    return json.loads(following[0].text) if following and following[0].language == "json" else None


def test_answers_are_compared():
    documented = [documented_answer(block) for block in RUN]
    assert len([answer for answer in documented if answer]) == 4
    with pytest.raises(AssertionError):
        same_shape({"uptime": "1"}, {"uptime": 1})
    with pytest.raises(AssertionError):
        same_shape([], [{}])


def test_what_fails_is_seen(tmp_path):
    with furnished() as folder, gateway(tmp_path) as served:
        for wrong in ("pixelgate serve --htp localhost:8080", "pixelgate check --config none.toml",
                      "pixelgate health --url http://localhost:9090/nowhere", "curl http://localhost:9090/nowhere"):
            with pytest.raises(AssertionError):
                run(wrong, folder, served.addresses)


@of("toml")
def test_configurations_can_be_used(block):
    with furnished() as folder:
        (folder / "of-the-page.toml").write_text(block.text)
        done = subprocess.run(
            [BINARY, "check", "--config", "of-the-page.toml"], cwd=folder, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr
    assert "# Warning" not in done.stdout and "of-the-page.toml:1" in done.stdout


@of("json")
def test_json_can_be_used(block):
    said = json.loads(block.text)
    if block.page == "docs/from-cirrus.md":
        with furnished() as folder:
            (folder / "config.json").write_text(block.text)
            printed = run("pixelgate cirrus --PrintConfig", folder, {})
        assert f"[::]:{said['HttpPort']}" in printed and "stun.example.org" in printed


@of("yaml")
def test_alerts_are_rules_of_prometheus(block, tmp_path):
    (tmp_path / "rules.yaml").write_text(block.text)
    done = subprocess.run(["promtool", "check", "rules", tmp_path / "rules.yaml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
