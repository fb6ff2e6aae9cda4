"""A pipeline on a Ray cluster of two workers: the same rows, the same calls, whatever dies. `make test-ray` installs Ray."""

import asyncio
import os
import signal
import threading
from pathlib import Path

import dspy
import pytest

import selftaught as st
from selftaught.errors import BudgetError, CallError, RunError, SettingError
from selftaught.ledger import Ledger
from selftaught.programs.synthesis import Change, Distinct, Judged, Keep, Made, Novel, Pipeline, Rows
from selftaught.testing import FakeLM
from tests.programs.synthesis.scripts import answering

TOPICS = [{"topic": f"{word} {number}"} for number, word in enumerate(["rain", "moon", "bread", "glass", "wool", "iron"] * 2)]


def script(messages, **settings):
    said = answering(
        riddle=lambda text, number: f"What is {number}?", verdict="yes", fulfilled="yes", score=9, passed="yes", answer="yes"
    )(messages, **settings)
    if "iron 5" in str(messages[-1]["content"]) and "riddle" in said:
        raise CallError("no answer")
    return said


def pipeline(*more):
    return Pipeline(
        Rows(TOPICS, batch=4),
        [
            Distinct("topic"), *more, Made("topic -> riddle: str", name="riddle", temperature=0.7), Novel("riddle", 1.0),
            Judged(st.judges.Verify("topic -> riddle", both_ways=False, odds=False), least=None, name="judge"),
            Keep(lambda row: "4" not in row["riddle"] or "no 4", "without a 4"),
        ],
    )  # fmt: skip


def made(executor, *more, **settings):
    """Run the pipeline; returns what came of it, the model, and the ledger's rows without their times."""
    lm, ledger = FakeLM(script), Ledger()
    with dspy.context(lm=lm), st.scope.scoped(ledgers=(ledger,)):
        found = pipeline(*more).run(progress=False, executor=executor, **settings)
    calls = sorted((call.step, call.purpose, call.key, call.cached, bool(call.error)) for call in ledger.rows)
    return found, lm, calls


ray = pytest.importorskip("ray", reason="ray is not installed: make test-ray")


@pytest.fixture(scope="module")
def cluster():
    from selftaught.programs.synthesis.ray_cluster import RayCluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield RayCluster(workers=2)
    ray.shutdown()


def test_rows_reasons_and_calls_are_those_of_this_process(cluster):
    here, there = made("here"), made(cluster)
    assert here[0].rows
    assert there[0].rows == here[0].rows
    assert there[0].rejected == here[0].rejected
    assert [one.entered for one in there[0].funnel] == [one.entered for one in here[0].funnel]
    assert there[1].calls == here[1].calls
    assert there[2] == here[2]  # one ledger, with the same steps and purposes


def test_what_holds_around_the_run_holds_in_the_workers(cluster):
    with st.scope.scoped(purpose="optimizer", label="trial 3"), st.scope.resampled("again", 0.9):
        here, there = made("here"), made(cluster)
    assert there[0].rows == here[0].rows
    assert there[2] == here[2]
    assert {purpose for _, purpose, *_ in there[2]} == {"optimizer", "judge"}


def test_stages_run_elsewhere_and_models_here(cluster):
    found, _, _ = made(cluster, Change(lambda row: row.with_values(process=os.getpid()), "where"))
    assert {row["process"] for row in found.rows}.isdisjoint({os.getpid()})
    assert len({row["process"] for row in found.rows}) == 2


def test_a_killed_worker_loses_nothing_and_nothing_is_paid_twice(cluster, tmp_path):
    mark = tmp_path / "killed"

    def deadly(row):
        if row["topic"] == "glass 3" and not mark.exists():
            Path(mark).write_text("x")
            os.kill(os.getpid(), signal.SIGKILL)
        return row

    here = made("here")
    there = made(cluster, Change(deadly, "deadly"), run_dir=tmp_path / "run")
    assert mark.exists()
    assert [row.values for row in there[0].rows] == [row.values for row in here[0].rows]
    assert there[1].calls == here[1].calls


def test_a_worker_killed_after_its_call_finds_the_answer_on_disk(cluster, tmp_path):
    mark = tmp_path / "killed"

    class Deadly(Made):
        async def run(self, row):
            found = await super().run(row)
            if row["topic"] == "bread 2" and not mark.exists():
                Path(mark).write_text("x")
                os.kill(os.getpid(), signal.SIGKILL)
            return found

    lm = FakeLM(script)
    with dspy.context(lm=lm):
        parts = [Deadly("topic -> riddle: str", name="riddle")]
        found = Pipeline(Rows(TOPICS, batch=4), parts).run(progress=False, executor=cluster, run_dir=tmp_path / "run")
    assert mark.exists()
    assert len(found.rows) == len(TOPICS) - 1
    assert lm.calls == len(TOPICS)


def test_a_row_that_kills_every_worker_is_rejected_and_costs_no_other(cluster):
    def poisonous(row):
        if row["topic"] == "glass 3":
            os.kill(os.getpid(), signal.SIGKILL)
        return row

    here, there = made("here")[0], made(cluster, Change(poisonous, "poisonous"))[0]
    assert there.rejected["poisonous", "failed: its worker died"] == 1
    assert [row["topic"] for row in there.rows] == [row["topic"] for row in here.rows if row["topic"] != "glass 3"]


def test_the_budget_is_one_and_a_run_goes_on_here_or_there(cluster, tmp_path):
    whole = made("here")
    part = made(cluster, run_dir=tmp_path / "run", budget=st.Budget(calls=9))
    assert part[1].calls <= 9
    assert part[0].ended.startswith("the budget ended")
    rest = made("here", run_dir=tmp_path / "run")
    assert rest[0].rows == whole[0].rows
    assert part[1].calls + rest[1].calls == whole[1].calls
    again = made(cluster, run_dir=tmp_path / "run")
    assert (again[0].rows, again[1].calls) == (whole[0].rows, 0)


def test_no_key_leaves_this_process(cluster):
    from selftaught.programs.synthesis.ray_cluster import _sent
    from selftaught.programs.synthesis.relay import Models

    secret = "sk-planted-secret-1234567890"
    own = st.lm("stub", api_base="http://127.0.0.1:9/v1", api_key=secret)
    stage = Made("topic -> riddle: str", name="riddle")
    stage.program.set_lm(own) if hasattr(stage.program, "set_lm") else None
    with dspy.context(lm=dspy.LM("openai/stub", api_key=secret, api_base="http://127.0.0.1:9/v1")):
        models = Models()
        assert secret.encode() not in _sent(Pipeline(Rows(TOPICS), [stage]), models, None)
    assert len(models.known) == 2


def test_a_cluster_that_is_none_or_too_small_is_refused(cluster):
    from selftaught.programs.synthesis.ray_cluster import RayCluster

    with pytest.raises(SettingError, match="processors"):
        made(RayCluster(workers=64))
    for settings in ({"address": "127.0.0.1:1"}, {"workers": 0}):
        with pytest.raises(SettingError, match=next(iter(settings))):
            RayCluster(**settings)


def test_an_exchange_that_dies_ends_the_run_and_the_same_call_goes_on(cluster, tmp_path):
    mark = tmp_path / "killed"

    class Deadly(Made):
        async def run(self, row):
            if row["topic"] == "wool 4" and not mark.exists():
                Path(mark).write_text("x")
                ray.kill(dspy.settings.lm.ask.exchange)
            return await super().run(row)

    def again():
        lm = FakeLM(script)
        with dspy.context(lm=lm):
            parts = [Deadly("topic -> riddle: str", name="riddle")]
            return Pipeline(Rows(TOPICS, batch=4), parts).run(progress=False, executor=cluster, run_dir=tmp_path / "run"), lm

    with pytest.raises(RunError, match="the same call"):
        again()
    found, lm = again()
    assert len(found.rows) == len(TOPICS) - 1
    assert lm.calls <= len(TOPICS) - 4  # the first round is on disk


def test_what_cannot_be_sent_is_refused_by_name(cluster):
    lock = threading.Lock()
    with pytest.raises(SettingError, match="cannot be sent"):
        made(cluster, Keep(lambda row: not lock.locked(), "locked"))


def test_a_broken_budget_and_a_broken_stage_end_the_run_as_they_do_here(cluster):
    with pytest.raises(BudgetError), dspy.context(lm=FakeLM(script, max_tokens=None)):
        pipeline().run(progress=False, executor=cluster, budget=st.Budget(tokens=100))
    for where in ("here", cluster):
        with pytest.raises(ZeroDivisionError):
            made(where, Change(lambda row: 1 // 0, "broken"))


def test_waiting_for_answers_is_done_together(cluster):
    at_once, most = 0, 0

    async def slow(messages, **settings):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.2)
        at_once -= 1
        return script(messages, **settings)

    with dspy.context(lm=FakeLM(slow)):
        Pipeline(Rows(TOPICS), [Made("topic -> riddle: str", name="riddle")]).run(progress=False, executor=cluster)
    assert most == len(TOPICS)
