"""Informative demonstrations (148; Vaduguru et al., 2023): show the examples that rule out other readings of the task.

For a task whose rule could be mistaken for another: a few random examples often fit both. It needs more labelled examples than are
shown. Where the rivals are poor guesses, every example refutes them and the choice is as good as random; random sets race along.

1. Rivals: instructions induced from random examples, and the program's own. The rule that is meant is the one behind the labels.
2. Carry each rival out on `tried` labelled examples: does its answer agree with the label?
3. Choose `shots` examples by pragmatic reasoning over this table (`informative`), all rivals anew once none is left.
4. Candidates: the choice, the most telling first or last; controls: `sets` random sets of the same size.
5. Race them: all meet a block, the better half meets the next. The best two meet the whole pool.

Departures: (1) examples are chosen among labelled ones; the paper's speaker invents them. (2) Rivals are induced once from random examples,
not anew from each choice. (3) The chosen examples become demonstrations; no model is trained on them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, apply
from selftaught.optimizers.demos import choose
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.induction import Inducer
from selftaught.optimizers.informative import Agreement, Choice, InformativeExampleSelector
from selftaught.optimizers.races import Halving
from selftaught.optimizers.rollouts import attempts
from selftaught.optimizers.strategy import Problem
from selftaught.registry import method


@method(
    148, "pragmatic-examples", family="demonstrations",
    missing="a speaker that invents examples, and the training of speaker and listener on them",
)  # fmt: skip
class InformativeDemonstrations(Optimizer):
    """Race the demonstrations that best tell the task from its rivals against random ones.

    Args:
        metric: see `Optimizer`.
        shots: demonstrations in a set.
        rivals: rival instructions asked for.
        tried: labelled examples to choose from, each answered under every rival.
        sets: random sets that race along.
        block: rows of a block.
        settings: see `Optimizer`.
    """

    def __init__(
        self,
        metric: Any = None,
        *,
        shots: int = 6,
        rivals: int = 8,
        tried: int = 12,
        sets: int = 2,
        block: int = 5,
        **settings: Any,
    ) -> None:
        super().__init__(metric, **settings)
        if min(shots, rivals, tried, block) < 1 or sets < 0:
            raise SettingError("shots, rivals, tried and block are at least 1; sets at least 0.")
        self.shots, self.rivals, self.tried, self.sets, self.block = shots, rivals, tried, sets, block

    def race(self) -> Halving:
        """Return successive halving."""
        return Halving(self.block)

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows, and the calls that propose rivals and carry them out."""
        return 2 * self.block * (2 + self.sets) + 2 * pool, self.rivals + (self.rivals + 1) * min(self.tried, labelled)

    def strategy(self, problem: Problem) -> InformativeStrategy:
        """Build the strategy."""
        return InformativeStrategy(self, problem)


class InformativeStrategy(Generations):
    """Chooses once; the race does the rest."""

    def __init__(self, knobs: InformativeDemonstrations, problem: Problem) -> None:
        super().__init__(problem)
        self.knobs = knobs
        self.rivals: list[str | None] = []
        self.choices: list[Choice] = []

    def reasons(self) -> list[str]:
        """Say how many rivals the chosen examples ruled out."""
        needed = next((number + 1 for number, one in enumerate(self.choices) if not one.rivals), None)
        ruled = f"the first {needed} rule out all of them" if needed else "not all of them are ruled out"
        return [f"{len(self.choices)} examples chosen against {len(self.rivals)} rival instructions; {ruled}"]

    async def first(self) -> list[Candidate]:
        """Return the choice in both orders, and random sets."""
        problem, knobs = self.problem, self.knobs
        labelled = [example for example in problem.labelled if dict(example.labels())]
        if not labelled:
            return []
        examples = problem.random.sample(labelled, min(knobs.tried, len(labelled)))
        wanted = problem.fit(knobs.rivals, len(examples), 2 * knobs.block * (2 + knobs.sets) + 2 * problem.pool)
        induced = await Inducer(problem.task).propose(labelled, wanted, problem.random)  # 1
        self.rivals = [None, *(text for text, _ in induced)]
        agrees = await asyncio.gather(*(self._agreements(rival, examples) for rival in self.rivals))  # 2
        self.choices = InformativeExampleSelector(knobs.shots, start_over=True).select(agrees)  # 3
        chosen = [dict(examples[one.example]) for one in self.choices]
        found = [
            (chosen[::-1], "informative examples, the most telling last"),
            (chosen, "informative examples, the most telling first"),
        ]  # 4
        for number in range(knobs.sets):
            found.append((choose(labelled, knobs.shots, problem.task, problem.random), f"random set {number + 1}"))
        return [self.candidate(None, origin, parent=BASELINE, demos=tuple(demos)) for demos, origin in found]  # 5

    async def _agreements(self, rival: str | None, examples: Sequence[dspy.Example]) -> list[Agreement]:
        """Return whether the answers under an instruction agree with the labels; None where it is unknown."""
        program = apply(self.candidate(rival, "rival"), self.problem.program)
        tried = {id(one.example): one for one in await attempts(self.problem, program, examples)}
        return [None if (one := tried.get(id(example))) is None or one.score is None else one.right for example in examples]
