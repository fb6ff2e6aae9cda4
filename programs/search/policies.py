"""The policies of a search by name: which partial answer is continued next.

- `greedy`, `beam`: level by level, the best few.            - `stochastic-beam`: level by level, drawn by their scores.
- `best-first`: the best open node, wherever it is.          - `look-ahead`: the next node whose best successor is best.
- `ucb`: from the root down, the best bound of value and rarity (Monte Carlo tree search).

A policy is a deterministic function of the tree, its settings and its seed. Each search makes a new one.
"""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

from selftaught.errors import SettingError, nearest
from selftaught.programs.search.descent import BestFirst, LookAhead
from selftaught.programs.search.levels import Beam, StochasticBeam
from selftaught.programs.search.ucb import Ucb

POLICIES: dict[str, tuple[Any, dict[str, Any]]] = {
    "greedy": (Beam, {"width": 1}),
    "beam": (Beam, {}),
    "stochastic-beam": (StochasticBeam, {}),
    "best-first": (BestFirst, {}),
    "look-ahead": (LookAhead, {}),
    "ucb": (Ucb, {}),
}
"""Name -> the class and what is fixed in it."""


def policy_of(name: str, knobs: dict[str, Any], seed: str = "") -> Any:
    """Return a new policy.

    Raises:
        SettingError: there is no such policy, or it has no such knob, or a value makes no sense.
    """
    if name not in POLICIES:
        raise SettingError(f"policy={name!r}: expected one of {sorted(POLICIES)}{nearest(str(name), POLICIES)}.")
    kind, preset = POLICIES[name]
    known = [one.name for one in fields(kind) if one.init and one.name != "seed" and one.name not in preset]
    for knob, value in knobs.items():
        if knob not in known:
            raise SettingError(
                f"{knob}={value!r}: the policy {name!r} has no such setting{nearest(knob, known)}; it has {known}."
            )
        _check(knob, value)
    return kind(**preset, **knobs, **({"seed": seed} if kind is StochasticBeam else {}))


def _check(knob: str, value: Any) -> None:
    if knob == "by":
        fits = value in ("last", "mean", "product")
    elif knob in ("width", "widest", "dive"):
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= (1 if knob == "width" else 0)
    else:
        fits = value is None or isinstance(value, bool) or (isinstance(value, int | float) and 0 <= value < math.inf)
    if not fits:
        raise SettingError(f"{knob}={value!r}: not a value of this setting; numbers are at least 0, a width at least 1.")
