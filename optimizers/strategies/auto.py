"""Auto: which optimizer should I use? A ladder of the cheap and sure things first, raced under one budget, with its reasons.

1. Labelled demonstrations: a few sets, of two sizes.
2. The program's own right answers as demonstrations, where it has steps that no label shows.
3. Instructions, each with the demonstrations that won so far: the present one with the form of the outputs said (their labels,
   where there are few), some induced from examples, some grounded in the data.
4. Joint: the best instruction with other demonstrations, and without any.

Each rung is raced against the leader; a rung that the budget cannot pay for is skipped, and says so. Which rung won, and by how
much on the selection rows, stands in the reasons; the engine confirms the winner on unseen rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dspy

from selftaught.budget import Budget
from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, Tuning
from selftaught.optimizers.demos import choose, shots_of
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.grounded import Grounded, form_of
from selftaught.optimizers.induction import Inducer
from selftaught.optimizers.races import PairedRace
from selftaught.optimizers.rollouts import attempts
from selftaught.optimizers.strategy import Problem, Standing
from selftaught.registry import method
from selftaught.signatures import output_names

RUNGS = ("labelled demonstrations", "own answers as demonstrations", "instructions", "joint")
GOES_ON = 2
"""Candidates of a rung that go on after the first block, whatever the test says: a budget is to last for four rungs."""


@method(None, "auto", family="joint")
class Auto(Optimizer):
    """Climb a ladder: labelled demonstrations, own ones, instructions, both.

    Args:
        metric: see `Optimizer`.
        shots: demonstrations of a set; some sets have twice as many where there are enough examples.
        sets: demonstration sets on the first rung.
        proposals: instructions asked for.
        block: rows between two looks of the race.
        settings: see `Optimizer`.
    """

    def __init__(
        self, metric: Any = None, *, shots: int = 8, sets: int = 2, proposals: int = 8, block: int = 4, **settings: Any
    ) -> None:
        super().__init__(metric, **settings)
        if min(shots, sets, proposals, block) < 1:
            raise SettingError("shots, sets, proposals and block are at least 1.")
        self.shots, self.sets, self.proposals, self.block = shots, sets, proposals, block

    def race(self) -> PairedRace:
        """Return a paired race in which few go on."""
        return PairedRace(self.block, at_most=GOES_ON)

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        return 4 * (self.block * self.sets + GOES_ON * pool), self.proposals + labelled

    def strategy(self, problem: Problem) -> Ladder:
        """Build the strategy."""
        return Ladder(self, problem)


class Ladder(Generations):
    """One rung a round."""

    def __init__(self, knobs: Auto, problem: Problem) -> None:
        super().__init__(problem, rounds=len(RUNGS), keep=3)
        self.knobs = knobs
        self.said: list[str] = []
        self.best: dict[str, Standing | None] = dict.fromkeys(RUNGS)

    async def first(self) -> list[Candidate]:
        """Return labelled demonstration sets of two sizes."""
        knobs, problem = self.knobs, self.problem
        sizes = [knobs.shots] * knobs.sets
        if len(problem.labelled) >= 3 * knobs.shots:
            sizes[1::2] = [2 * knobs.shots] * len(sizes[1::2])
        return [self._shown(size) for size in sizes[: problem.fit(knobs.sets, 2 * problem.pool)]]  # 1

    async def next(self) -> list[Candidate]:
        """Return the candidates of the next rung; a rung without any is passed over."""
        while self.round <= len(RUNGS):
            rung = RUNGS[self.round - 1]
            climb = {RUNGS[1]: self._own, RUNGS[2]: self._instructed, RUNGS[3]: self._joint}[rung]
            if found := await climb():
                return found
            self.said.append(f"{rung}: nothing to try, or nothing left to pay for it")
            self.round += 1
        return []

    def tell(self, standings: list[Standing]) -> None:
        """Note the best of the rung."""
        rung = RUNGS[self.round - 1]
        scored = [one for one in standings if one.score is not None]
        whole = [one for one in scored if one.rows >= self.problem.pool]
        best = max(whole or scored, key=lambda one: (one.value, one.rows), default=None)
        self.best[rung] = best
        told = f"best {best.score:.0%} on {best.rows} rows" if best is not None and best.score is not None else "none had a score"
        self.said.append(f"{rung}: {len(standings)} candidates, {told}")
        super().tell(whole)

    def reasons(self) -> list[str]:
        """Say what each rung found."""
        known = [(one.value, rung) for rung, one in self.best.items() if one is not None and one.rows >= self.problem.pool]
        open_ = RUNGS[len(self.said) : self.round]
        broken = [f"{rung}: not finished, the budget ended" for rung in open_]
        lead = [f"the best on the selection rows came from: {max(known)[1]}"] if known else []
        return [*self.said, *broken, *lead]

    def _shown(self, shots: int) -> Candidate:
        demos = tuple(choose(self.problem.labelled, shots, self.problem.task, self.problem.random))
        return self.candidate(None, f"{len(demos)} labelled demonstrations", demos=demos)

    async def _own(self) -> list[Candidate]:
        """Bootstrap, where some step's outputs stand in no label."""
        problem, labels = self.problem, set(output_names(self.problem.task))
        steps = dict(problem.program.named_predictors())
        if all(set(step.signature.output_fields) <= labels for step in steps.values()):
            return []
        solved = [one.demos for one in await attempts(problem) if one.right]
        found = []
        for number in range(problem.fit(2, 2 * self.knobs.block) if solved else 0):
            own = problem.random.sample(solved, min(self.knobs.shots, len(solved)))
            tunings = {name: Tuning(demos=tuple(shots_of(problem, name, own, self.knobs.shots))) for name in steps}
            found.append(Candidate({n: t for n, t in tunings.items() if t.demos}, BASELINE.key, f"own answers, set {number + 1}"))
        return found  # 2

    async def _instructed(self) -> list[Candidate]:
        """Say the form of the outputs, induce instructions, ground others; show the best demonstrations with each."""
        problem, knobs, leader, form = self.problem, self.knobs, self._leader(), form_of(self.problem)
        own = self.instruction_of(BASELINE)
        count = problem.fit(knobs.proposals, knobs.block + 1, GOES_ON * (problem.pool - knobs.block))
        induced = await Inducer(problem.task).propose(problem.labelled, count, problem.random)
        grounded = await Grounded(problem).propose(problem.targets[0], max(1, count // 4))
        said = [(own, "with the form of the outputs")] if form else []
        said += [(text, "induced from examples") for text, _ in induced] + [(text, "grounded in the data") for text in grounded]
        found = [self.candidate(_with_form(text, form), f"instruction {origin}", parent=leader) for text, origin in said]
        return list({one.key: one for one in found}.values())[: count + bool(form)]  # 3

    async def _joint(self) -> list[Candidate]:
        """Give the best instruction other demonstrations, and none."""
        best = self.best[RUNGS[2]]
        if best is None or best.score is None or not self.problem.affords(self.problem.pool):
            return []
        again = [self._shown(size) for size in (self.knobs.shots, 2 * self.knobs.shots) if size <= len(self.problem.labelled)]
        text = self.instruction_of(best.candidate)
        shown = [self.candidate(text, "best instruction, other demonstrations", parent=one) for one in again]
        return [*shown, self.candidate(text, "best instruction alone")]  # 4

    def _leader(self) -> Candidate | None:
        return self.parents[0].candidate if self.parents else None


def _with_form(text: str, form: str) -> str:
    """Return an instruction with the form of the outputs said after it."""
    return f"{text.rstrip('. ')}. {form}" if form else text


def auto(
    program: dspy.Module, data: Sequence[dspy.Example], metric: Any, budget: Budget | None = None, *, valset: Sequence[dspy.Example] | None = None,
    run_dir: str | Path | None = None, seed: int = 0, progress: bool | None = None, **settings: Any,
) -> dspy.Module:  # fmt: skip
    """Tune a program without choosing an optimizer; prints what each rung of the ladder found.

    Args:
        program: any DSPy program.
        data: labelled examples.
        metric: a judge, a Metric, or a function.
        budget: the ceiling; 400 calls by default.
        valset: examples to select and confirm on; without, a part of `data`.
        run_dir, seed, progress: see `Optimizer.compile`.
        settings: of `Auto`.
    """
    tuned = Auto(metric, **settings).compile(
        program, trainset=data, valset=valset, budget=budget, run_dir=run_dir, seed=seed, progress=progress
    )
    if progress is not False:
        print(tuned.tuning.summary())
    return tuned
