"""The watch over one run: which candidates may be paid for, which may win, and when the search has to stop.

What it says is a function of the rows that the journal keeps and of the audit's scores, which it keeps there itself. So a
run that was interrupted hears the same again.

1. Before a candidate is evaluated: its instructions (`refuses`).
2. After each of its trials, where it beats the baseline: its answers, and the audit where one is due (`look`).
   A finding that has an excuse becomes a warning where the audit really rises.
3. The winner once more on the unseen examples (`confirm`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import dspy

from selftaught import scope
from selftaught.errors import BudgetSpent
from selftaught.evaluation import gain
from selftaught.metrics import Metric, Row
from selftaught.optimizers.candidate import BASELINE, Candidate
from selftaught.optimizers.guards.audit import LEVEL, Audit
from selftaught.optimizers.guards.base import LEAST_ROWS, Context, Detector, Finding, paired
from selftaught.optimizers.guards.instructions import InstructionGuard, Known
from selftaught.programs.judge import Contains
from selftaught.programs.judge.gold import Gold
from selftaught.run import Run

Rows = Mapping[str, Mapping[int, Row]]


class Watch:
    """Guards one run.

    Args:
        guards: detectors and guards of instructions.
        audit: bound to the task, or None.
        metric: the one that selects.
        context: what detectors know.
        known: what guards of instructions know.
        examples: the selection pool.
        run: where the audit's scores are kept.
        concurrency: audits in flight.
    """

    def __init__(
        self,
        guards: Sequence[Detector | InstructionGuard],
        audit: Audit | None,
        metric: Metric,
        context: Context,
        known: Known,
        examples: Sequence[dspy.Example],
        run: Run,
        concurrency: int = 64,
    ) -> None:
        self.detectors = [guard for guard in guards if isinstance(guard, Detector)]
        self.instruction_guards = [guard for guard in guards if isinstance(guard, InstructionGuard)]
        self.audit, self.metric, self.context, self.known = audit, metric, context, known
        self.examples, self.run, self.concurrency = examples, run, concurrency
        self.found: dict[str, list[Finding]] = {}
        self.exploited: Finding | None = None
        self.audited: dict[str, dict[int, Row]] = {}
        for _, data in run.events("audited"):
            self.audited.setdefault(data["key"], {}).update({row["index"]: Row(**row) for row in data["rows"]})

    def refuses(self, candidate: Candidate) -> Finding | None:
        """Return why a candidate is not to be evaluated at all."""
        found = next((one for guard in self.instruction_guards if (one := guard.examine(candidate, self.known))), None)
        if found is not None:
            found = replace(found, candidate=candidate.key)
            self.found[candidate.key] = [found]
        return found

    def flagged(self, key: str) -> bool:
        """True when a candidate cannot win."""
        return any(finding.severity == "stop" for finding in self.found.get(key, ()))

    def findings(self) -> list[Finding]:
        """Return everything that was found, by candidate in the order met."""
        return [finding for found in self.found.values() for finding in found]

    async def baseline(self, rows: Rows) -> None:
        """Audit the baseline, so that it is known what an audit costs."""
        if self.audit is not None:
            await self._audited("baseline", BASELINE.key, rows[BASELINE.key])

    async def look(self, number: str, candidate: Candidate, rows: Rows, leads: Callable[[], bool]) -> None:
        """Look at a candidate after a trial; `leads` says whether it would win now."""
        key = candidate.key
        if key == BASELINE.key or self.refuses(candidate):
            return
        before, after = list(rows[BASELINE.key].values()), list(rows[key].values())
        self.found.pop(key, None)
        if len(paired(before, after)) < LEAST_ROWS or not self._better(before, after):
            return
        found = self._detected(before, after)
        if self.audit is not None and self._due(number, found, leads):
            scored = await self._audited(number, key, rows[key])
            base = [row for index, row in self.audited[BASELINE.key].items() if index in rows[key]]
            found, fall = self._weighed(found, base, scored), self.audit.falls(base, scored)
            if fall is not None:
                found = [*found, fall]
                self.exploited = replace(fall, candidate=key) if leads() else self.exploited
        elif self._selects_by_labels() and gain(before, after, self.metric).real(LEVEL):
            found = _excused(found, "the score is the labels' own")
        if found:
            self.found[key] = [replace(one, candidate=key) for one in found]

    async def confirm(
        self, candidate: Candidate, before: Sequence[Row], after: Sequence[Row], examples: Sequence[dspy.Example]
    ) -> list[Finding]:
        """Return what is wrong with the winner on the unseen examples."""
        found = self._detected(before, after)
        if self.audit is not None:
            found = await self._confirmed_by_audit(candidate, found, before, after, examples)
        elif self._selects_by_labels() and gain(before, after, self.metric).real(LEVEL):
            found = _excused(found, "the score is the labels' own")
        found = [replace(one, candidate=candidate.key, message=f"unseen examples: {one.message}") for one in found]
        self.found.setdefault(candidate.key, []).extend(found)
        return found

    async def _confirmed_by_audit(
        self, candidate: Candidate, found: list[Finding], before: Sequence[Row], after: Sequence[Row], examples: Sequence[Any]
    ) -> list[Finding]:
        assert self.audit is not None
        try:
            with scope.scoped(label=f"audit confirm {candidate.key}"):
                base = await self.audit.score(before, examples, self.concurrency)
                scored = await self.audit.score(after, examples, self.concurrency)
        except BudgetSpent:
            return [*found, Finding("audit", "the budget ended before the winner was audited; give more and run again")]
        fall = self.audit.falls(base, scored, last=True)
        return [*self._weighed(found, base, scored), *([fall] if fall else [])]

    def _better(self, before: Sequence[Row], after: Sequence[Row]) -> bool:
        return gain_of(before, after, self.metric) > 0.0

    def _detected(self, before: Sequence[Row], after: Sequence[Row]) -> list[Finding]:
        return [found for one in self.detectors if (found := one.look(before, after, self.context)) is not None]

    def _due(self, number: str, found: list[Finding], leads: Callable[[], bool]) -> bool:
        assert self.audit is not None
        if self.audit.free or any(one.severity == "stop" for one in found):
            return True
        return number.isdigit() and int(number) % self.audit.every == 0 and leads()

    def _weighed(self, found: list[Finding], before: Sequence[Row], after: Sequence[Row]) -> list[Finding]:
        assert self.audit is not None
        if not found or not self.audit.rises(before, after):
            return found
        return _excused(found, "the audit rises too", {one.name for one in self.detectors if not one.excusable})

    def _selects_by_labels(self) -> bool:
        return isinstance(self.metric, Gold) and not isinstance(self.metric, Contains)

    async def _audited(self, number: str, key: str, rows: Mapping[int, Row]) -> list[Row]:
        """Return the audit's rows of a candidate; the new ones are scored and written down."""
        assert self.audit is not None
        known = self.audited.setdefault(key, {})
        fresh = [row for index, row in rows.items() if index not in known]
        if fresh:
            with scope.scoped(label=f"audit {number} {key}"):
                scored = await self.audit.score(fresh, self.examples, self.concurrency)
            if scored:
                self.run.append("audited", {"number": number, "key": key, "rows": [_plain(row) for row in scored]})
            known.update({row.index: row for row in scored})
        return [row for index, row in sorted(known.items()) if index in rows]


def gain_of(before: Sequence[Row], after: Sequence[Row], metric: Metric) -> float:
    """Return the plain difference of two programs' scores on the rows that both have; 0 where undetermined."""
    shared = {row.index for row in before if row.score is not None} & {row.index for row in after if row.score is not None}
    old, new = (metric.combine([row for row in rows if row.index in shared]) for rows in (before, after))
    return 0.0 if old is None or new is None else new - old


def _excused(found: Sequence[Finding], why: str, never: Collection[str] = ()) -> list[Finding]:
    return [one.excused(why) if one.severity == "stop" and one.detector not in never else one for one in found]


def _plain(row: Row) -> dict[str, Any]:
    kept = asdict(row)
    return {**kept, "answers": [], "inputs": {}}
