"""`st.synthesis`: pipelines by name, what they are made of, and what their rows become.

Every registered pipeline is here under the name of its class; `dir(st.synthesis)` lists them. New method files need no line here.
"""

from __future__ import annotations

from typing import Any

from selftaught.errors import nearest
from selftaught.programs.diagnose.imitation import ImitationAudit
from selftaught.programs.synthesis import (
    Change,
    Distinct,
    Gate,
    Judged,
    Keep,
    Made,
    Novel,
    Origin,
    Passage,
    Pipeline,
    Rejected,
    Row,
    Rows,
    Source,
    Stage,
    Synthesized,
)
from selftaught.programs.synthesis.auto import AutoTrainset, Coverage, Trainset, auto
from selftaught.programs.synthesis.card import Card
from selftaught.programs.synthesis.distil import distil
from selftaught.programs.synthesis.formats import FORMATS
from selftaught.programs.synthesis.ray_cluster import RayCluster
from selftaught.programs.synthesis.splits import Splits
from selftaught.programs.synthesis.templates import Template
from selftaught.registry import registrations

__all__ = [
    "FORMATS",
    "AutoTrainset",
    "Card",
    "Change",
    "Coverage",
    "Distinct",
    "Gate",
    "ImitationAudit",
    "Judged",
    "Keep",
    "Made",
    "Novel",
    "Origin",
    "Passage",
    "Pipeline",
    "RayCluster",
    "Rejected",
    "Row",
    "Rows",
    "Source",
    "Splits",
    "Stage",
    "Synthesized",
    "Template",
    "Trainset",
    "auto",
    "distil",
    "pipelines",
]  # fmt: skip


def pipelines() -> dict[str, type[Pipeline]]:
    """Return every registered pipeline class by its name, in order."""
    found = {one.serves.__name__: one.serves for one in registrations().values() if issubclass(one.serves, Pipeline)}
    return dict(sorted(found.items()))


def __getattr__(name: str) -> Any:
    known = {} if name.startswith("_") else pipelines()
    if name not in known:
        raise AttributeError(f"st.synthesis has no {name!r}{nearest(name, known)}.")
    globals()[name] = known[name]
    return known[name]


def __dir__() -> list[str]:
    return sorted({*__all__, *pipelines()})
