"""The trace of an answer: what each step of a program saw and said, in `prediction.steps`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

STEPS = "steps"
"""The name under which a prediction holds its trace."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one step saw and said."""

    step: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
