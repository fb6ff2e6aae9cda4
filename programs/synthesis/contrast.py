"""Contrasts: pairs of a stronger and a weaker way of answering.

052 (Tong et al., 2024): the newer model against the older one, kept where the newer one itself finds its answer better. For a few
labelled and many unlabelled questions. Nothing guarantees that the newer one is right: style can pass for progress.
059 (Ranaldi and Freitas, 2024): an answer reasoned step by step that is right, against the plain answer; where none is right, the
teacher's. Where both are right, length is what is learned: watch it.

1. Answer each input by `strong`, and once by `weak`.
2. With `verify`, only a right answer can be chosen; where none is right, one of `teacher` is, if that is right.
3. Pair the first that can be chosen with the weak answer, or else with a wrong one. The same text makes no pair.
4. With `confirm`, keep the pair where the judge prefers the chosen answer, in both orders.

Departures: (1) models are whatever modules are given; by default the strong one reasons first and, for 052, sees the labelled
examples as demonstrations, which stands for training on them; the weak one answers at once. (2) The teacher's own right
answers, as rows to train on, are `SampleVerifyKeep(examples, sampler=teacher)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.errors import DataError
from selftaught.programs.base import Calls
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.pairwise import Pairwise
from selftaught.programs.reason import Reasoned
from selftaught.programs.step import Predict
from selftaught.programs.synthesis.candidates import Answers, Sampled, candidates_of, with_candidates
from selftaught.programs.synthesis.checks import GOLD, Check, Checked, Verify
from selftaught.programs.synthesis.pairs import PairBuilder
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.registry import method
from selftaught.signatures import Task, as_task

TEACHER = "teacher"


@method(59, "self-refine-it", family="self-training", missing="training")
class ContrastPairs(PairBuilder):
    """Pair right answers of a stronger way of answering with those of a weaker one.

    A row holds what `PairBuilder` says; `source_chosen` is `own` or `teacher`.

    Args:
        examples: dictionaries or examples with the task's inputs, and its outputs where `verify` needs them.
        task: what is answered.
        strong: answers that may be chosen; by default a step that reasons first.
        weak: answers that are rejected; by default a step that answers at once.
        teacher: answers where no strong answer is right; none by default.
        samples: of `strong`.
        temperature: of them.
        verify: see `Check`; None lets every strong answer be chosen.
        confirm: a judge that must prefer the chosen answer.
        batch: inputs a round.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *, strong: dspy.Module | None = None,
        weak: dspy.Module | None = None, teacher: dspy.Module | None = None, samples: int = 4, temperature: float = 0.7,
        verify: Verify | None = GOLD, confirm: Judge | None = None, batch: int = 64,
    ) -> None:  # fmt: skip
        task = as_task(task)
        super().__init__(
            examples, task, sampler=strong, against=weak or Predict(task), samples=samples, temperature=temperature,
            verify=verify,
            choose="contrast", confirm=confirm, batch=batch,
        )  # fmt: skip
        checked = next((part for part in self.parts if isinstance(part, Checked)), None)
        if teacher is not None and checked is not None:
            self.parts.insert(-1, Taught(task, checked.check, teacher))  # 2


@method(52, "self-reinforcement", family="self-training", missing="training")
class SelfReinforcement(ContrastPairs):
    """Pair a newer model's answers with an older one's, where the newer one finds its own better.

    Args:
        examples: dictionaries or examples with the task's inputs, without labels.
        task: what is answered.
        labelled: examples with labels, which the strong model is shown; none of them may be among `examples`.
        strong: the newer model; by default a step that reasons first and sees the labelled examples.
        weak: the older one; by default a step that answers at once, without them.
        confirm: decides which is better; the strong model by default, asked in both orders.
        batch: inputs a round.

    Raises:
        DataError: a labelled example is among the unlabelled ones.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *, labelled: Sequence[Mapping[str, Any]] = (),
        strong: dspy.Module | None = None, weak: dspy.Module | None = None, confirm: Judge | None = None, batch: int = 64,
    ) -> None:  # fmt: skip
        task = as_task(task)
        answers = Answers(task)
        known = [answers.given(Row(dict(one.items()))) for one in labelled]
        for number, one in enumerate(examples):
            if answers.given(Row(dict(one.items()))) in known:
                raise DataError(f"examples[{number}] is among the labelled ones. Leave it out of one of the two.")
        if strong is None:
            strong = Reasoned(task)
            strong.generate.demos = [dict(one.items()) for one in labelled]
        super().__init__(
            examples, task, strong=strong, weak=weak, samples=1, verify=None, confirm=confirm or Pairwise(task), batch=batch
        )


class Taught(Stage):
    """Adds a teacher's answer to a row in which no strong answer is right."""

    def __init__(self, task: Task, check: Check, teacher: dspy.Module) -> None:
        super().__init__()
        self.check, self.sampled, self.name = check, Sampled(task, teacher, samples=1, source=TEACHER), TEACHER

    async def run(self, row: Row) -> Sequence[Out]:
        """Ask the teacher, where that is needed."""
        before = candidates_of(row)
        if any(one.right and one.source == "own" for one in before):
            return [row]
        (found,) = await self.sampled.run(row.without("candidates"))
        new = candidates_of(found) if isinstance(found, Row) else []
        return [with_candidates(row, [*before, *await self.check.checked(row, new)])]

    def cost(self) -> Calls:
        """Return the calls of one row."""
        return (self.sampled.cost() + self.check.cost_of_many(1)).optional()
