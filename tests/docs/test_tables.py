"""The tables of flags are those of the help: nothing is missing, nothing is more, and the defaults agree."""

import pytest
from pages import page, rows, section
from test_names import flags

WAYS = {"wilbur": ("docs/from-wilbur.md", "Flag by flag"), "cirrus": ("docs/from-cirrus.md", "Key by key")}


@pytest.mark.parametrize("command", WAYS)
def test_every_flag_of_a_reference_server_has_its_row(command):
    table = {flag.strip("`"): default.strip("`") for flag, default, *_ in rows(section(*WAYS[command]))}
    assert table == {f"--{flag}": default for flag, default in flags(command).items()}


@pytest.mark.parametrize("command", WAYS)
def test_the_keys_of_ours_are_there(command):
    ours = {row[2].strip("`") for row in rows(section(*WAYS[command]))} - {"–"}
    assert ours <= set(flags("serve")) and len(ours) > 15


def test_what_is_not_in_force_is_said_so():
    table = {row[0].strip("`"): row[3] for row in rows(section(*WAYS["wilbur"]))}
    idle = {flag for flag, note in table.items() if "not in force yet" in note}
    text = page("docs/pixelgate.toml")
    said = {line.lstrip("# ").partition(" = ")[0] for line in text.split("\n") if "not in force yet" in line}
    assert {flag.strip("-").replace("_", "-") for flag in idle} == said


def test_the_defaults_of_the_readme():
    known = flags("serve")
    table = {row[0].strip("`-"): row[1].strip("`") for row in rows(section("README.md", "Listeners"))}
    assert len(table) == 7
    assert table == {flag: known[flag] for flag in table}
