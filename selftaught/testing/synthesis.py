"""What must hold of every synthesis pipeline. Subclass it with pytest; `make` builds one that brings at least one row."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import dspy

from selftaught import scope
from selftaught.budget import Budget
from selftaught.errors import CallError
from selftaught.ledger import Ledger
from selftaught.testing.fake import FakeLM, answer_fields
from selftaught.testing.samples import obliging


class SynthesisContract:
    """What must hold of every pipeline.

    `method` names the catalogue entry that these tests stand for; `count`: rows asked for, None until the source ends.
    """

    method: str = ""
    count: int | None = 4

    def make(self) -> Any:
        """Build the pipeline."""
        raise NotImplementedError

    def script(self, messages: list[dict[str, Any]], **settings: Any) -> Any:
        """Answer the pipeline's steps. The default fills every form, and numbers its texts so that they differ."""
        said = obliging(messages, **settings)
        mark = str(zlib.crc32(f"{messages} {settings.get('rollout_id')}".encode()) % 10**6)
        return {name: _numbered(value, mark) for name, value in said.items() if name in answer_fields(messages)}

    def made(self, script: Any = None, **settings: Any) -> tuple[Any, FakeLM]:
        """Run a new pipeline on a scripted model; returns what came out and the model."""
        lm = FakeLM(script or self.script)
        with dspy.context(lm=lm):
            return self.make().run(self.count, progress=False, **settings), lm

    def test_brings_rows_that_say_where_they_come_from(self) -> None:
        found, _ = self.made()
        assert found.rows, found.summary()
        assert self.count is None or len(found.rows) == self.count
        for row in found.rows:
            assert row.steps
            assert row.origin.source

    def test_says_the_same_again(self) -> None:
        assert self.made()[0].rows == self.made()[0].rows

    def test_a_finished_run_runs_again_without_a_call(self, tmp_path: Path) -> None:
        first, _ = self.made(run_dir=tmp_path / "run")
        second, lm = self.made(run_dir=tmp_path / "run")
        assert lm.calls == 0
        assert first.rows == second.rows
        assert first.rejected == second.rejected

    def test_continues_after_its_budget_ended(self, tmp_path: Path) -> None:
        whole, lm = self.made()
        if lm.calls < 2:
            return
        part, paid = self.made(run_dir=tmp_path / "run", budget=Budget(calls=lm.calls // 2))
        assert paid.calls <= lm.calls // 2
        assert part.rows == whole.rows[: len(part.rows)]
        rest, more = self.made(run_dir=tmp_path / "run")
        assert rest.rows == whole.rows
        assert paid.calls + more.calls == lm.calls

    def test_every_step_is_a_named_predictor(self) -> None:
        lm, ledger, pipeline = FakeLM(self.script), Ledger(), self.make()
        with dspy.context(lm=lm), scope.scoped(ledgers=(ledger,)):
            pipeline.run(self.count, progress=False)
        assert {call.step for call in ledger.rows} <= {name for name, _ in pipeline.named_predictors()}

    def test_a_model_that_fails_rejects_rows_and_nothing_else(self) -> None:
        def broken(messages: Any, **settings: Any) -> str:
            raise CallError("the model is broken")

        if not self.make().predictors():
            return
        found, _ = self.made(broken, patience=2)
        assert any(reason.startswith("failed") for _, reason in found.rejected) or not found.rows

    def test_a_model_that_answers_garbage_ends(self) -> None:
        if self.make().predictors():
            found, _ = self.made(lambda messages, **settings: "%% no json here", patience=2)
            assert found.ended


def _numbered(value: Any, mark: str) -> Any:
    """Return a value with a number in every plain text, so that no two answers are the same."""
    if value == "yes":
        return f"yes {mark}"
    return [_numbered(one, f"{mark}{place}") for place, one in enumerate(value)] if isinstance(value, list) else value
