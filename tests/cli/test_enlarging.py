"""`synthesize = N` in a task file: off by default, only what is missing, within the budget, told in the report, the same again."""

import json
import zlib

import pytest

from selftaught.budget import Budget
from selftaught.cli import actions
from selftaught.cli.actions import tuning
from selftaught.cli.enlarging import halved
from selftaught.errors import DataError, RunError, SettingError
from selftaught.taskfile import read_task
from selftaught.testing import FakeLM, answer_fields
from tests.test_report import Page

TASK = """
task = "word -> shouted"
instruction = "Do something with the word."
[data]
train = "train.jsonl"
{data}
[lm]
model = "fake"
[metric]
kind = "exact"
[optimizer]
method = "ape"
settings = {{ shots = 4 }}
[budget]
calls = {calls}
"""


def script(messages, **settings):
    asked = answer_fields(messages)
    if asked == ["proposals"]:
        number = zlib.crc32(f"{messages} {settings.get('rollout_id')}".encode()) % 10**6
        return {"proposals": [f"new{number}", "word0", "val3", f"more{number}"]}
    if asked == ["instruction"]:
        return {"instruction": "Say it loudly."}
    shown = any(message["role"] == "assistant" for message in messages)
    return {"shouted": messages[-1]["content"].upper() if shown else "no idea"}


@pytest.fixture
def lm(monkeypatch):
    model = FakeLM(script)
    monkeypatch.setattr(actions, "make_lm", lambda _: model)
    return model


def write(folder, data="", calls=400, train=3, val=20):
    for name, count in (("train", train), ("val", val)):
        rows = [
            {"word": f"{'word' if name == 'train' else 'val'}{i}", "shouted": f"{'WORD' if name == 'train' else 'VAL'}{i}"}
            for i in range(count)
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    path = folder / "shout.toml"
    path.write_text(TASK.format(data=data, calls=calls))
    return path


def kept(folder):
    return json.loads((folder / "runs" / "shout" / "synthesized.json").read_text())


def test_it_is_off_by_default(tmp_path, lm):
    tuning(write(tmp_path, 'val = "val.jsonl"', train=8), resume=True)
    assert not (tmp_path / "runs" / "shout" / "synthesized.json").exists()
    assert not [one for one in lm.requests if answer_fields(one) == ["proposals"]]


def test_only_what_is_missing_is_made_and_none_of_it_stands_in_the_other_sets(tmp_path, lm):
    outcome, _, report = tuning(write(tmp_path, 'val = "val.jsonl"\nsynthesize = 10'), resume=True)
    rows = kept(tmp_path)["rows"]
    assert len(rows) == 7
    assert all(row["shouted"] == row["word"].upper() for row in rows)
    assert not {row["word"] for row in rows} & {*(f"word{i}" for i in range(3)), *(f"val{i}" for i in range(20))}
    page = Page(report.read_text())
    assert "7 of the examples were synthesized" in page.says("verdict")
    assert "Nothing was selected or confirmed on them" in page.says("verdict")
    assert all(row["word"] in page.says("synthesized") for row in rows)
    assert "synthesized" not in page.says("examples")
    assert outcome.confirmed


def test_enough_examples_are_left_as_they_are(tmp_path, lm):
    tuning(write(tmp_path, 'val = "val.jsonl"\nsynthesize = 8', train=8), resume=True)
    assert not [one for one in lm.requests if answer_fields(one) == ["proposals"]]


def test_the_same_command_uses_the_same_examples_and_pays_nothing(tmp_path, lm):
    path = write(tmp_path, 'val = "val.jsonl"\nsynthesize = 10')
    first, _, _ = tuning(path, resume=True)
    paid, rows = lm.calls, kept(tmp_path)
    again, _, _ = tuning(path, resume=True)
    assert lm.calls == paid
    assert kept(tmp_path) == rows
    assert again.winner == first.winner
    with pytest.raises(RunError, match="another run"):
        tuning(write(tmp_path, 'val = "val.jsonl"\nsynthesize = 10', train=4), resume=True)


def test_both_together_stay_within_the_budget_and_half_of_it_is_left_for_tuning(tmp_path, lm):
    tuning(write(tmp_path, 'val = "val.jsonl"\nsynthesize = 200', calls=200), resume=True)
    assert lm.calls <= 200
    made = kept(tmp_path)
    assert made["calls"] <= 100
    assert made["ended"].startswith("the budget ended")
    assert 0 < len(made["rows"]) < 197


def test_without_a_val_file_the_report_warns_that_rows_were_selected_on(tmp_path, lm):
    _, _, report = tuning(write(tmp_path, "synthesize = 24"), resume=True)
    page = Page(report.read_text())
    assert "also among those that candidates were selected and confirmed on" in page.says("verdict")
    assert "synthesized" in page.says("examples")


def test_where_nothing_can_be_made_the_reasons_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(
        actions, "make_lm", lambda _: FakeLM(lambda messages, **settings: {"proposals": ["word0"], "shouted": "x"})
    )
    with pytest.raises(DataError, match="repeats an input"):
        tuning(write(tmp_path, "synthesize = 24"), resume=True)


def test_a_number_below_0_is_refused(tmp_path):
    with pytest.raises(SettingError, match=r"data\.synthesize"):
        read_task(write(tmp_path, "synthesize = -1"))


def test_half_a_budget():
    half = halved(Budget(calls=5, usd=3.0, seconds=10))
    assert half.limits == {"calls": 2, "tokens": None, "usd": 1.5}
    assert half.seconds == 5
    assert halved(Budget(calls=1)).limits["calls"] == 1
