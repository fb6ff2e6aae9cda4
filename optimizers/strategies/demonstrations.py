"""Bootstrapped demonstrations: show the program solved examples, its own where it can solve them.

The surest gain for a small model. Known from DSPy's BootstrapFewShot with random search; here under the engine's budget,
racing and confirmation.

1. Run the program on the labelled examples; where its answer is right by their labels, keep what every step saw and said.
2. Make `sets` random sets: bootstrapped demonstrations for each step, labelled ones for the steps that give the task's outputs.
3. Race them: all meet a block, the better half meets the next, until one block is left or one set.
4. Finals: the best two meet the whole pool.
"""

from __future__ import annotations

import asyncio
from typing import Any

import dspy

from selftaught import scope
from selftaught.conduct import conducted
from selftaught.errors import CallError, SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, Tuning
from selftaught.optimizers.demos import choose
from selftaught.optimizers.strategy import Problem, Standing, Trial
from selftaught.programs.normalise import answer_key
from selftaught.registry import method
from selftaught.signatures import output_names

Demos = dict[str, list[dict[str, Any]]]


@method(None, "bootstrap-demonstrations", family="demonstrations")
class BootstrapDemonstrations(Optimizer):
    """Race sets of demonstrations, bootstrapped and labelled.

    Args:
        metric: see `Optimizer`.
        shots: the most demonstrations of a step.
        bootstrapped: how many of them at most are the program's own right answers.
        sets: random sets that race.
        block: rows of a block.
        settings: see `Optimizer`.
    """

    def __init__(
        self, metric: Any = None, *, shots: int = 8, bootstrapped: int = 4, sets: int = 6, block: int = 5, **settings: Any
    ) -> None:
        super().__init__(metric, **settings)
        if min(shots, sets, block) < 1 or not 0 <= bootstrapped <= shots:
            raise SettingError("shots, sets and block are at least 1, and bootstrapped lies between 0 and shots.")
        self.shots, self.bootstrapped, self.sets, self.block = shots, bootstrapped, sets, block

    def strategy(self, problem: Problem) -> DemonstrationStrategy:
        """Build the strategy."""
        return DemonstrationStrategy(self, problem)


class DemonstrationStrategy:
    """Successive halving of demonstration sets."""

    def __init__(self, knobs: BootstrapDemonstrations, problem: Problem) -> None:
        self.knobs, self.problem = knobs, problem
        self.alive: list[Candidate] | None = None
        self.standings: dict[str, Standing] = {}
        self.met = 0
        self.finished = False
        self.order = problem.random.sample(range(problem.pool), problem.pool)

    async def ask(self) -> list[Trial]:
        """Bootstrap first; then the race, then the finals."""
        if self.alive is None:
            self.alive = self._sets(await self._bootstrap())  # 1, 2
        elif self.finished:
            return []
        else:
            self.alive = self.alive[: max(2, len(self.alive) // 2)]  # 3
        if len(self.alive) <= 2 or self.met + self.knobs.block >= self.problem.pool:
            self.finished = True
            return [Trial(candidate, tuple(range(self.problem.pool))) for candidate in self.alive[:2]]  # 4
        block = tuple(sorted(self.order[self.met : self.met + self.knobs.block]))
        self.met += self.knobs.block
        return [Trial(candidate, block) for candidate in self.alive]

    def tell(self, standings: list[Standing]) -> None:
        """Order the sets that are alive by their score, the earlier first on ties."""
        self.standings.update({one.candidate.key: one for one in standings})
        self.alive = sorted(self.alive or [], key=lambda one: -(self.standings[one.key].score or 0.0))

    async def _bootstrap(self) -> list[Demos]:
        if not self.knobs.bootstrapped:
            return []
        with conducted(), scope.scoped(leave_out=True):
            found = await asyncio.gather(*(self._traced(example) for example in self.problem.labelled))
        return [demos for demos in found if demos]

    async def _traced(self, example: dspy.Example) -> Demos:
        """Return what each step saw and said on an example that the program solves; nothing where it does not."""
        program, names = self.problem.program, output_names(self.problem.task)
        by_identity = {id(predictor): name for name, predictor in program.named_predictors()}
        labels = dict(example.labels())
        if not all(name in labels for name in names) or not hasattr(program, "aforward"):
            return {}
        with dspy.context(trace=[]):
            try:
                prediction = await program.acall(**dict(example.inputs()))
            except CallError:
                return {}
            trace = list(dspy.settings.trace)
        if answer_key(prediction, names) != answer_key(labels, names):
            return {}
        demos: Demos = {}
        for predictor, inputs, outputs in trace:
            if (name := by_identity.get(id(predictor))) is not None:
                demos.setdefault(name, []).append({**inputs, **{key: outputs[key] for key in predictor.signature.output_fields}})
        return demos

    def _sets(self, bootstrapped: list[Demos]) -> list[Candidate]:
        chooser = self.problem.random
        made: dict[str, Candidate] = {}
        for number in range(self.knobs.sets):
            own = chooser.sample(bootstrapped, min(self.knobs.bootstrapped, len(bootstrapped))) if number else []
            tunings = {name: Tuning(demos=tuple(self._shots(name, own))) for name, _ in self.problem.program.named_predictors()}
            tunings = {name: tuning for name, tuning in tunings.items() if tuning.demos}
            candidate = Candidate(
                tunings, BASELINE.key, f"demonstration set {number + 1}" + (f", {len(own)} bootstrapped" if own else "")
            )
            made.setdefault(candidate.key, candidate)
        return [candidate for candidate in made.values() if candidate.tunings]

    def _shots(self, name: str, own: list[Demos]) -> list[dict[str, Any]]:
        demos = [demo for one in own for demo in one.get(name, [])[:1]]
        if name in self.problem.targets:
            inputs = list(self.problem.task.input_fields)
            shown = [{key: demo[key] for key in inputs if key in demo} for demo in demos]
            rest = [dict(example) for example in self.problem.labelled if dict(example.inputs()) not in shown]
            demos += choose(rest, self.knobs.shots - len(demos), self.problem.task, self.problem.random) if rest else []
        return demos[: self.knobs.shots]
