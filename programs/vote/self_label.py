"""Self-labels (163, LMSI, Huang et al., 2022; 196, Zhang et al., 2025): the majority is the label, and rewards what agrees with it.

For questions without labels and with short answers, when the model's vote is mostly right. A confident majority that is
wrong becomes a label like any other.

1. Draw the samples, each with its reasoning, at one temperature or several.
2. Vote. The winner's share of the answers that could be read is the confidence; ties go to the first drawn and are told.
3. Below `least_share`, decline: no label, no rows.
4. Every sample that gives the winner is a row with reward 1; with `both_signs` every other is a row with reward 0, and an
   input on which all samples agree gives no rows, since it teaches no difference.

Departures: (1) 196 rewards the answers of teacher and student; here both are this model's. (2) It weighs no answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.programs.normalise import answer_key
from selftaught.programs.reason import REASONING
from selftaught.programs.vote.aggregate import Poll
from selftaught.programs.vote.core import Vote
from selftaught.programs.vote.ways import Ballot
from selftaught.registry import method
from selftaught.signatures import Task, output_names


@method(
    196, "distill-data-and-rewards", family="self-training", missing="the student's answers; the reward model; training",
    samples=8, temperature=(0.5, 0.7, 1.0), least_share=0.5, both_signs=True,
)  # fmt: skip
@method(163, "lmsi", family="self-training", missing="training", samples=32)
class SelfLabel(Vote):
    """Vote, and keep which answers agreed with the winner as rows to learn from.

    The prediction also holds `rows`: dictionaries with the task's outputs, `reasoning` where there is one, and `reward`.

    Args:
        task: what to do.
        samples: answers drawn; 1 labels with the only answer.
        temperature: of the samples, or several, taken in turn.
        reasoning: reason before the answer.
        least_share: of the answers, from 0 to 1, below which there is no label.
        both_signs: rows for what disagrees, too, and none for an input where nothing does.
        generate: draws an answer; with it, `reasoning` does not apply.
    """

    def __init__(
        self, task: str | Task, *, samples: int = 8, temperature: float | Sequence[float] = 0.7, reasoning: bool = True,
        least_share: float = 0.0, both_signs: bool = False, generate: dspy.Module | None = None,
    ) -> None:  # fmt: skip
        reasons = reasoning and generate is None
        super().__init__(task, samples=samples, temperature=temperature, reasoning=reasons, least_share=least_share, generate=generate)  # fmt: skip
        self.both_signs = both_signs

    def counted(self, ballots: Sequence[Ballot]) -> Poll:
        """Return the label, and the rows."""
        poll = super().counted(ballots)  # 2
        poll.more["rows"] = self._rows(poll, ballots) if poll.confidence >= self.least_share else []  # 3
        return poll

    def _rows(self, poll: Poll, ballots: Sequence[Ballot]) -> list[dict[str, Any]]:
        names = output_names(self.task)
        label = answer_key(poll.winner.prediction, names)
        rows = []
        for ballot in ballots:  # 4
            said = ballot.prediction
            reward = float(answer_key(said, names) == label)
            reasons = {REASONING: said[REASONING]} if REASONING in said else {}
            rows.append({**reasons, **self.outputs(said), "reward": reward})
        if self.both_signs:
            return rows if len(poll.votes) > 1 else []
        return [row for row in rows if row["reward"]]
