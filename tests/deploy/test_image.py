"""The image, as far as it can be judged without building it."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

import pytest

from running import ROOT, configured, seconds

FOLDER = ROOT / "deploy/docker"
DOCKERFILE = FOLDER / "Dockerfile"
HADOLINT = pathlib.Path(sys.executable).with_name("hadolint")
# What `pixelgate health` gives an answer at most.
HEALTH_S = 3


def instructions():
    """The instructions of each stage, as (name, arguments)."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]
    starts = [at for at, (name, _) in enumerate(lines) if name == "FROM"] + [len(lines)]
    return [lines[start:end] for start, end in zip(starts, starts[1:])]


BUILD, FINAL = instructions()
CARGO = re.search(r"cargo build[^&]+", " ".join(arguments for _, arguments in BUILD))[0].split()


@pytest.fixture(scope="module")
def context():
    """What `docker build` would see: the top folder without what is ignored."""
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    patterns = [line for line in ignored if line and not line.startswith("#")]
    steps = {"**/": "(?:.*/)?", "*": "[^/]*"}
    regex = "|".join(re.sub(r"\*\*/|\*|[^*]+", lambda m: steps.get(m[0], re.escape(m[0])), one) for one in patterns)

    def ignore(folder, names):
        inside = pathlib.Path(folder).relative_to(ROOT)
        return [name for name in names if re.fullmatch(regex, (inside / name).as_posix())]

    # The same place every time, so that cargo finds there what it has checked before.
    staged = ROOT / "tests/.cache/image"
    shutil.rmtree(staged, ignore_errors=True)
    shutil.copytree(ROOT, staged, ignore=ignore, symlinks=True)
    return staged


def test_hadolint_has_no_complaint():
    done = subprocess.run([HADOLINT, "--failure-threshold", "style", DOCKERFILE], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_hadolint_complains_where_there_is_reason_to(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM debian\nRUN cd /tmp && sudo true\nCMD pixelgate\n")
    done = subprocess.run([HADOLINT, tmp_path / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 1 and "DL3006" in done.stdout


def test_it_runs_the_gateway_as_nobody_in_particular():
    final = dict(FINAL)
    user, group = map(int, final["USER"].split(":"))
    assert user > 0 and group > 0
    binary, = json.loads(final["ENTRYPOINT"])
    assert f"/image{binary}" in str(BUILD)
    assert json.loads(final["CMD"]) == ["serve", "--config", "/etc/pixelgate/pixelgate.toml"]
    assert not {"RUN", "ADD", "ENV", "ARG"} & set(final)


def test_its_health_check_is_the_gateways_own():
    options, command = dict(FINAL)["HEALTHCHECK"].split("CMD")
    assert json.loads(command) == [*json.loads(dict(FINAL)["ENTRYPOINT"]), "health"]
    timeout = re.search(r"--timeout=(\S+)", options)[1]
    assert seconds(timeout) > HEALTH_S


def test_it_is_built_without_cpp():
    assert {"--release", "--locked", "--no-default-features"} <= set(CARGO)

    def tree(*features):
        command = ["cargo", "tree", "--locked", "--edges", "normal,build", "--prefix", "none", *features]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return {line.split()[0] for line in said.splitlines() if line.strip()}

    cpp = {"openh264", "openh264-sys2", "cxx", "link-cplusplus"}
    assert cpp & tree()
    assert not cpp & tree("--no-default-features")


def test_what_is_sent_to_the_engine_is_enough_to_build_it(context):
    for file in re.findall(r"deploy/\S+", " ".join(arguments for _, arguments in BUILD)):
        assert (context / file).is_file(), file
    assert not (context / "target").exists() and not (context / ".git").exists()
    # Checked and not built: the libraries' metadata is there already, and the binary of the other suites stays.
    command = [{"build": "check"}.get(word, word) for word in CARGO if word != "--release"]
    environment = {**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target"), "CARGO_INCREMENTAL": "0"}
    done = subprocess.run(command, cwd=context, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_keys_are_not_sent_to_the_engine(context):
    assert not list(context.rglob("dev-key.pem"))
    assert [path.name for path in (context / "certs").iterdir()] == []


def test_its_configuration_listens_where_it_can_be_published(tmp_path):
    text = (FOLDER / "pixelgate.toml").read_text()
    config = tomllib.loads(text)
    assert config.pop("open") is True
    ports = {key: int(address.rsplit(":", 1)[1]) for key, address in config.items()}
    assert all(config[key] == f"[::]:{ports[key]}" for key in ("http", "https", "streamer", "sfu"))
    exposed = {f"{ports[key]}/tcp" for key in ("http", "https", "streamer", "sfu")} | {f"{ports['https']}/udp"}
    assert set(dict(FINAL)["EXPOSE"].split()) == exposed
    # Where `pixelgate health` asks.
    assert config["admin"] == "localhost:9090"
    with configured(text, tmp_path) as addresses:
        assert all(addresses.values()), addresses
