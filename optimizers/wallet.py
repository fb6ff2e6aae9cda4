"""The budget of a run, divided: what the search may spend, and what is kept back to confirm its winner."""

from __future__ import annotations

from typing import Any

from selftaught.budget import LIMITS, Budget, Spend
from selftaught.errors import BudgetError
from selftaught.ledger import Usage, total
from selftaught.optimizers.candidate import BASELINE
from selftaught.run import Run

SPARE = 1.25
"""What confirming is expected to take is kept back with a quarter more; three times as much of tokens and dollars, since demonstrations lengthen prompts."""

NOTHING = 1e-12
"""Of a limit: less than any call takes."""


class Wallet:
    """What a run may spend.

    Args:
        budget: the ceiling of the whole run.
        run: whose ledger says what was spent.
    """

    def __init__(self, budget: Budget, run: Run) -> None:
        self.budget, self.run = budget, run
        self.reserve = Spend()
        self.row = Spend()
        self.search: Budget | None = None

    def charge_the_past(self) -> None:
        """Count what an interrupted run has spent already."""
        self.budget.charge(_spent(self.run.ledger.usage))

    def divide(self, pool: int, unseen: int, *, begun: bool = False) -> None:
        """Keep back what confirming takes: of two programs on the unseen rows what the baseline took on the pool, and a quarter more.

        A search that had begun before, and has spent its part, gets nothing more: what it asked is told from the journal.

        Raises:
            BudgetError: nothing is left for a search that has not begun.
        """
        paid = [call for label in ("trial", "audit") for call in self.run.calls(f"{label} baseline {BASELINE.key}")]
        usage, factor = total(paid), 2 * SPARE * unseen / pool
        tokens = usage.prompt_tokens + usage.completion_tokens
        self.reserve = Spend(
            int(usage.calls * factor + 1), int(3 * tokens * factor + 1), None if usage.usd is None else 3 * usage.usd * factor
        )
        self.row = Spend(
            max(1, -(-usage.calls // pool)), int(3 * tokens / pool + 1), None if usage.usd is None else 3 * usage.usd / pool
        )
        self.search = self._for_the_search(begun)

    def _for_the_search(self, begun: bool) -> Budget | None:
        limits: dict[str, Any] = {limit: max(value, NOTHING) if begun else value for limit, value in self.left().items()}
        if any(value <= 0 for value in limits.values()):
            short = next(limit for limit, value in limits.items() if value <= 0)
            taken = float(self.budget.limits[short] or 0) - limits[short]
            raise BudgetError(
                f"{self.budget!r} cannot pay for one candidate: evaluating the baseline and confirming a winner takes "
                f"{taken:.0f} {short}. Give at least twice that, or fewer examples."
            )
        return Budget(**limits) if limits else None

    def left(self) -> dict[str, float]:
        """Return what is left for the search, of each limit that is set."""
        return {
            limit: self.budget.left(limit) - float(getattr(self.reserve, limit) or 0.0)
            for limit in LIMITS
            if self.budget.limits[limit] is not None
        }

    def affordable(self) -> int | None:
        """Return how many rows of a candidate the search can still pay for; None without a limit."""
        rows = [int(left / each) for limit, left in self.left().items() if (each := float(getattr(self.row, limit) or 0.0)) > 0]
        return max(0, min(rows)) if rows else None

    @property
    def over(self) -> bool:
        """True when the search can make no call any more."""
        return self.search is not None and self.search.over


def _spent(usage: Usage) -> Spend:
    return Spend(usage.calls, usage.prompt_tokens + usage.completion_tokens, usage.usd)
