"""What a pipeline is made of: sources begin rows, stages carry one row on, gates decide in order.

A stage sees one row and nothing else, so that hundreds can be under way; what it returns depends on the row alone. A gate sees the
rows of a round in order and remembers what it let through (novelty does), so that its decisions do not depend on which answer
came first. Subclass one of the three and give it a `name`.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json

from selftaught import scope
from selftaught.errors import SettingError
from selftaught.novelty import NoveltyFilter
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.given import listed
from selftaught.programs.judge.base import Judge
from selftaught.programs.synthesis.row import Origin, Rejected, Row

Out = Row | Rejected


class Source(ABC):
    """Begins rows, a round at a time.

    Attributes:
        name: in reports and provenance.
        learns: what it begins depends on the rows accepted so far.
    """

    name: str = "source"
    learns: bool = False

    @abstractmethod
    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row] | None:
        """Return the rows of a round, from 0 on; None when there are no more. A function of its arguments alone."""

    def total(self) -> int | None:
        """Return how many rows it begins in all, where that is known."""
        return None


class Stage(dspy.Module):
    """Carries one row on: to a row, to several, or to a rejected one."""

    name: str = ""

    async def run(self, row: Row) -> Sequence[Out]:
        """Carry on one row.

        Raises:
            CallError: a call failed; the row is rejected with the error as its reason.
        """
        raise NotImplementedError

    def cost(self) -> Calls:
        """Return the calls for one row."""
        return Calls(0, 0)


class Gate(ABC):
    """Decides in order which rows of a round go on, and remembers them."""

    name: str = "gate"

    @abstractmethod
    def admit(self, row: Row) -> str:
        """Return why a row is rejected; an empty text lets it through and may be remembered."""

    def decide(self, rows: Sequence[Row]) -> Sequence[str]:
        """Return for each row of a round why it is rejected; one by one, where a gate does not look at the round as a whole."""
        return [self.admit(row) for row in rows]

    def remember(self, row: Row) -> None:
        """Take in a row that was admitted in an earlier session, or a seed."""
        self.admit(row)


class Rows(Source):
    """Begins from rows that are there: seeds, documents, examples, code files.

    Args:
        rows: dictionaries of values, or anything with `items()` such as examples.
        batch: rows a round.
        name: of the source.

    Raises:
        SettingError: there is none, or one is something else.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]], *, batch: int = 64, name: str = "rows") -> None:
        self.rows = [dict(row.items()) for row in listed("rows", rows, object, "rows") if hasattr(row, "items")]
        if not self.rows or len(self.rows) != len(list(rows)) or batch < 1:
            raise SettingError(
                f"rows: {len(self.rows)} usable rows of {len(list(rows))}, batch={batch!r}: expected dictionaries, and a batch of at least 1."
            )
        self.batch, self.name = batch, name

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row] | None:
        """Return the next rows."""
        part = self.rows[number * self.batch : (number + 1) * self.batch]
        return [Row(values, Origin(self.name, number, (place,))) for place, values in enumerate(part)] or None

    def total(self) -> int:
        """Return how many there are."""
        return len(self.rows)


def resampled(row: Row, temperature: float | None) -> contextlib.AbstractContextManager[Any]:
    """Draw another sample for every row, however alike they are; without a temperature, ask as ever."""
    if temperature is None:
        return contextlib.nullcontext()
    begun = ".".join(map(str, (row.origin.round, *row.origin.place)))
    return scope.resampled(f"row{begun}", temperature)


class Made(Stage):
    """A program as a stage: what it takes is taken from the row, and what it gives is added to it.

    Args:
        program: a predictor, a program or a module around one predictor.
        rename: program field -> row field, for either direction.
        split: an output that holds a list; each member becomes a row of its own, under that name.
        temperature: draw another sample for every row, however alike they are; None asks as the program asks.
        name: of the stage; the program's by default.

    Raises:
        SettingError: `split` names no output.
    """

    def __init__(
        self, program: Any, *, rename: Mapping[str, str] | None = None, split: str | None = None,
        temperature: float | None = None, name: str = "",
    ) -> None:  # fmt: skip
        from selftaught.programs.compose.fields import module_of, stage_of

        super().__init__()
        self.program = module_of(program)
        self.rename, self.split_at, self.temperature = dict(rename or {}), split, temperature
        part = stage_of(self.program)
        self.name = name or part.name
        self.takes, self.gives = tuple(part.takes), tuple(part.gives)
        if split is not None and split not in self.gives:
            raise SettingError(f"split={split!r}: {self.name} gives {sorted(self.gives)}.")

    async def run(self, row: Row) -> Sequence[Out]:
        """Call the program on one row."""
        from selftaught.programs.compose.fields import stage_of

        known = {name: row[there] for name in self.takes if (there := self.rename.get(name, name)) in row.values}
        with resampled(row, self.temperature):
            found = serialize_for_json(await stage_of(self.program).run(known))  # a row is on disk what it is here
        values = {self.rename.get(name, name): value for name, value in found.items() if name != self.split_at}
        if self.split_at is None:
            return [row.with_values(**values)]
        there = self.rename.get(self.split_at, self.split_at)
        split = [row.split(number, {**row.values, **values, there: one}) for number, one in enumerate(found[self.split_at])]
        return split or [Rejected(row.with_values(**values), self.name, f"no {self.split_at}")]

    def cost(self) -> Calls:
        """Return the program's calls."""
        return cost_of(self.program)


class Keep(Stage):
    """A filter: a function of the row that returns why it is rejected, or nothing.

    Args:
        check: `row -> reason`; an empty reason (or None) keeps the row. A truth value works too: False rejects.
        name: of the filter, in reports.
    """

    def __init__(self, check: Callable[[Row], Any], name: str) -> None:
        super().__init__()
        self.check, self.name = check, name

    async def run(self, row: Row) -> Sequence[Out]:
        """Check one row."""
        found = self.check(row)
        reason = "" if found is True or found is None else self.name if found is False else str(found)
        return [Rejected(row, self.name, reason) if reason else row]


class Change(Stage):
    """A function from a row to a row or to several, without a call: to clean, to rename, to format."""

    def __init__(self, change: Callable[[Row], Row | Sequence[Row]], name: str) -> None:
        super().__init__()
        self.change, self.name = change, name

    async def run(self, row: Row) -> Sequence[Out]:
        """Change one row."""
        found = self.change(row)
        return [found] if isinstance(found, Row) else list(found)


class Judged(Stage):
    """A judge as a filter: a row whose score is below the least is rejected; one without a score too.

    Args:
        judge: sees the row's values under the names of its task.
        least: the lowest score that goes on, from 0 to 1; None keeps all and only writes the score down.
        rename: judge field -> row field.
        name: under which the score is written down.
    """

    def __init__(
        self, judge: Judge, *, least: float | None = 0.5, rename: Mapping[str, str] | None = None, name: str = ""
    ) -> None:
        super().__init__()
        self.judge, self.least, self.rename = judge, least, dict(rename or {})
        self.name = name or type(judge).__name__.lower()

    async def run(self, row: Row) -> Sequence[Out]:
        """Judge one row."""
        there = {name: self.rename.get(name, name) for name in self.judge.task.fields}
        if lacking := [name for name in there.values() if name not in row.values]:
            return [Rejected(row, self.name, f"lacks {lacking[0]!r}")]
        found = await self.judge.acall(**{name: row[held] for name, held in there.items()})
        if found.score is None:
            return [Rejected(row, self.name, "no score", found.reasons)] if self.least is not None else [row]
        scored = row.scored(self.name, float(found.score))
        if self.least is not None and found.score < self.least:
            return [Rejected(scored, self.name, f"score below {self.least:g}", found.reasons)]
        return [scored]

    def cost(self) -> Calls:
        """Return the judge's calls."""
        return cost_of(self.judge)


class Novel(Gate):
    """Lets a row through whose text is unlike that of all before it; see `NoveltyFilter`.

    Args:
        field: the value that is compared, or a function of the row that returns the text.
        threshold: the highest ROUGE-L F with an earlier text.
        unicode: compare words of every script.
        by: compare only rows with the same value of this field, such as a language or a topic.
        name: of the gate, in reports.
    """

    def __init__(
        self, field: str | Callable[[Row], str], threshold: float = 0.7, *, unicode: bool = False, by: str = "", name: str = "novelty",
    ) -> None:  # fmt: skip
        self.field, self.by, self.name = field, by, name
        self.filter = NoveltyFilter(threshold, unicode=unicode)
        self._filters: dict[str, NoveltyFilter] = {"": self.filter}

    def admit(self, row: Row) -> str:
        """Compare a row's text with all admitted ones."""
        if isinstance(self.field, str) and self.field not in row.values:
            return f"lacks {self.field!r}"
        text = str(row[self.field]) if isinstance(self.field, str) else self.field(row)
        key = str(row.get(self.by, "")) if self.by else ""
        if key not in self._filters:
            self._filters[key] = NoveltyFilter(self.filter.threshold, unicode=self.filter.unicode)
        return "" if self._filters[key].add(text) else f"ROUGE-L above {self.filter.threshold:g}"


class Distinct(Gate):
    """Lets a row through whose values were not seen before, case and punctuation aside.

    Args:
        fields: the values that are compared together.
        name: of the gate, in reports.
    """

    def __init__(self, *fields: str, name: str = "distinct") -> None:
        from selftaught.programs.normalise import normalise

        self.fields, self.name, self._normalise = fields, name, normalise
        self._seen: set[tuple[str, ...]] = set()

    def admit(self, row: Row) -> str:
        """Compare a row's values with those of all admitted ones."""
        key = tuple(self._normalise(row[name]) for name in self.fields)
        if key in self._seen:
            return "repeats an earlier row"
        self._seen.add(key)
        return ""
