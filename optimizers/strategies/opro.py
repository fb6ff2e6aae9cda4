"""OPRO (Yang et al., 2023): the proposer sees what was tried, with the scores, and writes something better.

For a task with a scorable answer, after a first instruction exists; each round learns from all rounds before. A proposer of
less than some billions of parameters often repeats what it sees: then the search ends early, and APE costs less.

1. Score the baseline: the history begins with it.
2. Propose: each call sees the best instructions so far with their scores, in ascending order, and a few solved examples, other
   ones in each call.
3. Drop what was tried before; race the rest by halving, the best one meets the whole pool.
4. Go to 2, for `rounds` rounds, or until a round brings nothing new.

Departures: (1) a score in the history comes from as many rows as the race gave it, not always from the whole set. (2) Proposals
see the trainset, scores come from other rows. (3) A round has fewer proposals than the paper's eight, to suit a small budget.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.history import history_of, some_examples
from selftaught.optimizers.proposer import Proposer
from selftaught.optimizers.races import Halving
from selftaught.optimizers.strategy import Problem, Trial
from selftaught.registry import method
from selftaught.signatures import proposal_of


@method(None, "opro", family="instructions")
class OPRO(Optimizer):
    """Propose better instructions from a history of instructions with their scores.

    Args:
        metric: see `Optimizer`.
        rounds: of proposals, at most.
        proposals: instructions asked for in a round.
        shown: solved examples that a proposal sees.
        remembered: instructions in the history, the best ones.
        block: rows of a block.
        settings: see `Optimizer`.
    """

    def __init__(
        self,
        metric: Any = None,
        *,
        rounds: int = 4,
        proposals: int = 4,
        shown: int = 3,
        remembered: int = 8,
        block: int = 5,
        **settings: Any,
    ) -> None:
        super().__init__(metric, **settings)
        if min(rounds, proposals, remembered, block) < 1 or shown < 0:
            raise SettingError("rounds, proposals, remembered and block are at least 1, and shown at least 0.")
        self.rounds, self.proposals, self.shown = rounds, proposals, shown
        self.remembered, self.block = remembered, block

    def race(self) -> Halving:
        """Return successive halving, down to one."""
        return Halving(self.block, finalists=1)

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        return self.rounds * (2 * self.block * self.proposals + pool), self.rounds * self.proposals

    def strategy(self, problem: Problem) -> OPROStrategy:
        """Build the strategy."""
        return OPROStrategy(self, problem)


class OPROStrategy(Generations):
    """Proposes in rounds, each from the history of all rounds before."""

    def __init__(self, knobs: OPRO, problem: Problem) -> None:
        wanted = problem.fit(knobs.rounds * knobs.proposals, 2 * knobs.block + problem.pool // knobs.proposals)
        super().__init__(problem, rounds=max(1, wanted // knobs.proposals))
        self.knobs, self.proposals = knobs, min(knobs.proposals, wanted)
        self.proposer = Proposer(problem, proposal_of("Improve", WRITE_A_BETTER_ONE, GIVEN), name="improve")

    async def ask(self) -> list[Trial]:
        """Return the baseline, whose rows are known; then the candidates of the next round."""
        if not self.told:
            return [Trial(BASELINE, tuple(range(self.problem.pool)))]  # 1
        return await super().ask()

    async def first(self) -> list[Candidate]:
        """Return the first proposals."""
        return await self.next()

    async def next(self) -> list[Candidate]:
        """Return what the proposer writes that was not tried before."""
        history = history_of(self.told.values(), self.instruction_of, self.knobs.remembered)
        known = {self.instruction_of(one.candidate).lower() for one in self.told.values()} | {SHOWN.instruction.lower()}
        found = await self.proposer.distinct([self._asked(history, number) for number in range(self.proposals)])  # 2
        origin = f"round {self.round}: better than the history"
        return [self.candidate(text, origin) for text in found if text.lower() not in known]  # 3, 4

    def _asked(self, history: str, number: int) -> dict[str, Any]:
        """Return what one call sees: every other one also what a proposal looks like, see `SHOWN`."""
        demos = [SHOWN] if number % 2 == 0 else []
        return {"history": history, "examples": some_examples(self.problem, self.knobs.shown), "demos": demos}


GIVEN = {"history": "instructions that were tried, the best one last", "examples": "inputs and their right outputs"}
WRITE_A_BETTER_ONE = (
    "Several instructions for the same task were tried. Each is shown with its score; 100 is the best score. "
    "Write a new instruction that is different from all of them and will score higher. The examples show what is wanted. "
    "Do not repeat the examples."
)
SHOWN = dspy.Example(
    history="Instruction: Answer.\nScore: 0 of 100\n\nInstruction: Describe the thing.\nScore: 20 of 100",
    examples="Input: banana\nOutput: yellow\n\nInput: grass\nOutput: green\n\nInput: snow\nOutput: white",
    instruction="Name the colour of the thing.",
)
"""A step up, on a task of our own: without it a very small model repeats what it sees in the history."""
