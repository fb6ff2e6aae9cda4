"""Consensus (007, Ensemble-Instruct; Lee et al., 2023): several models answer; keep the answer they agree on, or none.

For small open models whose single answers are often wrong. It favours short, common answers, says nothing about creative
tasks, and models with a common origin agree on errors.

1. Every generator answers.
2. If some answer was given twice or more, in the same words, the most frequent one wins; the earliest generator's on ties.
3. Else compare every two answers by ROUGE-L. If some two have next to nothing in common, decline.
4. Else the answer with the most in common with all others wins, the earliest generator's on ties.
5. An empty winner, or an answer with nothing to compare it with, is declined.

Departures: (1) any number of generators, not three; with three it is the paper's rule. (2) Without generators of your own, one
step is asked `samples` times, which shows only how sure one model is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy
import numpy as np

from selftaught.programs.sampling import at_least
from selftaught.programs.vote.aggregate import Poll, groups_of, overlaps
from selftaught.programs.vote.core import Vote
from selftaught.programs.vote.decline import share
from selftaught.programs.vote.ways import Ballot
from selftaught.registry import method
from selftaught.signatures import Task, output_names, render


@method(7, "ensemble-instruct", family="vote")
class Consensus(Vote):
    """Return the answer that several models agree on, or decline.

    The prediction also holds `agreement`, how much the answer has in common with the others, which is its confidence.

    Args:
        task: what to do.
        generate: modules that answer, in order of precedence, usually each with a model of its own (`set_lm`).
        samples: answers drawn; one of each generator by default, three of a single one.
        least_overlap: the ROUGE-L, from 0 to 1, that no two answers may have or stay below, where none was given twice.
        temperature: of the samples, where a generator is asked several times.
    """

    def __init__(
        self, task: str | Task, *, generate: dspy.Module | Sequence[dspy.Module] | None = None, samples: int | None = None,
        least_overlap: float = 0.01, temperature: float = 0.7,
    ) -> None:  # fmt: skip
        many = 3 if samples is None else at_least("samples", samples, 2)
        super().__init__(task, generate=generate, samples=many, temperature=temperature)
        if samples is None and len(self.generators) > 1:
            self.samples = len(self.generators)
        self.least_overlap = share("least_overlap", least_overlap)

    def counted(self, ballots: Sequence[Ballot]) -> Poll:
        """Return the answer that is agreed on."""
        groups = groups_of(self.task, ballots)
        alike = overlaps([render(output_names(self.task), ballot.prediction) for ballot in ballots])
        others = ~np.eye(len(ballots), dtype=bool)
        common = max(groups, key=lambda group: len(group.ballots))
        if len(common.ballots) > 1:  # 2
            place, agreed = ballots.index(common.spoken), True
        else:
            place = int(np.argmax(np.where(others, alike, 0.0).sum(axis=1).round(9)))  # 4
            agreed = len(ballots) > 1 and float(alike[others].min()) > self.least_overlap  # 3
        said = render(output_names(self.task), ballots[place].prediction).strip()  # 5
        agreement = float(alike[place][others[place]].mean()) if len(ballots) > 1 else 0.0
        votes: dict[str, float] = {group.key: group.weight for group in groups}
        tied = sum(len(group.ballots) == len(common.ballots) for group in groups) > 1
        more: dict[str, Any] = {"agreement": agreement}
        return Poll(ballots[place], votes, agreement, tied, unsure=not agreed or not said, more=more)
