"""Lets pytest show what an assertion in the helpers compared."""

import pytest

pytest.register_assert_rewrite("gateway", "peer", "stage", "transcript", "transports")
