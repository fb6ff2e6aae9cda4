"""Where the runtime uses what lives with the programs: the bundler takes the real thing in the place of these."""

from __future__ import annotations

import importlib
from typing import Any

CANDIDATES = 20


def odds_of(*given: Any) -> Any:
    """See `selftaught.programs.odds`."""
    return importlib.import_module("selftaught.programs.odds").odds_of(*given)


def choices_of(*given: Any) -> Any:
    """See `selftaught.programs.odds`."""
    return importlib.import_module("selftaught.programs.odds").choices_of(*given)


def record(*given: Any) -> None:
    """See `selftaught.programs.base`."""
    importlib.import_module("selftaught.programs.base").record(*given)


def answer_key(*given: Any) -> str:
    """See `selftaught.programs.normalise`."""
    return str(importlib.import_module("selftaught.programs.normalise").answer_key(*given))


def Group(*given: Any) -> Any:
    """See `selftaught.programs.vote.aggregate`."""
    return importlib.import_module("selftaught.programs.vote.aggregate").Group(*given)
