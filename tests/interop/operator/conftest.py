"""Lets these tests use the helpers of the peers' tests."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
pytest.register_assert_rewrite("gateway", "peer", "stage", "transports")
