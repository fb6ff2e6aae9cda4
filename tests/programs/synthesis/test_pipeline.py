"""The pipeline: order, gates, resume after a kill, budget, stalls, and rows that cannot be trusted."""

import asyncio
import json
import random
import signal
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path

import dspy
import pytest

from selftaught import Budget
from selftaught.errors import ConnectionFailed, DataError, PackageMissing, RunError, SettingError
from selftaught.programs import Step
from selftaught.programs.judge.base import Judge
from selftaught.programs.synthesis import Change, Distinct, Judged, Keep, Made, Novel, Pipeline, Row, Rows, Source
from selftaught.programs.synthesis.executor import executor_of
from selftaught.programs.synthesis.row import Origin
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM


def rows(count):
    return [{"word": f"word {i}"} for i in range(count)]


def shouting(messages, **settings):
    return {"shouted": str(messages[-1]["content"]).upper()}


def shouted(count=20, batch=6):
    return Pipeline(
        Rows(rows(count), batch=batch),
        [
            Made(Step("word -> shouted"), name="shout"),
            Keep(lambda row: not row["word"].endswith("3"), "no threes"),
            Distinct("shouted"),
        ],
    )


def run(pipeline, script=shouting, *args, **settings):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return pipeline.run(*args, progress=False, **settings), lm


def test_rows_come_out_in_order_with_their_way_and_reasons():
    found, lm = run(shouted())
    assert [row["shouted"] for row in found.rows] == [f"WORD {i}" for i in range(20) if i % 10 != 3]
    assert lm.calls == 20
    assert found.rows[0].steps == ("shout", "no threes", "distinct")
    assert found.rejected == {("no threes", "no threes"): 2}
    assert [(one.name, one.entered) for one in found.funnel] == [("rows", 20), ("shout", 20), ("no threes", 20), ("distinct", 18)]
    assert found.ended == "the source ended"


def test_what_comes_out_does_not_depend_on_which_answer_is_first():
    async def slow(messages, **settings):
        await asyncio.sleep(random.random() / 100)
        return {"shouted": str(messages[-1]["content"])[:4]}  # every row says the same: the first in order must win

    for _ in range(3):
        found, _ = run(shouted(), slow)
        assert [row["word"] for row in found.rows] == ["word 0"]


def test_no_more_rows_are_in_flight_than_allowed():
    running = most = 0

    async def counting(messages, **settings):
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0.002)
        running -= 1
        return shouting(messages)

    run(shouted(batch=20), counting, concurrency=4)
    assert most == 4


def test_a_finished_run_is_read_from_disk_and_pays_nothing(tmp_path):
    first, lm = run(shouted(), run_dir=tmp_path / "run")
    second, again = run(shouted(), run_dir=tmp_path / "run")
    assert (lm.calls, again.calls) == (20, 0)
    assert first.rows == second.rows
    assert first.funnel == second.funnel
    written = [json.loads(line) for line in (tmp_path / "run" / "rows.jsonl").read_text().splitlines()]
    assert [Row.from_dict(one) for one in written] == first.rows
    reasons = [json.loads(line) for line in (tmp_path / "run" / "rejected.jsonl").read_text().splitlines()]
    assert {(one["by"], one["values"]["word"]) for one in reasons} == {("no threes", "word 3"), ("no threes", "word 13")}


def test_another_pipeline_in_the_same_folder_is_refused(tmp_path):
    run(shouted(), run_dir=tmp_path / "run")
    other = Pipeline(Rows(rows(3)), [Made(Step("word -> shouted"), name="shout")])
    with pytest.raises(RunError, match="another run"):
        run(other, run_dir=tmp_path / "run")


@pytest.mark.parametrize(
    "other",
    [
        lambda: Pipeline(Rows(rows(19), batch=6), shouted().parts),
        lambda: Pipeline(Rows(rows(20), batch=5), shouted().parts),
        lambda: Pipeline(Rows(rows(20), batch=6), [*shouted().parts[:2], Distinct("word")]),
        lambda: Pipeline(Rows(rows(20), batch=6), [Made(Step("word -> shouted"), temperature=0.5, name="shout"), *shouted().parts[1:]]),
        lambda: Pipeline(Rows(rows(20), batch=6), shouted().parts, seeds=[Row({"shouted": "x"})]),
    ],
)  # fmt: skip
def test_a_pipeline_with_other_settings_does_not_continue_a_run(tmp_path, other):
    run(shouted(), run_dir=tmp_path / "run")
    assert len(run(shouted(), run_dir=tmp_path / "run")[0]) == 18
    with pytest.raises(RunError, match="another run"):
        run(other(), run_dir=tmp_path / "run")


def test_the_same_pipeline_twice_begins_with_empty_gates():
    pipeline = shouted()
    assert len(run(pipeline)[0]) == len(run(pipeline)[0]) == 18


def test_when_the_budget_ends_what_was_accepted_is_returned_and_more_continues(tmp_path):
    whole, lm = run(shouted())
    part, paid = run(shouted(), run_dir=tmp_path / "run", budget=Budget(calls=9))
    assert part.ended.startswith("the budget ended")
    assert part.rows == whole.rows[: len(part.rows)]
    assert 0 < len(part.rows) < len(whole.rows)
    rest, more = run(shouted(), run_dir=tmp_path / "run")
    assert rest.rows == whole.rows
    assert paid.calls + more.calls == lm.calls


@pytest.mark.parametrize("count", [0, 1, 7, 18])
def test_no_more_rows_than_asked_for_and_a_larger_count_goes_on(tmp_path, count):
    some, _ = run(shouted(), shouting, count, run_dir=tmp_path / "run")
    assert len(some) == count
    assert len((tmp_path / "run" / "rows.jsonl").read_text().splitlines() if count else []) == count
    whole, _ = run(shouted(), run_dir=tmp_path / "run")
    assert whole.rows == run(shouted())[0].rows


SCRIPT = """
    import sys, os, signal, dspy
    from selftaught.testing import FakeLM
    from tests.programs.synthesis.test_pipeline import learning, shouting
    left = [int(sys.argv[2])]
    def script(messages, **settings):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return learned(messages, **settings)
    from tests.programs.synthesis.test_pipeline import learned
    with dspy.context(lm=FakeLM(script)):
        learning().run(30, run_dir=sys.argv[1], progress=False, concurrency=1)
"""


def learned(messages, **settings):
    return {"text": str(messages[-1]["content"])[-30:] + " more"}


class FromAccepted(Source):
    """Shows what was accepted so far: what it begins depends on all before it."""

    name, learns = "accepted", True

    def begin(self, number, accepted, seed):
        draws = random.Random(f"{seed} {number}")
        return [
            Row(
                {"seen": draws.choice(["a b", *(row["text"] for row in accepted)]) + f" {number}.{i}"},
                Origin(self.name, number, (i,)),
            )
            for i in range(5)
        ]


def learning():
    return Pipeline(
        FromAccepted(),
        [
            Made(Step("seen -> text"), name="tell"),
            Keep(lambda row: zlib.crc32(row["text"].encode()) % 4 > 0, "length"),
            Novel("text", 0.8),
        ],
    )


@pytest.mark.parametrize("killed_after", [1, 7, 23])
def test_a_kill_at_any_moment_loses_nothing_and_changes_nothing(tmp_path, killed_after):
    whole, lm = run(learning(), learned, 30)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(tmp_path / "run"), str(killed_after)],
        cwd=Path.cwd(),
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    rest, more = run(learning(), learned, 30, run_dir=tmp_path / "run")
    assert rest.rows == whole.rows
    assert rest.rejected == whole.rejected
    assert more.calls == lm.calls - killed_after


def test_another_seed_draws_others():
    assert run(learning(), learned, 10, seed=1)[0].rows != run(learning(), learned, 10)[0].rows


def test_a_model_that_repeats_itself_is_a_stall_and_no_endless_loop():
    found, lm = run(learning(), lambda messages, **settings: {"text": "always the very same"}, 30, patience=3)
    assert found.ended == "stalled: 3 rounds in a row brought nothing new"
    assert len(found) == 1
    assert lm.calls == 20


def test_a_failed_call_rejects_its_row_with_the_reason():
    def sometimes(messages, **settings):
        return "garbage" if messages[-1]["content"] == "word 2" else shouting(messages)

    found, _ = run(shouted(5), sometimes)
    assert [row["word"] for row in found.rows] == ["word 0", "word 1", "word 4"]
    assert found.rejected["shout", "failed: AnswerError"] == 1


def gone_after(answers):
    """A model that can be reached for so many calls."""
    left = [answers]

    def script(messages, **settings):
        left[0] -= 1
        if left[0] < 0:
            raise ConnectionFailed("nobody is there")
        return shouting(messages)

    return script


def test_a_model_that_is_gone_costs_no_row_and_the_same_call_goes_on(tmp_path):
    whole, lm = run(shouted())
    with dspy.context(lm=FakeLM(gone_after(8), retries=0)):
        part = shouted().run(run_dir=tmp_path / "run", progress=False)
    assert part.ended.startswith("the model could not be reached")
    assert part.rows == whole.rows[: len(part.rows)] != []
    assert not any(reason.startswith("failed") for _, reason in part.rejected)
    rest, more = run(shouted(), run_dir=tmp_path / "run")
    assert rest.rows == whole.rows
    assert more.calls == lm.calls - 8


def test_a_model_that_was_never_there_is_an_error_and_no_empty_result():
    with dspy.context(lm=FakeLM(gone_after(0), retries=0)), pytest.raises(ConnectionFailed, match="nobody is there"):
        shouted().run(progress=False)


def test_an_error_of_ours_flies_and_what_was_accepted_before_is_kept(tmp_path):
    def breaks(row):
        if row["word"] == "word 8":
            raise ZeroDivisionError("a bug in a filter")
        return True

    pipeline = Pipeline(Rows(rows(20), batch=6), [Made(Step("word -> shouted"), name="shout"), Keep(breaks, "check")])
    with pytest.raises(ZeroDivisionError):
        run(pipeline, run_dir=tmp_path / "run")
    assert len((tmp_path / "run" / "rows.jsonl").read_text().splitlines()) == 6


def test_a_row_may_become_several_and_each_has_its_place():
    pipeline = Pipeline(
        Rows(rows(2)), [Made(Step("word -> parts: list[str]"), split="parts", rename={"parts": "part"}, name="split")]
    )
    found, _ = run(pipeline, lambda messages, **settings: {"parts": ["x", "y"]})
    assert [(row["word"], row["part"], row.origin.place) for row in found.rows] == [
        ("word 0", "x", (0, 0)), ("word 0", "y", (0, 1)), ("word 1", "x", (1, 0)), ("word 1", "y", (1, 1)),
    ]  # fmt: skip
    with pytest.raises(SettingError, match="split"):
        Made(Step("word -> parts"), split="part")


def test_a_temperature_draws_another_sample_for_every_row():
    seen = []

    def script(messages, **settings):
        seen.append((settings["rollout_id"], settings["temperature"]))
        return {"shouted": "x"}

    run(Pipeline(Rows([{"word": "same"}] * 3), [Made(Step("word -> shouted"), temperature=0.9)]), script)
    assert [warm for _, warm in seen] == [0.9] * 3
    assert len({rollout for rollout, _ in seen}) == 3


class Length(Judge):
    async def verdict(self, inputs, outputs):
        return Verdict(score=None if "?" in outputs["shouted"] else min(1.0, len(outputs["shouted"]) / 10))


def test_a_judge_filters_by_its_score_and_writes_it_down():
    def script(messages, **settings):
        return {"shouted": {"word 0": "?", "word 1": "short", "word 2": "long enough"}[messages[-1]["content"]]}

    parts = [Made(Step("word -> shouted"), name="shout"), Judged(Length("word -> shouted"), least=0.8)]
    found, _ = run(Pipeline(Rows(rows(3)), parts), script)
    assert [(row["word"], row.scores) for row in found.rows] == [("word 2", {"length": 1.0})]
    assert found.rejected == {("length", "no score"): 1, ("length", "score below 0.8"): 1}


def test_rows_with_nul_and_surrogates_come_through(tmp_path):
    odd = [{"word": "a\x00b"}, {"word": "\ud800"}, {"word": "é\u2028"}]
    found, _ = run(
        Pipeline(Rows(odd), [Change(lambda row: row.with_values(text=row["word"] * 2), "double")]), run_dir=tmp_path / "run"
    )
    assert [row["text"] for row in found.rows] == [one["word"] * 2 for one in odd]
    again, _ = run(
        Pipeline(Rows(odd), [Change(lambda row: row.with_values(text=row["word"] * 2), "double")]), run_dir=tmp_path / "run"
    )
    assert again.rows == found.rows


def test_seeds_are_known_to_gates_and_do_not_come_out():
    pipeline = Pipeline(Rows(rows(3)), [Distinct("word")], seeds=[Row({"word": "WORD 1!"})])
    assert [row["word"] for row in run(pipeline)[0].rows] == ["word 0", "word 2"]


def test_rows_are_examples_of_a_task():
    found, _ = run(shouted(3))
    (first, *_) = found.examples("text -> shouted", rename={"text": "word"})
    assert (first.text, first.shouted, list(first.inputs().keys())) == ("word 0", "WORD 0", ["text"])
    with pytest.raises(DataError, match="lacks 'other'"):
        found.examples("word -> other")


@pytest.mark.parametrize(
    "build",
    [
        lambda: Rows([]),
        lambda: Rows(["text"]),
        lambda: Pipeline("rows", []),
        lambda: Pipeline(Rows(rows(1)), [print]),
        lambda: Pipeline(Rows(rows(1)), [Keep(bool, "one"), Keep(bool, "one")]),
        lambda: learning().run(),
        lambda: shouted().run(-1),
        lambda: shouted().run(concurrency=0),
    ],
)
def test_what_makes_no_pipeline_is_refused(build):
    with pytest.raises(SettingError):
        build()


def test_cost_and_predictors_are_those_of_its_stages():
    assert shouted().cost().at_most == 1
    assert [name for name, _ in shouted().named_predictors()] == ["parts[0].program"]


def test_an_executor_that_is_none_or_not_installed_is_refused(monkeypatch):
    for given in ("rays", None, 3):
        with pytest.raises(SettingError, match="executor"):
            executor_of(given)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(PackageMissing, match=r"selftaught\[ray\]"):
        executor_of("ray")
