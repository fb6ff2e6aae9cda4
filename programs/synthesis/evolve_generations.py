"""Generations: every seed's newest descendant is begun again, with a change drawn for it; see `evolve`."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from selftaught.errors import SettingError
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.row import Origin, Row
from selftaught.programs.synthesis.stages import Source

BATCH = 64


class Generations(Source):
    """Begins the newest descendant of every seed, once a generation.

    Args:
        seeds: instructions.
        operators: changes by name; one is drawn for each.
        generations: how often.
        batch: rows a round.

    Raises:
        SettingError: no operators, or a count below 1.
    """

    name, learns = "generations", True

    def __init__(self, seeds: Sequence[str], operators: Mapping[str, str], *, generations: int = 4, batch: int = BATCH) -> None:
        if not operators:
            raise SettingError("operators: expected at least one change by name, such as {'deepen': 'Ask for more depth.'}.")
        self.seeds, self.operators = [Row({"instruction": one}) for one in seeds], dict(operators)
        self.generations, self.batch = at_least("generations", generations, 1), at_least("batch", batch, 1)
        self.rounds = -(-len(self.seeds) // self.batch)
        """Rounds in a generation."""

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row] | None:
        """Return the parents of a round with the change drawn for each."""
        generation, part = divmod(number, self.rounds)
        if generation >= self.generations:
            return None
        newest = {row.origin.place[0]: row for row in accepted}
        lines = range(part * self.batch, min((part + 1) * self.batch, len(self.seeds)))
        return [self._row(line, newest.get(line, self.seeds[line]), number, generation, seed) for line in lines]

    def _row(self, line: int, parent: Row, number: int, generation: int, seed: int) -> Row:
        operator = random.Random(f"{seed} {generation} {line}").choice(sorted(self.operators))
        values = {"parent": parent["instruction"], "operator": operator, "change": self.operators[operator]}
        return Row({**values, "generation": generation + 1}, Origin(self.name, number, (line,), (parent.id,)))

    def total(self) -> int:
        """Return how many it begins in all."""
        return len(self.seeds) * self.generations
