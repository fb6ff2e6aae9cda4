"""SeRL (034; Fang et al., 2025), its data: new problems from a few, with the majority of the model's answers as the reward.

For reinforcement without answers, from a few hundred prompts whose answers can be compared. The majority is not the truth: where
agreement grows while accuracy on some labelled problems falls, stop.

1. Propose: show eight problems, up to two of them kept ones; ask for new ones, unsolved.
2. Clean, and keep what is novel, as in Self-Instruct.
3. Solve each problem `samples` times. An answer's reward is 1 where it is the majority's, the first drawn on ties, and 0 elsewhere.
4. Keep a problem whose share of the majority lies in the band: where all agree there is nothing to learn, and where none do nothing
   to trust.

Departures: (1) Answers are compared after normalisation, not by a symbolic checker. (2) Problems are proposed by one model; train on what
comes out, then run again with the trained one. (3) Novelty is against all kept problems, not those of a batch. (4) Where all
answers agree (which the default band drops) there are no `responses` and no pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.programs.reason import REASONING
from selftaught.programs.step import Step
from selftaught.programs.synthesis.cot_self_instruct import SOLVE
from selftaught.programs.synthesis.proposing import UNSUITABLE, Proposing, proposing
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Change, Keep
from selftaught.programs.synthesis.told import Told
from selftaught.programs.vote.decline import share as share_of
from selftaught.programs.vote.self_label import SelfLabel
from selftaught.registry import method


@method(34, "serl", family="self-training", missing="reinforcement training")
class SeRL(Proposing):
    """Write new problems like the seeds, and reward the answers that the majority gives.

    Rows hold `instruction`, `output` (the majority), `agreement` (its share), `responses` with their `rewards`, and `chosen` and
    `rejected`, the first response of the majority and the first of the others.

    Args:
        seeds: problems, or dictionaries with an `instruction`; at least one.
        samples: answers to a problem.
        band: where the majority's share must lie, both ends included.
        shown: problems shown to a proposal.
        machine: of them, how many at most are kept ones.
        proposals: new problems asked for at a time.
        batch: proposals a round.
        temperature: of proposals and answers.
        novelty: the highest ROUGE-L F with an earlier problem.
        unsuitable: words that a problem must not hold.
        propose: `examples` -> `tasks`; a step by default.
        solve: `instruction` -> `output`; a step that reasons first by default.

    Raises:
        SettingError: no seed, or a setting that is none.
    """

    def __init__(
        self, seeds: Sequence[str | Mapping[str, Any]], *, samples: int = 16, band: Sequence[float] = (0.2, 0.8), shown: int = 8,
        machine: int = 2, proposals: int = 8, batch: int = 8, temperature: float = 0.8, novelty: float = 0.7,
        unsuitable: Sequence[str] = UNSUITABLE, propose: Any = None, solve: dspy.Module | None = None,
    ) -> None:  # fmt: skip
        self.band = tuple(share_of("band", one) for one in band)
        label = SelfLabel(SOLVE, samples=samples, temperature=temperature, both_signs=True, generate=solve)
        after = [
            Told(label, {"confidence": "agreement", "rows": "rollouts"}, name="solve"),  # 3
            Keep(self.outside, "band"), Change(rewarded, "rewards"),  # 4
        ]  # fmt: skip
        super().__init__(
            seeds, after, propose=propose or Step(proposing(proposals, THINK_OF_PROBLEMS)), shown=shown, machine=machine, batch=batch,
            temperature=temperature, novelty=novelty, unsuitable=unsuitable,
        )  # fmt: skip  # 1, 2

    def outside(self, row: Row) -> str:
        """Return why a problem is dropped, or an empty text."""
        low, high = self.band
        return "" if low <= row["agreement"] <= high else f"agreement outside {low:g} to {high:g}"


def rewarded(row: Row) -> Row:
    """Return a row with the responses, their rewards, and a pair where some differ."""
    rollouts = row["rollouts"]
    said = ["\n".join(str(one[name]) for name in (REASONING, "output") if one.get(name)) for one in rollouts]
    rewards = [int(one["reward"]) for one in rollouts]
    pair = {"chosen": said[rewards.index(1)], "rejected": said[rewards.index(0)]} if {0, 1} <= set(rewards) else {}
    return row.without("examples", "rollouts").with_values(responses=said, rewards=rewards, **pair)


THINK_OF_PROBLEMS = "Think of new problems of the kind shown, each different from the others and as hard. Do not solve them."
