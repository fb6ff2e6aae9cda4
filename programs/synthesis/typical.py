"""IWSI (144; C. Jiang et al., 2024): of voted rationales, drop those that look least like real ones.

For self-training on voted rationales with some fifty examples written by people at hand. It keeps a typical style, which overlaps
only partly with being right; their style is what becomes normal, faults included.

1. Sample rationales, vote, keep every rationale that gives the majority's answer.
2. Its loss: the mean negative log-probability of a token. The typical loss: the mean of that over the people's examples.
3. Its weight w: the typical loss over its loss; or the inverse of that, where it is below 1. So 1 is typical, and both what
   surprises and what is too predictable weigh more.
4. Keep the share `portion` with the lowest weights.

Departures: (1) the ranking is over the rows of one round, so by default all examples are one round. (2) Without `loss`, the
log-probabilities with which the model wrote the rationale serve. (3) Without a typical loss, the mean of the round's rows
stands in for it, and rows have no `ds_weight`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

from selftaught.errors import SettingError
from selftaught.programs.reason import reasoned
from selftaught.programs.search.likelihood import LikelyStep
from selftaught.programs.synthesis.candidates import Answers
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION, SampleVerifyKeep
from selftaught.programs.synthesis.stages import Change, Gate
from selftaught.programs.vote.decline import share
from selftaught.registry import method
from selftaught.signatures import Task, as_task

Loss = Callable[[dict[str, Any], dict[str, Any]], float]


@method(144, "iwsi", family="self-training", missing="training")
class TypicalRationales(SampleVerifyKeep):
    """Vote, and keep the rationales whose loss is the most typical.

    A row holds what `SampleVerifyKeep` says, `loss`, and `ds_weight` where the typical loss is known.

    Args:
        examples: dictionaries or examples with the task's inputs; labels are not read.
        task: what is answered.
        valid: examples written by people, with `reasoning` and the task's outputs; only with `loss`.
        loss: `(inputs, outputs) -> mean loss of a token`, such as one forward pass of the model to be trained.
        typical: the typical loss, instead of `valid`.
        portion: the share of rows that is kept, from 0 to 1; 1 keeps all.
        samples, temperature, least_share: see `SampleVerifyKeep`.
        batch: inputs a round; all by default, because rows are ranked within a round.

    Raises:
        SettingError: `valid` without `loss`, or a share that is none.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *, valid: Sequence[Mapping[str, Any]] = (),
        loss: Loss | None = None, typical: float | None = None, portion: float = 0.8, samples: int = 15, temperature: float = 1.1,
        least_share: float = 0.0, batch: int | None = None,
    ) -> None:  # fmt: skip
        if valid and (loss is None or typical is not None):
            raise SettingError("valid: needs loss, a function that says how surprising a text is, and no typical loss beside it.")
        task = as_task(task)
        super().__init__(
            examples, task, sampler=LikelyStep(reasoned(task)), samples=samples, temperature=temperature, verify="vote",
            least_share=least_share, batch=batch or len(examples),
        )  # fmt: skip
        answers = Answers(task)
        if loss is not None and valid:
            typical = fmean(loss(*_split(answers, one)) for one in valid)  # 2
        self.parts += [
            Change(lambda row: weighed(row, answers, loss, typical), "weigh"),  # 3
            Typical(typical, portion),  # 4
        ]


class Typical(Gate):
    """Lets through the share of a round's rows whose loss is the most typical; a row without a loss is not among them.

    Args:
        typical: the typical loss; the mean of the round's rows by default.
        portion: the share, from 0 to 1.
    """

    def __init__(self, typical: float | None, portion: float = 0.8) -> None:
        self.typical, self.portion, self.name = typical, share("portion", portion), "typical"

    def decide(self, rows: Sequence[Row]) -> Sequence[str]:
        """Rank the rows of a round, the first begun before the others on ties."""
        losses = [loss for row in rows if (loss := row.get("loss")) is not None]
        usual = self.typical if self.typical is not None else fmean(losses) if losses else 1.0
        weights = [ds_weight(row["loss"], usual) if row.get("loss") is not None else None for row in rows]
        order = sorted((weight, place) for place, weight in enumerate(weights) if weight is not None)
        kept = {place for _, place in order[: int(self.portion * len(rows) + 1e-9)]}
        if self.portion == 1.0:
            return [""] * len(rows)
        return ["" if place in kept else "no loss" if weights[place] is None else "unlike the rest" for place in range(len(rows))]

    def admit(self, row: Row) -> str:
        """Admit a row that was ranked before."""
        return ""


def weighed(row: Row, answers: Answers, loss: Loss | None, typical: float | None) -> Row:
    """Return a row with its loss and, where the typical one is known, its weight."""
    found = loss(*_split(answers, row.values)) if loss is not None else row.get("loss")
    if found is None:
        return row
    more = {} if typical is None else {"ds_weight": ds_weight(found, typical)}
    return row.with_values(loss=found, **more)


def ds_weight(loss: float, typical: float) -> float:
    """Return how far a loss is from the typical one, as a factor of at least 1."""
    low, high = sorted((max(loss, 1e-9), max(typical, 1e-9)))
    return high / low


def _split(answers: Answers, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return {name: values[name] for name in answers.inputs}, answers.said(values)
