"""The scoreboard: every candidate with its rows, how it stands, who leads, and the Pareto front."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.evaluation import interval_of
from selftaught.metrics import Metric, Row
from selftaught.optimizers.candidate import BASELINE, Candidate, apply
from selftaught.optimizers.guards import Watch
from selftaught.optimizers.space import Space
from selftaught.optimizers.strategy import Standing
from selftaught.pareto import fronts, knee

COSTS = ("calls", "tokens", "usd", "seconds", "length")
OBJECTIVES = ("quality", *COSTS)


@dataclass(frozen=True, slots=True)
class Preference:
    """Which point of the front wins.

    `objectives`: names out of `OBJECTIVES`, quality first. `choose`: "quality" for the best score, "knee" for the point
    nearest to the best of everything, or the weights of the objectives.
    """

    objectives: tuple[str, ...] = ("quality",)
    choose: str | tuple[float, ...] = "quality"

    def __post_init__(self) -> None:
        unknown = [name for name in self.objectives if name not in OBJECTIVES]
        if unknown or not self.objectives or self.objectives[0] != "quality":
            raise SettingError(f"objectives={self.objectives}: expected 'quality' first, then some of {', '.join(COSTS)}.")
        weights = isinstance(self.choose, tuple)
        if (weights and len(self.choose) != len(self.objectives)) or (not weights and self.choose not in ("quality", "knee")):
            raise SettingError(
                f"prefer={self.choose!r}: expected 'quality', 'knee', or one weight for each of {self.objectives}."
            )

    def point(self, standing: Standing) -> tuple[float, ...]:
        """Return a candidate's objectives, all to be large; an unknown cost counts as the worst."""
        costs = [standing.objectives.get(name) for name in self.objectives[1:]]
        return (standing.value, *(-float("inf") if cost is None else -float(cost) for cost in costs))

    def pick(self, standings: Sequence[Standing]) -> Standing:
        """Return the preferred one of candidates on the same rows, best score first."""
        if self.choose == "quality":
            return standings[0]
        known = [one for one in standings if all(abs(value) != float("inf") for value in self.point(one))] or list(standings[:1])
        weights = self.choose if isinstance(self.choose, tuple) else None
        return known[knee([self.point(one) for one in known], weights)]


class Scoreboard:
    """What is known of all candidates of a run."""

    def __init__(
        self,
        program: dspy.Module,
        space: Space,
        metric: Metric,
        watch: Watch,
        pool: int,
        cheap: frozenset[int],
        prefer: Preference,
    ) -> None:
        self.program, self.space, self.metric, self.watch, self.pool, self.cheap = program, space, metric, watch, pool, cheap
        self.prefer = prefer
        self.rows: dict[str, dict[int, Row]] = {}
        self.candidates: dict[str, Candidate] = {BASELINE.key: BASELINE}
        self.history: list[float] = []
        self._lengths: dict[str, int] = {}
        self._standings: dict[str, tuple[tuple[int, bool], Standing]] = {}

    def build(self, candidate: Candidate) -> dspy.Module:
        """Return a candidate's program."""
        return apply(candidate, self.program, self.space.programs)

    async def take(self, number: str, candidate: Candidate, rows: Sequence[Row]) -> Standing:
        """Add rows to a candidate, let the guards look at it, and return how it stands."""
        self.candidates.setdefault(candidate.key, candidate)
        mine = self.rows.setdefault(candidate.key, {})
        mine.update({row.index: row for row in rows})
        self.metric.finish(list(mine.values()))
        await self.watch.look(number, candidate, self.rows, lambda: self.leader().key == candidate.key)
        return self.standing(candidate)

    def standing(self, candidate: Candidate) -> Standing:
        """Return how a candidate stands; one that a guard stopped has no score."""
        rows = list(self.rows.get(candidate.key, {}).values())
        known = self._standings.get(candidate.key)
        if known is not None and known[0] == (len(rows), self.watch.flagged(candidate.key)):
            return known[1]
        found = self._standing(candidate, rows)
        self._standings[candidate.key] = (len(rows), self.watch.flagged(candidate.key)), found
        return found

    def _standing(self, candidate: Candidate, rows: list[Row]) -> Standing:
        self.metric.finish(rows)
        failed, scores = sum(row.score is None for row in rows), {row.index: row.score for row in rows}
        if self.watch.flagged(candidate.key):
            return Standing(candidate, None, (0.0, 1.0), len(rows), failed, scores, self._costs(candidate, rows))
        found = self.metric.combine(rows), interval_of(rows, self.metric)
        return Standing(candidate, *found, len(rows), failed, scores, self._costs(candidate, rows))

    def _costs(self, candidate: Candidate, rows: Sequence[Row]) -> Mapping[str, float | None]:
        answered = [row for row in rows if row.answers]
        costs: dict[str, float | None] = {
            name: _mean([getattr(row, name) for row in answered]) for name in ("calls", "tokens", "usd")
        }
        fresh = [row.seconds for row in answered if row.fresh]
        return {**costs, "seconds": _mean(fresh), "length": float(self._length(candidate))}

    def _length(self, candidate: Candidate) -> int:
        """Return the characters of all instructions and demonstrations."""
        if candidate.key not in self._lengths:
            predictors = self.build(candidate).predictors()
            shown = sum(len(str(value)) for one in predictors for demo in one.demos for value in dict(demo).values())
            self._lengths[candidate.key] = shown + sum(len(one.signature.instructions) for one in predictors)
        return self._lengths[candidate.key]

    def standings(self) -> list[Standing]:
        """Return how every candidate stands, best first; those with more rows before those with fewer."""
        found = [self.standing(candidate) for candidate in self.candidates.values() if candidate.key in self.rows]
        return sorted(found, key=lambda one: (-one.rows, -one.value))

    def front(self) -> list[Standing]:
        """Return the candidates with the most rows that nobody beats in all objectives, best score first."""
        whole = self._finalists()
        return [whole[index] for index in fronts([self.prefer.point(one) for one in whole])[0]] if whole else []

    def _finalists(self) -> list[Standing]:
        fit = [one for one in self.standings() if not self.watch.flagged(one.candidate.key)]
        return [one for one in fit if one.rows == fit[0].rows]

    def leader(self) -> Candidate:
        """Return who would win now."""
        return self.prefer.pick(self.front() if self.prefer.choose != "quality" else self._finalists()).candidate

    def note(self) -> None:
        """Remember the best score after a step."""
        self.history.append(max(one.value for one in self._finalists()))

    @contextlib.contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Forget what a step found when it breaks off, since the journal does not hold it: a resumed run starts from there."""
        watch = self.watch
        kept = {key: dict(rows) for key, rows in self.rows.items()}, dict(self.candidates), dict(watch.found), watch.exploited
        try:
            yield
        except BaseException:
            self.rows, self.candidates, watch.found, watch.exploited = kept
            self._standings.clear()
            raise


def figures(standing: Standing) -> dict[str, Any]:
    """Return a standing as plain data."""
    return {
        "key": standing.candidate.key, "score": standing.score, "interval": list(standing.interval), "rows": standing.rows,
        "failed": standing.failed, "objectives": dict(standing.objectives),
    }  # fmt: skip


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
