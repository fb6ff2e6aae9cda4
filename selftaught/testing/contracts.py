"""Conformance classes: what must hold of every program, judge, optimizer and engine. Subclass them with pytest.

Each class needs one method that makes the piece under test; `method` names the catalogue entry that these tests stand for.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import random
from pathlib import Path
from typing import Any, ClassVar

import dspy
import pytest

from selftaught import scope
from selftaught.artifact import load, save
from selftaught.budget import Budget
from selftaught.errors import BudgetSpent, CallError, ConnectionFailed, DataError, InputError
from selftaught.evaluation import evaluate
from selftaught.ledger import Ledger
from selftaught.testing.fake import FakeLM, answer_fields
from selftaught.testing.samples import SURVEY_INPUT, Shout, Speak, Survey, content_script, exact, learner, obliging, words


class _Configured:
    """Gives each test a fresh scripted model, restored afterwards."""

    def use(self, script: Any = obliging, **settings: Any) -> FakeLM:
        """Return a model with this script; use it as `with dspy.context(lm=...)`."""
        return FakeLM(script, **settings)


class ProgramContract(_Configured):
    """What must hold of every program."""

    method: str = ""

    def make(self, task: Any) -> dspy.Module:
        """Build the program for a task."""
        raise NotImplementedError

    def inputs(self, task: Any) -> dict[str, Any]:
        """One input of a task."""
        return {"word": "tree"} if task is Shout else dict(SURVEY_INPUT)

    def test_answers_with_the_fields_of_the_task(self) -> None:
        for task in (Shout, Survey):
            with dspy.context(lm=self.use()):
                prediction = self.make(task)(**self.inputs(task))
            for name, field in task.output_fields.items():
                assert name in prediction, f"{name} is missing"
                kind = field.annotation
                if isinstance(kind, type):
                    assert isinstance(prediction[name], kind)

    def test_says_the_same_synchronously_and_asynchronously(self) -> None:
        with dspy.context(lm=self.use()):
            program = self.make(Shout)
            one = program(word="tree")
            other = asyncio.run(program.acall(word="tree"))
        assert {n: one[n] for n in Shout.output_fields} == {n: other[n] for n in Shout.output_fields}

    def test_cost_equals_the_calls_that_the_ledger_counts(self) -> None:
        for script in (obliging, content_script):
            lm, ledger = self.use(script), Ledger()
            with dspy.context(lm=lm), scope.scoped(ledgers=(ledger,)):
                program = self.make(Shout)
                program(word="tree")
            cost = program.cost()
            assert cost.at_least <= ledger.usage.calls + ledger.usage.cached <= cost.at_most
            assert ledger.usage.calls == lm.calls

    def test_never_exceeds_a_budget(self) -> None:
        lm = self.use()
        with dspy.context(lm=lm):
            program = self.make(Shout)
            for limit in range(1, 6):
                before = lm.calls
                with Budget(calls=limit), contextlib.suppress(BudgetSpent):
                    program(word=f"tree{limit}")
                assert lm.calls - before <= limit

    def test_refuses_missing_and_unknown_inputs_before_any_call(self) -> None:
        lm = self.use()
        with dspy.context(lm=lm):
            program = self.make(Shout)
            with pytest.raises(InputError, match="word"):
                program()
            if not isinstance(program, dspy.Predict):
                with pytest.raises(InputError, match="wrod"):
                    program(word="tree", wrod="tree")
        assert lm.calls == 0

    def test_fails_with_a_call_error_and_the_raw_answer_when_the_model_answers_garbage(self) -> None:
        with dspy.context(lm=self.use(lambda messages, **settings: "%% no json here")), pytest.raises(CallError) as caught:
            self.make(Shout)(word="tree")
        assert caught.value.raw == "%% no json here"

    def test_fails_with_a_call_error_when_the_model_is_gone(self) -> None:
        def gone(messages: Any, **settings: Any) -> str:
            raise ConnectionFailed("nobody is there")

        with dspy.context(lm=self.use(gone, retries=0)), pytest.raises(CallError):
            self.make(Shout)(word="tree")

    def test_every_step_is_a_named_predictor(self) -> None:
        lm, ledger = self.use(), Ledger()
        with dspy.context(lm=lm), scope.scoped(ledgers=(ledger,)):
            program = self.make(Shout)
            program(word="tree")
        assert {call.step for call in ledger.rows} <= {name for name, _ in program.named_predictors()}

    def test_works_under_dspy_evaluate(self) -> None:
        with dspy.context(lm=self.use()):
            result = dspy.Evaluate(
                devset=words(4),
                metric=lambda example, prediction, trace=None: "shouted" in prediction,
                num_threads=2,
                display_progress=False,
            )(self.make(Shout))
        assert result.score == 100.0

    def test_appears_in_dspys_trace(self) -> None:
        with dspy.context(lm=self.use(), trace=[]):
            program = self.make(Shout)
            program(word="tree")
            traced = {id(predictor) for predictor, _, _ in dspy.settings.trace}
        assert traced <= {id(predictor) for predictor in program.predictors()}
        assert traced

    def test_answers_alike_after_saving_and_loading(self, tmp_path: Path) -> None:
        with dspy.context(lm=self.use()):
            program = self.make(Shout)
            program.predictors()[0].demos = [dspy.Example(word="a", shouted="A")]
            save(program, tmp_path / "program.st")
            loaded = load(tmp_path / "program.st")
            lm, again = self.use(), self.use()
            with dspy.context(lm=lm):
                before = program(word="tree")
            with dspy.context(lm=again):
                after = loaded(word="tree")
        assert {n: before[n] for n in Shout.output_fields} == {n: after[n] for n in Shout.output_fields}
        assert lm.requests == again.requests

    def test_a_copy_is_independent(self) -> None:
        program = self.make(Shout)
        twin = copy.deepcopy(program)
        twin.predictors()[0].demos = [dspy.Example(word="a", shouted="A")]
        assert program.predictors()[0].demos == []

    def test_a_failed_row_is_missing_data(self) -> None:
        def sometimes(messages: Any, **settings: Any) -> Any:
            return "garbage" if "word3" in str(messages) else obliging(messages, **settings)

        with dspy.context(lm=self.use(sometimes)):
            found = evaluate(self.make(Shout), words(6), lambda example, prediction: 1.0, progress=False)
        assert (found.n, found.failed, found.score) == (5, 1, 1.0)


class JudgeContract(_Configured):
    """What must hold of every judge."""

    method: str = ""

    def make(self, task: Any) -> Any:
        """Build the judge for a task."""
        raise NotImplementedError

    def test_gives_a_verdict_in_range(self) -> None:
        with dspy.context(lm=self.use(content_script)):
            found = self.make(Shout)(word="tree", shouted="TREE")
        assert found.verdict.score is None or 0.0 <= found.verdict.score <= 1.0
        assert found.score == found.verdict.score

    def test_needs_the_outputs_too(self) -> None:
        with dspy.context(lm=self.use()), pytest.raises(InputError, match="shouted"):
            self.make(Shout)(word="tree")

    def test_its_calls_count_as_the_judges(self) -> None:
        ledger = Ledger()
        with dspy.context(lm=self.use(content_script)), scope.scoped(ledgers=(ledger,)):
            self.make(Shout)(word="tree", shouted="TREE")
        assert set(ledger.usage.by_purpose) <= {"judge"}

    def test_cost_equals_the_calls_that_the_ledger_counts(self) -> None:
        ledger, judge = Ledger(), self.make(Shout)
        with dspy.context(lm=self.use(content_script)), scope.scoped(ledgers=(ledger,)):
            judge(word="tree", shouted="TREE")
        assert judge.cost().at_least <= ledger.usage.calls + ledger.usage.cached <= judge.cost().at_most

    def test_is_a_metric_here_and_for_dspy(self) -> None:
        with dspy.context(lm=self.use(content_script)):
            judge = self.make(Shout)
            found = evaluate(_Fixed(), words(3), judge, progress=False)
            scored = judge.metric(words(1)[0], dspy.Prediction(shouted="WORD0"))
        assert found.n + found.failed == 3
        assert 0.0 <= float(scored) <= 1.0
        assert isinstance(scored.feedback, str)

    def test_a_judge_that_always_says_the_same_has_no_information(self) -> None:
        labelled = [dspy.Example(word=f"w{i}", shouted="W", good=i % 2 == 0).with_inputs("word", "shouted") for i in range(12)]
        with dspy.context(lm=self.use()):
            trust = self.make(Shout).trust(labelled)
        assert not trust.informative

    def test_answers_alike_after_saving_and_loading(self, tmp_path: Path) -> None:
        with dspy.context(lm=self.use(content_script)):
            judge = self.make(Shout)
            save(judge, tmp_path / "judge.st")
            assert load(tmp_path / "judge.st")(word="a", shouted="A").verdict == judge(word="a", shouted="A").verdict


class _Fixed(dspy.Module):
    async def aforward(self, word: str) -> dspy.Prediction:
        return dspy.Prediction(shouted=word.upper())


class OptimizerContract(_Configured):
    """What must hold of every optimizer. `ceilings`: budgets in calls that suffice for one candidate, and must hold.

    `inexact`: why an interrupted run is not promised to end alike; only for optimizers with a random state that is not ours.
    """

    method: str = ""
    inexact: str = ""
    ceilings: tuple[int, ...] = (90, 150, 260)

    def make(self) -> Any:
        """Build the optimizer, without a metric."""
        raise NotImplementedError

    def program(self) -> dspy.Module:
        """The program that is tuned."""
        from importlib import import_module

        return import_module("selftaught.programs").Predict(Speak)

    def compile(
        self, run_dir: Path, *, script: Any = learner, calls: int = 600, metric: Any = exact, **settings: Any
    ) -> tuple[Any, FakeLM]:
        """Tune on a simulated model; returns the program and the model."""
        lm = self.use(script)
        data = words(48)
        with dspy.context(lm=lm):
            tuned = self.make().compile(
                self.program(),
                trainset=data[:8],
                valset=data[8:],
                metric=metric,
                budget=Budget(calls=calls),
                run_dir=run_dir,
                progress=False,
                **settings,
            )
        return tuned, lm

    def test_finds_a_real_gain(self, tmp_path: Path) -> None:
        tuned, _ = self.compile(tmp_path / "run")
        assert tuned.tuning.confirmed, tuned.tuning.reason
        assert tuned.tuning.tuned.score > tuned.tuning.baseline.score

    def test_returns_the_baseline_where_nothing_helps(self, tmp_path: Path) -> None:
        def hopeless(messages: Any, **settings: Any) -> dict[str, Any]:
            if answer_fields(messages) == ["instruction"]:
                return learner(messages, **settings)
            word = str(messages[-1]["content"])
            return {"shouted": word.upper() if random.Random(word).random() < 0.5 else word}

        tuned, _ = self.compile(tmp_path / "run", script=hopeless)
        assert not tuned.tuning.confirmed
        before = self.program()
        assert [p.signature.instructions for p in tuned.predictors()] == [p.signature.instructions for p in before.predictors()]
        assert all(not p.demos for p in tuned.predictors())

    def test_never_exceeds_its_budget(self, tmp_path: Path) -> None:
        for calls in self.ceilings:
            _, lm = self.compile(tmp_path / f"run{calls}", calls=calls)
            assert lm.calls <= calls

    def test_a_finished_run_runs_again_without_a_call(self, tmp_path: Path) -> None:
        first, _ = self.compile(tmp_path / "run")
        second, lm = self.compile(tmp_path / "run")
        assert lm.calls == 0
        assert _essence(first) == _essence(second)

    def test_interrupted_equals_uninterrupted(self, tmp_path: Path) -> None:
        if self.inexact:
            pytest.skip(self.inexact)
        whole, lm = self.compile(tmp_path / "whole")
        for stop_after in (lm.calls // 4, lm.calls // 2, lm.calls - 5):
            folder, paid = tmp_path / f"stopped{stop_after}", 0
            with pytest.raises(_PulledPlug):
                self.compile(folder, script=_until(stop_after), concurrency=1)
            paid += stop_after
            resumed, again = self.compile(folder, concurrency=1)
            assert _essence(resumed) == _essence(whole)
            assert paid + again.calls == lm.calls

    def test_the_same_seed_gives_the_same_program(self, tmp_path: Path) -> None:
        assert _essence(self.compile(tmp_path / "a", seed=3)[0]) == _essence(self.compile(tmp_path / "b", seed=3)[0])

    def test_refuses_too_little_data(self, tmp_path: Path) -> None:
        with dspy.context(lm=self.use(learner)), pytest.raises(DataError):
            self.make().compile(self.program(), trainset=[], metric=exact, run_dir=tmp_path)

    def test_failing_calls_are_missing_data(self, tmp_path: Path) -> None:
        def shaky(messages: Any, **settings: Any) -> Any:
            return "garbage" if "word1" in str(messages[-1]["content"]) else learner(messages, **settings)

        tuned, _ = self.compile(tmp_path / "run", script=shaky)
        assert tuned.tuning.baseline.failed + tuned.tuning.baseline.n == 20


class _PulledPlug(BaseException):
    """Stands for the end of the process: no code of ours catches it."""


def _until(calls: int) -> Any:
    left = [calls]

    def script(messages: Any, **settings: Any) -> Any:
        if left[0] == 0:
            raise _PulledPlug
        left[0] -= 1
        return learner(messages, **settings)

    return script


def _essence(program: Any) -> str:
    outcome = program.tuning
    figures = [[one.candidate.key, one.score, one.rows] for one in outcome.standings]
    told = {
        "winner": outcome.winner.to_dict(),
        "confirmed": outcome.confirmed,
        "scores": [outcome.baseline.score, outcome.tuned.score],
        "standings": figures,
    }
    return json.dumps(told, sort_keys=True)


class EngineContract:
    """What must hold of every chat server (an engine's inside): `make` returns one that answers anything with text."""

    def make(self) -> Any:
        """Build the server."""
        raise NotImplementedError

    BODY: ClassVar[dict[str, Any]] = {
        "model": "any",
        "messages": [{"role": "user", "content": "Say one word."}],
        "max_tokens": 8,
        "temperature": 0.0,
    }

    def test_answers_in_openais_form(self) -> None:
        answer = asyncio.run(self.make().chat(dict(self.BODY)))
        assert isinstance(answer["choices"][0]["message"]["content"], str)
        assert answer["usage"]["completion_tokens"] <= 8

    def test_serves_as_an_engine_of_dspy(self) -> None:
        from selftaught.engines import AsyncChatEngine, ChatEngine

        server = self.make()
        lm = dspy.LM("custom/model", engine=ChatEngine(server), async_engine=AsyncChatEngine(server), cache=False, max_tokens=8)
        assert isinstance(lm("Say one word.")[0], str)
        assert isinstance(asyncio.run(lm.acall("Say one word."))[0], str)

    def test_answers_many_requests_at_once(self) -> None:
        async def many() -> list[Any]:
            server = self.make()
            try:
                return await asyncio.gather(*(server.chat(dict(self.BODY)) for _ in range(12)))
            finally:
                await server.aclose()

        assert len(asyncio.run(many())) == 12
