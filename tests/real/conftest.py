"""The real local model, for all tests of this folder; they are skipped with the reason where its weights cannot be had."""

import pytest

import selftaught as st
from selftaught.engines import weights
from selftaught.errors import OfflineError


@pytest.fixture(scope="session")
def lm():
    try:
        weights.fetch()
    except OfflineError as error:
        pytest.skip(f"the local model is not here: {error}")
    return st.lm("local", threads=1, max_tokens=160)
