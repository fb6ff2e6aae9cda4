"""Value types that steps exchange. Frozen pydantic models, so that they compare, print and save as data."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """Base of the value types."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Critique(Value):
    """What a critic found. `problems`: each names a place and what to change. `acceptable`: nothing needs changing."""

    problems: tuple[str, ...] = ()
    acceptable: bool = False


class Criterion(Value):
    """One criterion of a verdict. `passed` is None where the judge gave no readable answer."""

    name: str
    passed: bool | None = None
    score: float | None = Field(default=None, ge=0.0, le=1.0)
    reason: str = ""


class Verdict(Value):
    """A judge's finding. `score` in [0, 1], None when nothing could be determined. `confidence` in [0, 1]."""

    score: float | None = Field(ge=0.0, le=1.0)
    passed: bool | None = None
    reasons: str = ""
    criteria: tuple[Criterion, ...] = ()
    confidence: float | None = Field(default=None, ge=0.0, le=1.0)


class Checklist(Value):
    """Yes/no questions, each phrased so that yes means satisfied."""

    questions: tuple[str, ...] = Field(min_length=1)


class Comparison(Value):
    """Which of two drafts is better. `consistent`: the same in both orders. `chance`: that the first is better, if known."""

    better: Literal["first", "second", "tie"]
    consistent: bool = True
    chance: float | None = Field(default=None, ge=0.0, le=1.0)


class Plan(Value):
    """Steps in the order they are to be taken."""

    steps: tuple[str, ...]


class Principle(Value):
    """A rule learned from experience. `support`: how many cases speak for it."""

    text: str
    support: int = 0
