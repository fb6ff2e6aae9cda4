"""MIPRO (171; Opsahl-Ong et al., 2024): instructions and demonstrations of every step, searched together.

For a program of several steps with one metric at its end. Demonstrations usually matter most, instructions where a task has
conditional rules.

1. Bootstrap demonstration sets for each step: none, labelled only, and random sizes of what the program solved itself.
2. Propose instructions for each step, grounded in data and program (`grounded.py`); the present one stays among them.
3. Search the combinations with a tree-structured Parzen estimator: each trial scores one on a random minibatch.
4. Every `full_every` trials the best one by its mean that has not met the whole pool does, and the estimator is told.

Departures: (1) the engine confirms the winner on rows outside the pool. (2) A combination that was scored whole is not asked
again; when all are, the search ends. (3) The program is described by its fields, not by its code. (4) Without demonstrations
(`shots=0`) nothing is bootstrapped.
"""

from __future__ import annotations

from typing import Any

from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, Tuning
from selftaught.optimizers.demos import shots_of
from selftaught.optimizers.grounded import Grounded
from selftaught.optimizers.rollouts import attempts
from selftaught.optimizers.sampler import TreeParzen
from selftaught.optimizers.strategy import Problem, Standing, Trial
from selftaught.registry import method

Point = dict[str, int]


@method(171, "mipro", family="instructions")
class MIPRO(Optimizer):
    """Search instructions and demonstrations together, with a surrogate over minibatches.

    Args:
        metric: see `Optimizer`.
        instructions: proposed for each step.
        sets: demonstration sets of each step, the empty one besides.
        shots: the most demonstrations of a step; 0 for instructions alone.
        bootstrapped: how many of them at most are the program's own right answers.
        trials: combinations that are tried.
        minibatch: rows of a trial.
        full_every: trials between two evaluations on the whole pool.
        temperature: of the proposals.
        settings: see `Optimizer`.
    """

    def __init__(
        self,
        metric: Any = None,
        *,
        instructions: int = 6,
        sets: int = 6,
        shots: int = 8,
        bootstrapped: int = 4,
        trials: int = 20,
        minibatch: int = 10,
        full_every: int = 5,
        temperature: float = 1.0,
        **settings: Any,
    ) -> None:
        super().__init__(metric, **settings)
        if min(instructions, trials, minibatch, full_every) < 1 or min(sets, shots) < 0 or not 0 <= bootstrapped <= max(shots, 0):
            raise SettingError(
                "instructions, trials, minibatch and full_every are at least 1, sets and shots at least 0, and bootstrapped lies between 0 and shots."
            )
        self.instructions, self.sets, self.shots, self.bootstrapped = instructions, sets, shots, bootstrapped
        self.trials, self.minibatch, self.full_every, self.temperature = trials, minibatch, full_every, temperature

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        wholes = self.trials // self.full_every + 1
        return self.trials * min(self.minibatch, pool) + wholes * pool, self.instructions + 1 + (labelled if self.shots else 0)

    def strategy(self, problem: Problem) -> MIPROStrategy:
        """Build the strategy."""
        return MIPROStrategy(self, problem)


class MIPROStrategy:
    """The search over combinations."""

    def __init__(self, knobs: MIPRO, problem: Problem) -> None:
        self.knobs, self.problem = knobs, problem
        self.options: dict[str, list[Any]] = {}
        self.sampler: TreeParzen | None = None
        self.points: dict[str, Point] = {}
        self.standings: dict[str, Standing] = {}
        self.tried = self.wholes = 0
        self.trials = knobs.trials

    async def ask(self) -> list[Trial]:
        """Return the next combination on a minibatch, or the best one on the whole pool."""
        if self.sampler is None:
            await self._prepare()  # 1, 2
        if self.tried >= (self.wholes + 1) * self.knobs.full_every or self._spent():
            best = self._best_unfinished()
            if best is not None:
                self.wholes += 1
                return [Trial(best, tuple(range(self.problem.pool)))]  # 4
            if self._spent():
                return []
            self.wholes += 1
        return self._next()  # 3

    def tell(self, standings: list[Standing]) -> None:
        """Tell the sampler the mean score of each combination."""
        assert self.sampler is not None
        for one in standings:
            self.standings[one.candidate.key] = one
            self.sampler.tell(self.points[one.candidate.key], one.score)

    def _spent(self) -> bool:
        return self.tried >= self.trials

    def _next(self) -> list[Trial]:
        """Return a combination that has not met the whole pool yet; after some tries to find one, nothing."""
        assert self.sampler is not None
        for _ in range(20):
            point = self.sampler.ask()
            candidate = self._candidate(point)
            known = self.standings.get(candidate.key)
            if known is None or known.rows < self.problem.pool:
                self.tried += 1
                self.points[candidate.key] = point
                rows = self.problem.random.sample(range(self.problem.pool), min(self.knobs.minibatch, self.problem.pool))
                return [Trial(candidate, tuple(sorted(rows)))]
            self.sampler.tell(point, known.score)
        return []

    def _best_unfinished(self) -> Candidate | None:
        left = [one for one in self.standings.values() if one.rows < self.problem.pool and one.score is not None]
        return max(left, key=lambda one: (one.value, one.rows)).candidate if left else None

    async def _prepare(self) -> None:
        knobs, problem = self.knobs, self.problem
        tried = await attempts(problem) if knobs.bootstrapped and knobs.sets else []
        solved = [one.demos for one in tried if one.right]
        proposer = Grounded(problem, temperature=knobs.temperature)
        for name, _ in problem.program.named_predictors():
            if name in problem.targets:
                self.options[f"{name} instruction"] = [None, *await proposer.propose(name, knobs.instructions)]
            if knobs.shots and knobs.sets and (sets := self._sets(name, solved)):
                self.options[f"{name} demonstrations"] = [None, *sets]
        self.trials = problem.fit(knobs.trials, knobs.minibatch + problem.pool // knobs.full_every, problem.pool)
        seed = problem.random.randrange(2**31)
        self.sampler = TreeParzen({name: len(options) for name, options in self.options.items()}, seed)

    def _sets(self, name: str, solved: list[Any]) -> list[tuple[Any, ...]]:
        chooser, found = self.problem.random, []
        for number in range(self.knobs.sets):
            most = min(self.knobs.bootstrapped, len(solved))
            own = chooser.sample(solved, chooser.randint(1, most)) if number and most else []
            found.append(tuple(shots_of(self.problem, name, own, self.knobs.shots)))
        return [one for one in found if one]

    def _candidate(self, point: Point) -> Candidate:
        chosen = {name: self.options[name][number] for name, number in point.items()}
        names = dict.fromkeys(name.rpartition(" ")[0] for name in chosen)
        tunings = {name: Tuning(chosen.get(f"{name} instruction"), chosen.get(f"{name} demonstrations")) for name in names}
        tunings = {name: one for name, one in tunings.items() if one != Tuning()}
        said = ", ".join(f"{name} {number}" for name, number in point.items())
        return Candidate(tunings, BASELINE.key, f"combination: {said}") if tunings else BASELINE
