"""`st.serve` refuses what it cannot serve before it listens, and its names are there without the extras."""

import socket

import pytest

import selftaught as st
from selftaught.errors import ArtifactError, SettingError
from selftaught.server import running, serve
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout, obliging


@pytest.mark.parametrize(
    ("given", "said"),
    [({"mcp": "smoke"}, "stdio"), ({"host": "0.0.0.0"}, "open_to_all"), ({"keys": "missing.txt"}, r"missing\.txt"), ({"quue": 3}, "queue"),
     ({"host": "256.1.1.1", "open_to_all": True}, "cannot listen"), ({"port": 99999}, "cannot listen")],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(given, said):
    with pytest.raises(SettingError, match=said):
        serve(st.Predict(Shout), lm=FakeLM(obliging), **{"port": 0, **given})


def test_a_file_that_is_no_program_is_refused(tmp_path):
    with pytest.raises(ArtifactError):
        serve(tmp_path / "missing.st", lm=FakeLM(obliging))


def test_the_names_are_there_without_the_extras_and_serving_says_what_to_install(fresh_process):
    said = fresh_process(
        """
        import sys
        for name in ("fastapi", "uvicorn", "starlette", "mcp"):
            sys.modules[name] = None
        import selftaught as st
        from selftaught.server import ServerSettings, Service, serve
        from selftaught.testing import FakeLM
        from selftaught.testing.samples import Shout, obliging
        for mcp in (None, "stdio"):
            try:
                serve(st.Predict(Shout), lm=FakeLM(obliging), port=0, mcp=mcp)
            except st.errors.SettingError as error:
                print(error)
        """
    )
    http, stdio = said.splitlines()
    assert "selftaught[serve]" in http
    assert "selftaught[mcp]" in stdio


def test_small_answers_are_sent_at_once():
    """Asyncio switches Nagle's algorithm off where the listening socket names TCP; with it each answer waits for 40 ms."""
    with running._listening("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP
