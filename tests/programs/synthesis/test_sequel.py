"""A pipeline after another: both are runs of their own, and what comes out is that of one run."""

import json

import pytest

from selftaught.budget import Budget
from selftaught.ledger import Usage
from selftaught.programs import Step
from selftaught.programs.synthesis import Keep, Made, Pipeline, Rows
from selftaught.programs.synthesis.sequel import Sequel, together
from tests.programs.synthesis.instruct_scripts import made, said


class Shouts(Sequel):
    def __init__(self, count=4, wanted=None):
        first = Pipeline(Rows([{"word": f"w{i}"} for i in range(count)], batch=2), [Made(Step("word -> louder"), name="louder")])
        parts = [Made(Step("louder -> shouted"), name="shout"), Keep(lambda row: "1" not in row["shouted"], "no ones")]
        super().__init__(first, parts, wanted=wanted)

    def begun(self, rows):
        return Rows([{"louder": row["louder"]} for row in rows], batch=3), []


def shout(messages, **settings):
    name = "louder" if '"louder"' in str(messages[0]["content"]).rpartition("JSON")[2] else "shouted"
    return {name: said(messages) + "!"}


def test_rows_usage_and_funnel_are_those_of_both(tmp_path):
    found, lm = made(Shouts(), shout, 3, run_dir=tmp_path / "run")
    assert [row["shouted"] for row in found.rows] == ["w0!!", "w2!!", "w3!!"]
    assert found.usage.calls == lm.calls == 8
    assert [(one.name, one.entered) for one in found.funnel][:4] == [("rows", 4), ("louder", 4), ("source", 4), ("shout", 4)]
    assert sum(found.rejected.values()) == 1
    assert found.usage.by_step == {"first.parts[0].program": 4, "parts[0].program": 4}
    assert len((tmp_path / "run" / "first" / "rows.jsonl").read_text().splitlines()) == 4
    assert json.loads((tmp_path / "run" / "rows.jsonl").read_text().splitlines()[0])["values"]["shouted"] == "w0!!"


@pytest.mark.parametrize("calls", range(1, 8))
def test_an_interruption_in_either_is_continued_and_paid_once(tmp_path, calls):
    whole, _ = made(Shouts(), shout, 3)
    part, paid = made(Shouts(), shout, 3, run_dir=tmp_path / "run", budget=Budget(calls=calls))
    assert paid.calls <= calls
    assert part.rows == whole.rows[: len(part.rows)]
    rest, more = made(Shouts(), shout, 3, run_dir=tmp_path / "run")
    assert rest.rows == whole.rows
    assert paid.calls + more.calls == 8


def test_the_first_brings_as_many_as_wanted_and_nothing_is_asked_for_no_rows():
    _, lm = made(Shouts(wanted=2), shout, 1)
    assert lm.calls == 4
    nothing, none = made(Shouts(), shout, 0)
    assert (none.calls, nothing.rows) == (0, [])


def test_unknown_prices_stay_unknown():
    assert together(Usage(calls=1, usd=0.5), Usage(calls=2, usd=0.25)).usd == 0.75
    assert together(Usage(calls=1, usd=None), Usage(calls=2)).usd is None
