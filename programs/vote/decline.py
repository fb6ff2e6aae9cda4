"""Declining: an answer that is not good enough is withheld, instead of given."""

from __future__ import annotations

import dspy

from selftaught.errors import SettingError
from selftaught.signatures import Task, output_names


def withheld(task: Task, found: dspy.Prediction) -> dspy.Prediction:
    """Return a prediction that declines: the task's outputs are None, and `withheld` holds what they were."""
    names = output_names(task)
    kept = {name: found[name] for name in names}
    return dspy.Prediction(**{**dict(found.items()), **dict.fromkeys(names), "declined": True, "withheld": kept})


def share(name: str, value: float) -> float:
    """Return a share from 0 to 1.

    Raises:
        SettingError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise SettingError(f"{name}={value!r}: expected a number from 0 to 1.")
    return float(value)
