"""ReVISE as a vote (134; Hyunseok Lee et al., 2025): trajectories that verify themselves, each with its confidence as weight.

For checkable answers, when the chance that an answer is right can be read from a judge or the model's probabilities, and was
measured (`diagnose`): an untrained verifier is often too content. Where all chances are equal, this is a plain vote.

1. Draw `samples` trajectories together. Each answers, verifies, and answers again where that fails (`VerifyThenRevise`).
2. Each weighs what its verifier gives as the chance that its answer is right.
3. Sum the weights of equal answers; the largest sum wins.

Departures: (1) the paper trains a model to end or to go on; here a judge's chance of "right" stands for the probability of
the end mark. (2) A trajectory returns its most confident answer, not its last. (3) Where a verdict cannot be read, the answer
weighs as much as the others on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.errors import TaskError
from selftaught.programs.judge.base import Judge
from selftaught.programs.refine.verify import VerifyThenRevise
from selftaught.programs.sampling import at_least
from selftaught.programs.vote.aggregate import Poll
from selftaught.programs.vote.core import Vote
from selftaught.programs.vote.ways import Ballot, with_weights
from selftaught.registry import method
from selftaught.signatures import Task, as_task

CONFIDENCE = "confidence"


@method(134, "revise-vote", family="vote", missing="training the model to verify and to correct")
class ReviseVote(Vote):
    """Vote over verified trajectories, each with its confidence as weight.

    The prediction also holds `refined`, how many trajectories answered again.

    Args:
        task: what to do.
        samples: trajectories drawn.
        rounds: the most revisions in each, at least 1.
        certainty: the chance, from 0 to 1, from which an answer counts as right and ends its trajectory.
        temperature: of the samples.
        generate: gives the first answer of each; a step on the task by default.
        judge: the verifier; see `VerifyThenRevise`.

    Raises:
        TaskError: the task has an output named `confidence`, under which a trajectory tells its own.
    """

    def __init__(
        self, task: str | Task, *, samples: int = 4, rounds: int = 1, certainty: float = 0.5, temperature: float = 0.7,
        generate: dspy.Module | None = None, judge: Judge | None = None,
    ) -> None:  # fmt: skip
        if CONFIDENCE in as_task(task).output_fields:
            raise TaskError(f"The task has an output named {CONFIDENCE!r}, under which a trajectory tells its own. Rename the field.")  # fmt: skip
        trajectory = VerifyThenRevise(
            task, rounds=at_least("rounds", rounds, 1), verify="chance", certainty=certainty, generate=generate, judge=judge
        )  # 1
        super().__init__(task, samples=samples, temperature=temperature, generate=trajectory)

    async def weighed(self, inputs: dict[str, Any], ballots: list[Ballot]) -> list[Ballot]:
        """Return the answers with their trajectories' confidences."""
        return with_weights(ballots, [ballot.prediction[CONFIDENCE] for ballot in ballots])  # 2

    def counted(self, ballots: Sequence[Ballot]) -> Poll:
        """Return who wins, and how many trajectories answered again."""
        poll = super().counted(ballots)  # 3
        poll.more["refined"] = sum(bool(ballot.prediction["refined"]) for ballot in ballots)
        return poll
