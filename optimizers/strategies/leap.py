"""LEAP (177; Zhang, Madaan, Gao et al., 2024): learn general rules from mistakes on a handful of labelled examples.

For a task with few labelled examples and a capable model, where demonstrations alone fall short. A weak model writes poor
rules; then the few-shot prompt wins the race, or the baseline does. It needs answers that can be checked.

1. Mistakes: the program's own answer to each labelled example and `samples` - 1 more at `temperature`; wrong ones are kept.
2. Reflect: for each, what was answered and what is right -> rules. All of them, joined, are the low-level rules.
3. Condense them to at most `rules` that hold for any input: the high-level rules.
4. Race the program with no rules, low-level and high-level rules, each with and without the same demonstrations.

Without mistakes the only candidate is the few-shot prompt. An answer takes the calls that it took before.

Departures: (1) the paper has no selection step; here the level is raced, and confirmed on other examples. (2) Equal wrong
answers to one example are one mistake, and at most `mistakes` are reflected on. (3) The paper reports no temperature; 0.8
here. (4) Rules that hold labelled answers are left out.
"""

from __future__ import annotations

from typing import Any

from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import Candidate
from selftaught.optimizers.demos import choose
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.principles import MOST_RULES, Principles, examples_to_try, mistakes_in, race_rows, ruled
from selftaught.optimizers.rollouts import attempts
from selftaught.optimizers.strategy import Problem
from selftaught.registry import method

CANDIDATES = 5


@method(177, "leap", family="instructions")
class LEAP(Optimizer):
    """Write rules that were learned from mistakes below the instruction, with demonstrations or without.

    Args:
        metric: see `Optimizer`.
        samples: answers to each labelled example, in search of mistakes.
        temperature: of the samples.
        examples: labelled examples to try at most.
        mistakes: those to reflect on at most.
        rules: the most high-level rules.
        shots: demonstrations; 0 for none.
        settings: see `Optimizer`.
    """

    def __init__(
        self, metric: Any = None, *, samples: int = 15, temperature: float = 0.8, examples: int = 16, mistakes: int = 16,
        rules: int = MOST_RULES, shots: int = 4, **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(metric, **settings)
        if min(samples, examples, mistakes, rules) < 1 or shots < 0 or temperature <= 0:
            raise SettingError("samples, examples, mistakes and rules are at least 1, shots at least 0, and temperature above 0.")
        self.samples, self.temperature, self.examples = samples, temperature, examples
        self.mistakes, self.rules, self.shots = mistakes, rules, shots

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        return CANDIDATES * pool, min(labelled, self.examples) * self.samples + self.mistakes + 1

    def strategy(self, problem: Problem) -> LEAPStrategy:
        """Build the strategy."""
        return LEAPStrategy(self, problem)


class LEAPStrategy(Generations):
    """Learns once; the race does the rest."""

    def __init__(self, knobs: LEAP, problem: Problem) -> None:
        super().__init__(problem)
        self.knobs, self.principles = knobs, Principles(problem, most=knobs.rules)
        self.said: list[str] = []

    async def first(self) -> list[Candidate]:
        """Return the candidates of every level."""
        knobs, problem = self.knobs, self.problem
        reserve = race_rows(problem, CANDIDATES)
        examples = examples_to_try(problem, knobs.examples, 2, reserve)
        samples = problem.fit(knobs.samples, len(examples), reserve + len(examples))
        tried = await attempts(problem, None, examples, samples=samples, temperature=knobs.temperature, name="leap")  # 1
        mistakes = mistakes_in(tried, problem.task, problem.fit(knobs.mistakes, 1, reserve + len(tried)))
        low = await self.principles.learned(mistakes)  # 2
        high = await self.principles.condensed(low)  # 3
        self.said = [
            f"{len(mistakes)} different mistakes in {len(tried)} answers, {len(low)} rules",
            *(f"rule: {one}" for one in high),
        ]
        return self._candidates({"low-level rules": low, "high-level rules": high})  # 4

    def _candidates(self, levels: dict[str, list[str]]) -> list[Candidate]:
        problem, shots = self.problem, self.knobs.shots
        demos = choose(problem.labelled, shots, problem.task, problem.random) if shots else None
        found = [ruled(problem, [], "no rules, demonstrations", demos=demos)]
        for level, rules in levels.items():
            found += (
                [ruled(problem, rules, level), ruled(problem, rules, f"{level}, demonstrations", demos=demos)] if rules else []
            )
        return [one for one in found if one.tunings]

    def reasons(self) -> list[str]:
        """Return what was learned."""
        return self.said
