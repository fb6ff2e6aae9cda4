"""Verifiable constraints: instructions that a program checks, without a model."""

from selftaught.programs.judge.constraints import (
    affix,
    case,
    custom,
    form,
    language,
    layout,
    length,
    letters,
    nesting,
    sequence,
    table,
    words,
)
from selftaught.programs.judge.constraints.base import Constraint, constraint
from selftaught.programs.judge.constraints.conflicts import compatible, conflicts
from selftaught.programs.judge.constraints.judge import Constraints
from selftaught.programs.judge.constraints.registry import kinds
from selftaught.programs.judge.constraints.rows import NOT_CHECKED, from_ifeval, not_checked

GROUPS = (affix, case, custom, form, language, layout, length, letters, nesting, sequence, table, words)
"""The modules whose kinds there are; importing them registers the kinds."""

__all__ = [
    "NOT_CHECKED",
    "Constraint",
    "Constraints",
    "compatible",
    "conflicts",
    "constraint",
    "from_ifeval",
    "kinds",
    "not_checked",
]
