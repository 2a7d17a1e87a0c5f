"""The page that tells how to deploy: what it names is there."""

import re

from running import ROOT

TEXT = (ROOT / "deploy/README.md").read_text()


def test_every_file_that_it_names_is_there():
    named = set(re.findall(r"\bdeploy/[\w/.]+\w|\bdocker/[\w.]+\w", TEXT))
    assert len(named) >= 4
    for name in named:
        assert (ROOT / name).exists() or (ROOT / "deploy" / name).exists(), name


def test_it_names_the_cargo_deb_of_the_tests():
    pinned = re.search(r"CARGO_DEB_VERSION=(\S+)", (ROOT / "tests/run").read_text())[1]
    assert f"cargo-deb --version {pinned}\n" in TEXT


def test_it_names_the_exposure_that_is_allowed():
    allowed = re.search(r"^EXPOSURE = (\d+)$", (ROOT / "tests/deploy/test_debian.py").read_text(), re.MULTILINE)[1]
    assert f"the tests allow {int(allowed) / 10}." in TEXT
