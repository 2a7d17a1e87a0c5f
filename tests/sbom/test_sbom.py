"""The software bill of materials, as deploy/README.md has it made: every crate that a binary may hold, none that is not
locked, each with what identifies it."""

import json
import pathlib
import re
import shutil
import subprocess
import tomllib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def documented():
    """The command of the page."""
    text = (ROOT / "deploy/README.md").read_text()
    return re.search(r"^cargo cyclonedx .*$", text, re.MULTILINE)[0].split()


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """What cargo needs to know of the package; the list is written beside it."""
    folder = tmp_path_factory.mktemp("sbom")
    for name in ("Cargo.toml", "Cargo.lock", "README.md"):
        shutil.copy(ROOT / name, folder)
    for name in ("src", "tests"):
        (folder / name).symlink_to(ROOT / name)
    # A package of its own, which gets a list too.
    shutil.copytree(ROOT / "benches", folder / "benches", ignore=shutil.ignore_patterns("target"))
    return folder


@pytest.fixture(scope="module")
def sbom(copy):
    before = (copy / "Cargo.lock").read_bytes()
    subprocess.run(documented(), cwd=copy, check=True, timeout=300)
    assert (copy / "Cargo.lock").read_bytes() == before, "it is of the versions that are locked"
    return json.loads((copy / "pixelgate.cdx.json").read_text())


def crates(sbom):
    return {(component["name"], component["version"]): component for component in sbom["components"]}


def held(copy):
    """The crates that cargo builds a binary from, on any system."""
    tree = ["cargo", "tree", "--locked", "--target", "all", "--edges", "normal,build", "--prefix", "none"]
    lines = subprocess.run(tree, cwd=copy, check=True, capture_output=True, text=True).stdout.splitlines()
    names = {tuple(line.split()[:2]) for line in lines if line}
    return {(name, version.removeprefix("v")) for name, version in names} - {("pixelgate", "0.1.0")}


def checksums():
    """Of every locked crate."""
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    return {(crate["name"], crate["version"]): crate.get("checksum") for crate in locked}


def test_it_is_of_this_package(sbom):
    assert (sbom["bomFormat"], sbom["specVersion"]) == ("CycloneDX", "1.5")
    subject = sbom["metadata"]["component"]
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]
    assert (subject["name"], subject["version"]) == (manifest["name"], manifest["version"])


def test_it_lists_what_a_binary_may_hold_and_nothing_that_is_not_locked(sbom, copy):
    expected = held(copy)
    assert len(expected) > 100
    assert expected <= set(crates(sbom)) <= set(checksums())


def test_every_crate_has_what_identifies_it(sbom):
    locked = checksums()
    for key, component in crates(sbom).items():
        name, version = key
        assert component["purl"].startswith(f"pkg:cargo/{name}@{version}"), component
        sums = {entry["content"] for entry in component["hashes"] if entry["alg"] == "SHA-256"}
        assert sums == {locked[key]}, component
        assert component["licenses"], component
