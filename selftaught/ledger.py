"""The ledger: one row for every language-model call, whoever made it."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from selftaught.budget import Spend


@dataclass(frozen=True, slots=True)
class Call:
    """One call.

    `seconds`: latency. `usd`: None where unknown. `cached`: answered without paying. `at`: Unix time. `reused_tokens`: those of
    the prompt that the server still had, so that it did not read them again; 0 where it does not say.
    """

    model: str
    step: str
    purpose: str
    key: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = 0.0
    seconds: float = 0.0
    cached: bool = False
    truncated: bool = False
    error: str | None = None
    label: str = ""
    at: float = field(default_factory=time.time)
    reused_tokens: int = 0

    @property
    def spend(self) -> Spend:
        """What the call counts against a budget."""
        return Spend() if self.cached else Spend(1, self.prompt_tokens + self.completion_tokens, self.usd)


@dataclass(slots=True)
class Usage:
    """Sums over calls. `usd` is None when the price of any paid call is unknown."""

    calls: int = 0
    cached: int = 0
    failed: int = 0
    truncated: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = 0.0
    seconds: float = 0.0
    reused_tokens: int = 0
    by_purpose: Counter[str] = field(default_factory=Counter)
    by_step: Counter[str] = field(default_factory=Counter)
    by_model: Counter[str] = field(default_factory=Counter)

    def add(self, call: Call) -> None:
        """Count one call."""
        self.cached += call.cached
        self.failed += call.error is not None
        self.truncated += call.truncated
        if call.cached:
            return
        self.calls += 1
        self.prompt_tokens += call.prompt_tokens
        self.completion_tokens += call.completion_tokens
        self.usd = None if self.usd is None or call.usd is None else self.usd + call.usd
        self.seconds += call.seconds
        self.reused_tokens += call.reused_tokens
        self.by_purpose[call.purpose] += 1
        self.by_step[call.step] += 1
        self.by_model[call.model] += 1

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {**asdict(self), **{name: dict(getattr(self, name)) for name in ("by_purpose", "by_step", "by_model")}}


class Ledger:
    """Counts calls and, given a `sink`, hands each one on (a run directory writes them down).

    `keep` rows are held in memory, the oldest dropped first; sums cover all.
    """

    def __init__(self, sink: Callable[[Call], None] | None = None, keep: int = 10_000) -> None:
        self.usage = Usage()
        self.rows: list[Call] = []
        self._keep = keep
        self._sink = sink
        self._lock = threading.Lock()

    def add(self, call: Call) -> None:
        """Record one call."""
        with self._lock:
            self.usage.add(call)
            self.rows.append(call)
            if len(self.rows) > self._keep:
                del self.rows[: self._keep // 10 or 1]
        if self._sink is not None:
            self._sink(call)


def total(calls: Iterable[Call]) -> Usage:
    """Sum up calls."""
    usage = Usage()
    for call in calls:
        usage.add(call)
    return usage


def to_json(call: Call) -> str:
    """Return one ledger row as JSON."""
    return json.dumps(asdict(call), ensure_ascii=False, sort_keys=True)
