"""What the refine core keeps of one input: drafts, what was said of them, and which of them count."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json

from selftaught.signatures import Criterion, Verdict

IMPROVE = "It can be better."


@dataclass(frozen=True, slots=True)
class Review:
    """What a critic said of a draft.

    `acceptable`: nothing needs to be changed; None where the critic could not tell. `score` in [0, 1]: higher is better.
    `criteria`: a judge's findings one by one. `revision`: a revised draft that came with the review, so that none is asked for.
    """

    problems: list[str]
    acceptable: bool | None
    score: float
    criteria: tuple[Criterion, ...] = ()
    revision: Draft | None = None


@dataclass(slots=True)
class Draft:
    """A draft: `outputs`, the answer; `about`, what was refined where that is not the answer; `notes` for the prediction."""

    outputs: dict[str, Any]
    about: dict[str, Any] = field(default_factory=dict)
    review: Review | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    def says(self, other: Draft) -> bool:
        """True when the two are the same to the letter."""
        return serialize_for_json([self.outputs, self.about]) == serialize_for_json([other.outputs, other.about])


@dataclass(slots=True)
class Drafts:
    """The drafts of one input. `chain`: the accepted ones in order, each the revision of the one before; `made`: all."""

    made: list[Draft] = field(default_factory=list)
    chain: list[Draft] = field(default_factory=list)

    def add(self, draft: Draft, *, accepted: bool) -> None:
        """Add a new draft; an accepted one is the next to be revised."""
        self.made.append(draft)
        if accepted:
            self.chain.append(draft)

    @property
    def current(self) -> Draft:
        """The newest accepted draft."""
        return self.chain[-1]

    @property
    def revisions(self) -> int:
        """How many revisions were made."""
        return len(self.made) - 1

    @property
    def rejected(self) -> bool:
        """True when the newest draft was not accepted."""
        return self.made[-1] is not self.current

    @property
    def unchanged(self) -> bool:
        """True when the newest revision says what the draft before it says."""
        before = self.current if self.rejected else self.chain[-2] if len(self.chain) > 1 else None
        return before is not None and self.made[-1].says(before)

    def number(self, draft: Draft) -> int:
        """Return which draft it is, from 0."""
        return next(number for number, one in enumerate(self.made) if one is draft)


def review_of(found: dspy.Prediction) -> Review:
    """Return what a critic's or a judge's prediction says of a draft."""
    if "verdict" in found:
        return _judged(found.verdict)
    problems = [problem for problem in found.problems if problem.strip()]
    if found.acceptable is None:
        return Review(problems, None, 0.0)
    acceptable = bool(found.acceptable) or not problems
    return Review(problems, acceptable, 1.0 if acceptable else 1.0 / (1 + len(problems)))


def _judged(verdict: Verdict) -> Review:
    missed = [criterion for criterion in verdict.criteria if not criterion.passed]
    problems = [verdict.reasons] if verdict.reasons else []
    problems += [_problem(criterion) for criterion in missed]
    unknown = verdict.passed is None and verdict.score is None
    return Review(problems or [IMPROVE], None if unknown else bool(verdict.passed), verdict.score or 0.0, verdict.criteria)


def _problem(criterion: Criterion) -> str:
    if criterion.passed is None:
        return f"Not clearly fulfilled: {criterion.name}"
    return f"Not fulfilled: {criterion.name}{f' ({criterion.reason})' if criterion.reason else ''}"
