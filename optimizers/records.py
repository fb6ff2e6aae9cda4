"""The journal of a search: what was asked, told, planned and ended, written as it happens and read on resume."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from dspy.adapters.utils import serialize_for_json

from selftaught.budget import LIMITS, Budget
from selftaught.errors import RunError
from selftaught.metrics import Row
from selftaught.optimizers.scoreboard import figures
from selftaught.optimizers.strategy import Standing, Trial
from selftaught.optimizers.wallet import Wallet
from selftaught.run import Run

BUDGET_ENDED = "the budget for the search is spent"


class Records:
    """Reads the journal once when it is opened, and keeps it up to date.

    Args:
        run: whose journal.
        budget: a search that ended for lack of budget goes on where there is more now.
    """

    def __init__(self, run: Run, budget: Budget) -> None:
        self.run, self.budget = run, budget
        self._asked: dict[str, Any] = {}
        self._told: dict[str, list[list[Row]]] = {}
        self._ended: dict[int, str] = {}
        self._afforded: dict[int | None, int | None] = {}
        self._open_look: int | None = None
        self._winners: list[str] = []
        self._looks = 0
        for kind, data in run.events():
            self._read(kind, data)

    def _read(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "asked":
            self._asked[data["number"]] = data["trials"]
            self._open_look = None
        elif kind == "told":
            self._told[data["number"]] = [[Row(**row) for row in rows] for rows in data["rows"]]
        elif kind == "afforded":
            self._afforded[data["look"]] = data["rows"]
            self._open_look = data["look"]
        elif kind == "ended" and data["reason"].startswith(BUDGET_ENDED) and self._richer(data.get("budget")):
            self._afforded.pop(self._open_look, None)  # nothing was asked after it: with more budget, more is affordable
        elif kind == "ended":
            self._ended[int(data["number"])] = data["reason"]
        elif kind == "finished":
            self._winners.append(data["winner"]["key"])

    def _richer(self, before: dict[str, Any] | None) -> bool:
        """True where some limit was raised or taken away since."""
        now = {**self.budget.limits, "seconds": self.budget.seconds}
        return before is not None and any(
            before.get(limit) is not None and (now[limit] is None or float(now[limit] or 0) > float(before[limit]))
            for limit in (*LIMITS, "seconds")
        )

    @property
    def begun(self) -> bool:
        """True where the search was asked for something before."""
        return bool(self._afforded or self._ended or len(self._asked) > 1)

    def started(self, limits: dict[str, Any], pool: int, unseen: int) -> None:
        """Note that a process works on the run from here."""
        self.run.append("started", {"budget": limits, "pool": pool, "unseen": unseen})

    def affordable(self, wallet: Wallet) -> int | None:
        """Return how many rows the search can pay for now; a look that was made before says the same again on resume."""
        self._looks += 1
        if self._looks not in self._afforded:
            self._afforded[self._looks] = wallet.affordable()
            self.run.append("afforded", {"look": self._looks, "rows": self._afforded[self._looks]})
        return self._afforded[self._looks]

    def told(self, number: str) -> list[list[Row]] | None:
        """Return the rows that were told of a step; None where it was not."""
        return self._told.get(number)

    def asked(self, number: str, trials: Sequence[Trial]) -> None:
        """Write down what was asked; a step that was asked before must be the same."""
        if number in self._asked:
            self.compare(number, trials)
        else:
            self._asked[number] = _plain(trials)
            self.run.append("asked", {"number": number, "trials": self._asked[number]})

    def compare(self, number: str, trials: Sequence[Trial]) -> None:
        """Refuse a step that is another one than the journal says.

        Raises:
            RunError: it is.
        """
        if number in self._asked and self._asked[number] != as_json(_plain(trials)):
            raise RunError(
                f"{self.run.folder}: at step {number} the strategy now asks for something else than the journal says: "
                f"{_difference(self._asked[number], as_json(_plain(trials)))}. It was written by another version or for "
                "another program; start a new run."
            )

    def tell(
        self, number: str, rows: Sequence[Sequence[Row]], standings: Sequence[Standing], flags: list[dict[str, Any]]
    ) -> None:
        """Write down what was told."""
        plain = [[asdict(row) for row in found] for found in rows]
        self._told[number] = [list(found) for found in rows]
        told = [figures(standing) for standing in standings]
        self.run.append(
            "told", {"number": number, "rows": plain, "standings": told, "calls": self.run.ledger.usage.calls, "findings": flags}
        )

    def ended(self, number: int) -> str | None:
        """Return why the search ended after a step, where it did."""
        return self._ended.get(number)

    def end(self, number: int, reason: str) -> None:
        """Write down that the search ended after a step."""
        if number not in self._ended:
            self._ended[number] = reason
            limits = {**self.budget.limits, "seconds": self.budget.seconds}
            self.run.append("ended", {"number": number, "reason": reason, "budget": limits})

    def winners_before(self, key: str) -> int:
        """Return how many other winners were confirmed on the same unseen examples before."""
        return len({winner for winner in self._winners if winner != key})


def _plain(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    return [
        {"candidate": trial.candidate.to_dict(), "key": trial.candidate.key, "rows": list(trial.rows or ())} for trial in trials
    ]


def _difference(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> str:
    if len(before) != len(now):
        return f"{len(now)} trials instead of {len(before)}"
    for old, new in zip(before, now, strict=True):
        if old["key"] != new["key"]:
            return f"the candidate {new['candidate']['origin']!r} instead of {old['candidate']['origin']!r}"
        if old["rows"] != new["rows"]:
            return f"rows {new['rows'][:5]} instead of {old['rows'][:5]}"
    return "other origins of the same candidates"


def as_json(value: Any) -> Any:
    """Return a value as JSON would give it back."""
    return json.loads(json.dumps(value, default=serialize_for_json))
