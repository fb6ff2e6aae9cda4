"""Which examples are for what: proposals and demonstrations, selection, confirmation. No example serves two purposes."""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import dspy

from selftaught.errors import DataError, OverlapWarning
from selftaught.metrics import Metric

LEAST = 4


@dataclass(frozen=True, slots=True)
class Splits:
    """`labelled`: shown to proposers and as demonstrations. `pool`: candidates are selected on it. `unseen`: confirms the winner."""

    labelled: list[dspy.Example]
    pool: list[dspy.Example]
    unseen: list[dspy.Example]

    def sizes(self) -> dict[str, int]:
        """Return the number of examples for each purpose."""
        return {"labelled": len(self.labelled), "pool": len(self.pool), "unseen": len(self.unseen)}


def split(trainset: Sequence[dspy.Example], valset: Sequence[dspy.Example] | None, metric: Metric, seed: int) -> Splits:
    """Split the data once, by the seed alone.

    Without a valset, half of the trainset is for proposals and demonstrations and a quarter each for selection and
    confirmation. With one, the trainset is all for proposals, and the valset is halved; labelled and unlabelled examples
    separately, so that both halves have some of each. A metric that uses the given examples selects on the trainset
    (each answered with its own demonstration left out) and keeps the labelled examples of the valset for confirmation.

    Raises:
        DataError: too few examples for the splits, those that stand in both sets left out of the valset (with an OverlapWarning).
    """
    train, chooser = list(trainset), random.Random(f"splits {seed}")
    if not train:
        raise DataError("The trainset is empty. Tuning needs a handful of examples.")
    if valset is None:
        if len(train) < 2 * LEAST:
            raise DataError(f"{len(train)} examples are too few to split three ways. Give at least {2 * LEAST}, or a valset.")
        shuffled = chooser.sample(train, len(train))
        half, quarter = len(train) // 2, len(train) // 4
        labelled, pool, unseen = shuffled[:half], shuffled[half : half + quarter], shuffled[half + quarter :]
    else:
        labelled, apart = train, _without_overlap(train, list(valset))
        pool, unseen = _halves(apart, chooser, keep_labelled=metric.uses_given)
    if len(unseen) < 2 or not pool:
        raise DataError(
            f"{len(pool) + len(unseen)} examples in the valset are too few to select on one half and confirm on the other. Give at least {LEAST}."
        )
    return Splits(labelled, [*labelled, *pool] if metric.uses_given else pool, unseen)


def _halves(
    rows: list[dspy.Example], chooser: random.Random, *, keep_labelled: bool
) -> tuple[list[dspy.Example], list[dspy.Example]]:
    first: list[dspy.Example] = []
    second: list[dspy.Example] = []
    labelled = [row for row in rows if dict(row.labels())]
    for group in (labelled, [row for row in rows if not dict(row.labels())]):
        shuffled = chooser.sample(group, len(group))
        middle = 0 if keep_labelled and group is labelled else len(group) // 2
        first += shuffled[:middle]
        second += shuffled[middle:]
    return first, second


def _without_overlap(train: list[dspy.Example], val: list[dspy.Example]) -> list[dspy.Example]:
    """Return the valset without what stands in the trainset too, and warn of it: a score on shown examples means nothing."""
    known = [dict(example.inputs()) for example in train]
    shared = [number for number, example in enumerate(val) if dict(example.inputs()) in known]
    if shared:
        shown = ", ".join(map(str, shared[:10])) + (", ..." if len(shared) > 10 else "")
        warnings.warn(f"Rows {shown} of the valset stand in the trainset too; they are left out of the valset.", OverlapWarning)
    return [example for number, example in enumerate(val) if number not in set(shared)]
