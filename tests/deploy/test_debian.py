"""The Debian package: built from the binary of the tests, installed, run as its unit says, upgraded and purged."""

import os
import re
import subprocess

import pytest

from machine import Machine, Service, copy_of
from running import BINARY, ROOT, eventually, seconds

UNIT = "/usr/lib/systemd/system/pixelgate.service"
CONFIG = "/etc/pixelgate/pixelgate.toml"
STATE = "/var/lib/pixelgate"
# Of 100; the scale of systemd-analyze calls less than 20 "OK". What remains is the network and port 443.
EXPOSURE = 15
DRAIN_S = 5


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package, as a release makes it but for the binary, which is the one of the tests."""
    folder = tmp_path_factory.mktemp("debian")
    file = folder / "pixelgate.deb"
    command = ["cargo", "deb", "--locked", "--no-build", "--strip", "--fast", "--output", file]
    environment = {**os.environ, "CARGO_TARGET_DIR": str(copy_of(BINARY, folder / "target"))}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    return file


@pytest.fixture
def bare(package, tmp_path):
    """A machine without the package."""
    with Machine.with_package(package, tmp_path) as machine:
        yield machine


@pytest.fixture
def machine(bare):
    """A machine with the package."""
    bare.run("dpkg", "--install", "/tmp/package.deb")
    return bare


def is_well(machine):
    eventually("a gateway that is well", lambda: "200 OK" in machine.run(
        "sh", "-c", "/usr/bin/pixelgate health || true"
    ))


def owner_and_mode(machine, path):
    return machine.run("stat", "--format=%U:%G %a", path).strip()


def test_it_holds_the_unit_the_configuration_and_the_words(package):
    listed = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout
    files = {re.split(r" \./", line)[1] for line in listed.splitlines() if not line.endswith("/")}
    documents = {f"usr/share/doc/pixelgate/{name}" for name in (
        "CHANGELOG.md", "LICENSE-APACHE", "README.md", "copyright"
    )}
    installed = {"usr/bin/pixelgate", UNIT[1:], CONFIG[1:], "usr/lib/sysusers.d/pixelgate.conf"}
    assert files == documents | installed


def test_its_fields_say_what_it_needs(package):
    said = subprocess.run(["dpkg-deb", "--field", package], capture_output=True, text=True, check=True).stdout
    fields = dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)
    assert fields["Package"] == "pixelgate"
    assert re.search(r"\blibc6 \(>= ", fields["Depends"]) and "systemd-sysusers" in fields["Depends"]


def test_the_unit_is_sound(machine):
    assert machine.run("systemd-analyze", "verify", "--man=no", UNIT) == ""


def test_the_unit_exposes_little(machine):
    def judged(threshold, status):
        command = ["systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={threshold}", UNIT]
        return machine.run(*command, status=status)

    assert "Overall exposure level" in judged(EXPOSURE, 0)
    judged(5, 1)


def test_the_service_runs_as_its_unit_says(machine):
    service = Service(machine, UNIT)
    with service.running() as process:
        is_well(machine)
        status = machine.run("sh", "-c", "cat /proc/$(cat /run/service.pid)/status")
        assert machine.run("id", "--user", "pixelgate").strip() in re.search(r"^Uid:\s(.+)$", status, re.M)[1].split()
        assert not re.search(r"^Uid:.*\b0\b", status, re.M)
        said = service.stop(process)
    assert "panicked" not in said and "stopped" in said
    assert owner_and_mode(machine, STATE) == "pixelgate:pixelgate 700"
    assert owner_and_mode(machine, f"{STATE}/certs/dev-key.pem") == "pixelgate:pixelgate 600"
    assert machine.run("/usr/bin/pixelgate", "health", status=1).startswith("pixelgate: http://localhost:9090/healthz")


def test_the_configuration_counts_and_low_ports_are_open(machine):
    machine.run("sed", "--in-place", 's/^https = .*/https = "[::]:443"/', CONFIG)
    machine.run("sed", "--in-place", 's/^open = .*/open = "player"/', CONFIG)
    service = Service(machine, UNIT)
    with service.running() as process:
        is_well(machine)
        assert ":443 " in machine.run("ss", "--listening", "--tcp", "--numeric", "--no-header")
        assert ":443 " in machine.run("ss", "--listening", "--udp", "--numeric", "--no-header")
        service.stop(process)


def test_a_configuration_that_cannot_be_used_is_not_tried_again(machine):
    machine.run("sh", "-c", 'echo "htp = 1" >>"$1"', "sh", CONFIG)
    service = Service(machine, UNIT)
    with service.running() as process:
        said, _ = process.communicate(timeout=20)
        assert f"{CONFIG}:" in said and "did you mean" in said
        assert process.returncode == int(service.one("RestartPreventExitStatus"))


def test_the_unit_gives_it_the_time_to_drain(machine):
    assert seconds(Service(machine, UNIT).one("TimeoutStopSec")) > DRAIN_S + 2


def test_the_unit_forbids_nothing_that_the_service_does(machine):
    service = Service(machine, UNIT)
    trace = "/tmp/trace"
    with service.running("strace", "-D", "-f", "-qq", "-o", trace) as process:
        is_well(machine)
        service.stop(process)
    done = machine.run("cat", trace)
    # After the command itself has been started.
    calls = set(re.findall(r"^\d+ +(?:<\.\.\. )?(\w+)[( ]", done, re.M)) - {"execve", "resumed"}
    assert {"socket", "bind", "epoll_wait", "sendmsg"} & calls and len(calls) > 30
    assert calls <= allowed(machine, service.settings["SystemCallFilter"]), "forbidden by SystemCallFilter"
    families = set(re.findall(r"socket\((AF_\w+)", done))
    assert families and families <= set(service.one("RestrictAddressFamilies").split())
    assert "PROT_WRITE|PROT_EXEC" not in done, "forbidden by MemoryDenyWriteExecute"


def allowed(machine, filters):
    """The system calls that the filters leave."""
    left = set()
    for line in filters:
        names = {name for word in line.removeprefix("~").split() for name in members(machine, word)}
        left = left - names if line.startswith("~") else left | names
    return left | members(machine, "@default")


def members(machine, name):
    """The system calls of a group, in which groups may be."""
    if not name.startswith("@"):
        return {name}
    said = machine.run("systemd-analyze", "syscall-filter", "--no-pager", name)
    words = [line.strip() for line in said.splitlines()[1:]]
    return {call for word in words if word and not word.startswith("#") for call in members(machine, word)}


def test_the_service_is_started_when_its_configuration_can_be_read(bare):
    """Under a systemd that only writes down what it is asked, and what the service would have seen."""
    bare.run("mkdir", "--parents", "/run/systemd/system")
    bare.run("rm", "--force", "/usr/bin/systemctl", "/usr/sbin/policy-rc.d")
    seen = f'echo "$* $(setpriv --reuid=pixelgate --regid=pixelgate --clear-groups head -c 1 {CONFIG})" >>/run/asked'
    answers = 'case "$*" in *is-enabled*) echo enabled ;; *is-active*) exit 3 ;; esac'
    bare.write("/usr/bin/systemctl", f"#!/bin/sh\n{seen}\n{answers}\n", mode="755")
    bare.run("dpkg", "--install", "/tmp/package.deb")
    starts = [line for line in bare.run("cat", "/run/asked").splitlines() if " start " in f" {line} "]
    assert len(starts) == 1 and starts[0].endswith("pixelgate.service #"), starts


def test_an_upgrade_keeps_what_the_operator_wrote(machine):
    assert owner_and_mode(machine, CONFIG) == "root:pixelgate 640"
    machine.run("sed", "--in-place", 's/^max-players = .*/max-players = 7/', CONFIG)
    machine.run("chmod", "600", CONFIG)
    machine.run("chgrp", "root", CONFIG)
    machine.run("dpkg", "--install", "/tmp/package.deb")
    assert "\nmax-players = 7\n" in machine.run("cat", CONFIG)
    assert owner_and_mode(machine, CONFIG) == "root:root 600"


def test_a_purge_leaves_nothing_but_the_user(machine):
    service = Service(machine, UNIT)
    with service.running() as process:
        is_well(machine)
        service.stop(process)
    machine.run("dpkg", "--remove", "pixelgate")
    assert machine.exists(CONFIG) and machine.exists(f"{STATE}/certs")
    assert not machine.exists("/usr/bin/pixelgate") and not machine.exists(UNIT)
    machine.run("dpkg", "--purge", "pixelgate")
    for path in ("/etc/pixelgate", STATE, "/usr/share/doc/pixelgate", "/usr/lib/sysusers.d/pixelgate.conf"):
        assert not machine.exists(path), path
    assert machine.run("sh", "-c", "dpkg --status pixelgate 2>&1 || true").startswith("dpkg-query: package 'pixelgate'")
    machine.run("id", "pixelgate")
