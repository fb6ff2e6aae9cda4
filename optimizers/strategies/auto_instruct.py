"""Auto-Instruct (021; Zhang et al., 2023): propose instructions in several styles, race them, and rank them per input.

When you do not know how the model wants to be told: in one sentence, in steps, with reasons. For one task with a metric plain
search does as well; ranking per input pays only where inputs want different instructions, and a small model ranks badly.

1. Propose: each style has its own request; a proposal sees the seed instruction and a few solved examples. The seed itself is
   always a candidate: it is the baseline.
2. Race by halving; the best two meet the whole pool.
3. Offer one candidate more: the best instructions in a program that asks for each input which of them suits it
   (`RankedInstructions`). The ranker is shown which of them led to right answers on labelled examples, not the answers. It has to
   beat the best single one, and costs more calls for each answer.

Departures: (1) the ranker is the prompted model with demonstrations; training one is missing. (2) Two samples of each style, not three. (3) Styles are
requests of ours; those of the paper that imitate other tasks' instructions are replaced by three more kinds. (4) Step 3 is left
out where the budget cannot pay for it, and where the program is more than one call.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import dspy

from selftaught.errors import SettingError, nearest
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, Tuning, apply, task_of
from selftaught.optimizers.engine import Engine
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.history import some_examples
from selftaught.optimizers.races import Halving
from selftaught.optimizers.rollouts import attempts
from selftaught.optimizers.strategy import Problem
from selftaught.optimizers.styles import STYLES, joined, shown_in, styled_proposer
from selftaught.programs.route.ranked import MOST, RankedInstructions
from selftaught.registry import method

RANKED = "ranked instructions"


@method(21, "auto-instruct", family="instructions", missing="a trained ranker")
class AutoInstruct(Optimizer):
    """Propose instructions in several styles, and find the best, or the best for each input.

    Args:
        metric: see `Optimizer`.
        styles: names out of `STYLES`; all by default.
        samples: proposals in each style.
        shown: solved examples that a proposal sees.
        ranked: instructions that the candidate with a ranker chooses from, besides the seed; 0 offers none.
        block: rows of a block.
        settings: see `Optimizer`.
    """

    def __init__(
        self,
        metric: Any = None,
        *,
        styles: tuple[str, ...] | None = None,
        samples: int = 2,
        shown: int = 3,
        ranked: int = 3,
        block: int = 5,
        **settings: Any,
    ) -> None:
        super().__init__(metric, **settings)
        self.styles = tuple(STYLES) if styles is None else tuple(styles)
        for name in self.styles:
            if name not in STYLES:
                raise SettingError(f"styles: there is no {name!r}{nearest(name, STYLES)}. Known: {', '.join(STYLES)}.")
        if min(len(self.styles), samples, shown, block) < 1 or not 0 <= ranked < MOST:
            raise SettingError(f"styles, samples, shown and block are at least 1, and ranked lies between 0 and {MOST - 1}.")
        self.samples, self.shown, self.ranked, self.block = samples, shown, ranked, block

    @contextlib.contextmanager
    def opened(self, student: dspy.Module, **settings: Any) -> Iterator[Engine]:
        """Give the engine of a run in which the program with a ranker may be chosen; see `Optimizer`."""
        own = self.programs
        if self.ranked and isinstance(student, dspy.Predict):
            seed = task_of(student)
            self.programs = {**own, RANKED: RankedInstructions(seed, [seed.instructions] * self.ranked)}
        try:
            with super().opened(student, **settings) as engine:
                yield engine
        finally:
            self.programs = own

    def race(self) -> Halving:
        """Return successive halving."""
        return Halving(self.block)

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls; a row with a ranker counts for its calls."""
        proposals = len(self.styles) * self.samples
        return 2 * self.block * proposals + 2 * pool + _rows_of_ranked(self.ranked, pool), proposals

    def strategy(self, problem: Problem) -> AutoInstructStrategy:
        """Build the strategy."""
        return AutoInstructStrategy(self, problem)


class AutoInstructStrategy(Generations):
    """Proposes in styles; then offers the best ones together, with a ranker."""

    def __init__(self, knobs: AutoInstruct, problem: Problem) -> None:
        super().__init__(problem, rounds=2, keep=max(1, knobs.ranked))
        self.knobs = knobs
        self.proposers = {name: styled_proposer(problem, name) for name in knobs.styles}

    async def first(self) -> list[Candidate]:
        """Return proposals in all styles."""
        jobs = [name for _ in range(self.knobs.samples) for name in self.knobs.styles]
        jobs = jobs[: self.problem.fit(len(jobs), 2 * self.knobs.block, reserve=self.problem.pool)]
        found = await asyncio.gather(*(self._in_style(name, jobs.count(name)) for name in dict.fromkeys(jobs)))  # 1
        return [candidate for candidates in found for candidate in candidates]  # 2

    async def _in_style(self, name: str, samples: int) -> list[Candidate]:
        proposer = self.proposers[name]
        seed, asked = self.instruction_of(BASELINE), []
        for number in range(samples):  # every other one sees what a proposal looks like
            demos = [shown_in(name)] if number % 2 == 0 else []
            asked.append({"seed": seed, "examples": some_examples(self.problem, self.knobs.shown), "demos": demos})
        said = await proposer.raw(asked)
        usable = dict.fromkeys(text for one in said if (text := proposer.usable(joined(one))))
        known = (seed, joined(STYLES[name].shown))
        return [self.candidate(text, f"proposed in the style {name!r}") for text in usable if text not in known]

    async def next(self) -> list[Candidate]:
        """Return the best instructions as one candidate that chooses among them for each input."""
        best = [self.instruction_of(one.candidate) for one in self.parents]
        affordable, takes = self.problem.affordable, _rows_of_ranked(len(best), self.problem.pool)
        if not best or RANKED not in self.problem.space.programs or (affordable is not None and affordable < takes):
            return []
        demos = tuple(dict(demo) for demo in self.problem.program.predictors()[0].demos) or None
        tunings = {f"answers[{number}]": Tuning(text, demos) for number, text in enumerate(best, 1)}
        tunings |= {"answers[0]": Tuning(None, demos)} if demos else {}
        tunings |= {"rank": Tuning(None, shown)} if (shown := await self._ranked_examples(takes)) else {}
        return [Candidate(tunings, None, f"for each input one of the {len(best)} best instructions", RANKED)]  # 3

    async def _ranked_examples(self, takes: int, most: int = 6) -> tuple[dict[str, Any], ...]:
        """Return demonstrations for the ranker: which of the instructions led to the right answer to labelled examples."""
        problem, best = self.problem, [one.candidate for one in self.parents]
        shown = problem.random.sample(problem.labelled, problem.fit(min(most, len(problem.labelled)), len(best), reserve=takes))
        tried = await asyncio.gather(*(attempts(problem, apply(one, problem.program), shown) for one in best))
        found: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
        for one, made in zip(best, tried, strict=True):
            for attempt in (each for each in made if each.score is not None):
                suits = {"instruction": self.instruction_of(one), "suits": "yes" if attempt.right else "no"}
                found[attempt.right].append({**attempt.example.inputs(), **suits})
        each = min(most // 2, *(len(demos) for demos in found.values()))
        chosen = [demo for demos in found.values() for demo in problem.random.sample(demos, each)]
        return tuple(problem.random.sample(chosen, len(chosen)))


def _rows_of_ranked(instructions: int, pool: int) -> int:
    """Return how many rows of the plain program the candidate with a ranker costs: ranking each, choosing, answering."""
    return (instructions + 3) * pool if instructions else 0
