"""Lets these tests use the helpers of the others, and pytest show what an assertion in them compared."""

import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]

for folder in ("deploy", "proxy", "interop/python"):
    sys.path.insert(0, str(TESTS / folder))
pytest.register_assert_rewrite("commands", "pages", "peers", "proxies", "running")
