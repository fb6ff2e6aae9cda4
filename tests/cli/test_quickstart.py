"""The quickstart on a scripted model: the story, its files, and that it continues where it broke off."""

import json

import pytest

from selftaught.cli.quickstart import CALLS, TASKS, tell
from selftaught.testing import FakeLM
from tests.cli.scripted import solver

FILES = ("report.html", "summary.json", "program.st")


def test_it_tells_the_whole_story_and_writes_its_files(tmp_path):
    lm = solver()
    summary = tell(tmp_path / "run", quiet=True, lm=lm)
    assert set(summary["tasks"]) == set(TASKS)
    assert summary["calls"]["total"] <= CALLS
    assert summary["judge"]["gate"] == "refused as a metric"
    assert all(parts["raw"] == 1.0 and parts["guarded"] == 0.0 for parts in summary["guards"].values())
    for task in summary["tasks"].values():
        assert task["confirmed"]
        assert task["baseline"]["gold"]["score"] == 0.0
        assert task["tuned"]["gold"]["score"] == 1.0
        assert set(task["tuned"]) >= {"score", "interval", "n"}
    assert all((tmp_path / "run" / name).stat().st_size > 100 for name in FILES)
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["tasks"] == json.loads(json.dumps(summary["tasks"]))


def test_told_again_it_costs_nothing_but_the_last_question(tmp_path):
    tell(tmp_path / "run", quiet=True, lm=solver())
    again = solver()
    tell(tmp_path / "run", quiet=True, lm=again)
    assert again.calls <= 1


def test_interrupted_it_continues(tmp_path):
    left = [150]
    whole = solver()

    def until(messages, **settings):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return whole.backend.function(messages, **settings)

    with pytest.raises(KeyboardInterrupt):
        tell(tmp_path / "run", quiet=True, lm=FakeLM(until, name="scripted"))
    resumed, uninterrupted = solver(), solver()
    after = tell(tmp_path / "run", quiet=True, lm=resumed)
    straight = tell(tmp_path / "other", quiet=True, lm=uninterrupted)
    assert resumed.calls < uninterrupted.calls
    for name in TASKS:
        for which in ("baseline", "tuned"):
            assert after["tasks"][name][which] == straight["tasks"][name][which]
