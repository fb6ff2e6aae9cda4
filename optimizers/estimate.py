"""What a run will spend, before it starts; and after it, from how many uses on it has paid for itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dspy

from selftaught.budget import Budget
from selftaught.errors import BudgetError
from selftaught.ledger import Usage
from selftaught.metrics import Metric
from selftaught.optimizers.splits import Splits
from selftaught.signatures import example_lines

if TYPE_CHECKING:
    from selftaught.evaluation import Evaluation

CHARACTERS_PER_TOKEN = 4
WRAPPING = 60
"""Tokens of a prompt besides instruction and inputs: roles and the shape of the answer."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run is expected to spend. Each: the least and the most; None where unknown.

    `least_calls`: what evaluating the baseline, one candidate and confirming it take; a smaller budget buys nothing.
    """

    calls: tuple[int, int]
    tokens: tuple[int, int]
    usd: tuple[float, float] | None
    least_calls: int

    def __str__(self) -> str:
        money = "" if self.usd is None or not self.usd[1] else f", {self.usd[0]:.2g} to {self.usd[1]:.2g} US dollars"
        return f"{self.calls[0]} to {self.calls[1]} calls, {self.tokens[0]:,} to {self.tokens[1]:,} tokens{money}"


def estimate(
    program: dspy.Module, splits: Splits, metric: Metric, budget: Budget, wanted: int, lm: Any = None, proposals: int = 0
) -> Estimate:
    """Estimate a run.

    Args:
        wanted: rows that the search of the strategy asks for, where nothing stops it.
        lm: the model, for the price of a call; the configured one by default.
        proposals: calls that the strategy makes for itself.
    """
    low, high = calls_per_row(program, metric)
    fixed = len(splits.pool) + 2 * len(splits.unseen)
    least = (fixed + len(splits.pool)) * low
    calls = (fixed * low, (fixed + wanted) * high + proposals)
    if (ceiling := budget.limits["calls"]) is not None:
        calls = (min(calls[0], int(ceiling)), min(calls[1], int(ceiling)))
    each = _tokens_of_a_call(program, splits)
    model = lm or dspy.settings.lm
    longest = int(getattr(model, "kwargs", {}).get("max_tokens") or 256)
    tokens = (calls[0] * each, calls[1] * (3 * each + longest))
    if (ceiling := budget.limits["tokens"]) is not None:
        tokens = (min(tokens[0], int(ceiling)), min(tokens[1], int(ceiling)))
    return Estimate(calls, tokens, _usd(model, tokens), least)


def calls_per_row(program: dspy.Module, metric: Metric) -> tuple[int, int]:
    """Return the calls of one evaluated row: the program's own, for every sample the metric draws, and the judge's."""
    cost = getattr(program, "cost", None)
    count = max(1, len(program.predictors()))
    low, high = (found.at_least, found.at_most) if callable(cost) and (found := cost()) is not None else (count, count)
    judge = getattr(getattr(metric, "judge", None), "cost", None)
    more = judge() if callable(judge) else None
    return (
        max(1, low) + (more.at_least if more else 0),
        max(1, high) * metric.samples + (more.at_most if more else 0),
    )


def refuse_too_little(budget: Budget, expected: Estimate, spent: int = 0) -> None:
    """Refuse a budget that cannot pay for one candidate, before anything is paid.

    Raises:
        BudgetError: with what is needed, and what to do.
    """
    ceiling = budget.limits["calls"]
    if ceiling is not None and ceiling + spent < expected.least_calls:
        raise BudgetError(
            f"{budget!r} cannot pay for one candidate: evaluating the baseline, one candidate, and confirming it takes at least "
            f"{expected.least_calls} calls. Give Budget(calls={2 * expected.least_calls}) or more, or fewer examples in the valset."
        )


def _tokens_of_a_call(program: dspy.Module, splits: Splits) -> int:
    predictors = program.predictors()
    task = predictors[0].signature if predictors else None
    shown: Sequence[Any] = splits.pool[:10]
    fields = [sum(len(str(value)) for value in dict(example).values()) for example in shown]
    own = 0 if task is None else len(task.instructions)
    demos = sum(len(example_lines(one.signature, demo)) for one in predictors for demo in one.demos) if predictors else 0
    return int((own + demos + sum(fields) / max(1, len(fields))) / CHARACTERS_PER_TOKEN) + WRAPPING


def _usd(model: Any, tokens: tuple[int, int]) -> tuple[float, float] | None:
    price = getattr(getattr(model, "backend", None), "price", None)
    if price is None:
        return None
    return tokens[0] * min(price) / 1e6, tokens[1] * max(price) / 1e6


@dataclass(frozen=True, slots=True)
class BreakEven:
    """From how many uses on a tuning has paid for itself; `uses` is None where it never does, or nothing was confirmed.

    `unit`: what is counted. Where the tuned program is cheaper: what one use saves (`tokens` or `usd`). Otherwise
    `right answers`: one more right answer is taken to be worth as much as one call.
    """

    spent: float
    unit: str
    gained_per_use: float
    uses: int | None

    def __str__(self) -> str:
        if self.uses is None:
            return "it does not pay for itself"
        what = "better answers (one each call spent)" if self.unit == "right answers" else f"saved {self.unit}"
        return f"it has paid for itself after {self.uses:,} uses, in {what}"

    @classmethod
    def of(cls, usage: Usage, before: Evaluation, after: Evaluation, *, confirmed: bool) -> BreakEven:
        """Work it out from what was spent, and from the answers of both programs."""
        spent_tokens = float(usage.prompt_tokens + usage.completion_tokens)
        options = [
            ("usd", usage.usd or 0.0, _cost(before, "usd") - _cost(after, "usd")),
            ("tokens", spent_tokens, _cost(before, "tokens") - _cost(after, "tokens")),
            ("right answers", float(usage.calls), (after.score or 0.0) - (before.score or 0.0)),
        ]
        found = [
            cls(spent, unit, gained, int(-(-spent // gained))) for unit, spent, gained in options if gained > 1e-12 and spent
        ]
        if not confirmed or not found:
            return cls(float(usage.calls), "right answers", 0.0, None)
        return next((one for one in found if one.unit == "right answers"), found[0])


def _cost(found: Evaluation, unit: str) -> float:
    known = [float(getattr(row, unit) or 0.0) for row in found.rows if row.answers]
    return sum(known) / len(known) if known else 0.0


__all__ = ["BreakEven", "Estimate", "calls_per_row", "estimate", "refuse_too_little"]
