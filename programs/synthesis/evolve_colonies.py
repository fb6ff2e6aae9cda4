"""Colonies: populations of tasks that breed apart and are united again; see `evolve_genetic`."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from selftaught.errors import SettingError
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.row import Origin, Row
from selftaught.programs.synthesis.stages import Source

MUTATE, CROSS = "mutate", "cross"


class Colonies(Source):
    """Begins new tasks from the populations of colonies.

    Args:
        seeds: tasks, which every colony keeps for ever.
        changes: of mutations, by name.
        colonies: how many breed apart.
        rounds: after which they are one again.
        batch: operations of each colony in a round.
        mutation: the share of mutations, from 0 to 1.
        shown: tasks that are crossed.

    Raises:
        SettingError: a setting that is none.
    """

    name, learns = "colonies", True

    def __init__(
        self, seeds: Sequence[str], changes: Mapping[str, str], *, colonies: int = 2, rounds: int = 1, batch: int = 16,
        mutation: float = 0.5, shown: int = 3,
    ) -> None:  # fmt: skip
        if not changes or not 0.0 <= mutation <= 1.0:
            raise SettingError(
                f"changes={dict(changes)}, mutation={mutation!r}: expected at least one change, and a share from 0 to 1."
            )
        self.seeds, self.changes, self.mutation = [Row({"instruction": one}) for one in seeds], dict(changes), mutation
        self.colonies, self.rounds = at_least("colonies", colonies, 1), at_least("rounds", rounds, 1)
        self.batch, self.shown = at_least("batch", batch, 1), at_least("shown", shown, 1)

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row]:
        """Draw the operations of all colonies."""
        united = number - number % self.rounds
        rows = []
        for colony in range(self.colonies):
            here = [row for row in accepted if row.origin.round < united or row["colony"] == colony]
            population = [*self.seeds, *here]
            for place in range(self.batch):
                draws = random.Random(f"{seed} {number} {colony} {place}")
                rows.append(self._row(population, draws, number, colony, place))
        return rows

    def _row(self, population: Sequence[Row], draws: random.Random, number: int, colony: int, place: int) -> Row:
        mutates = draws.random() < self.mutation
        parents = draws.sample(population, 1 if mutates else min(self.shown, len(population)))
        values: dict[str, Any] = {
            "operation": MUTATE if mutates else CROSS,
            "colony": colony,
            "generation": number // self.rounds + 1,
        }
        values["examples"] = [parent["instruction"] for parent in parents]
        if mutates:
            operator = draws.choice(sorted(self.changes))
            values |= {"parent": values["examples"][0], "operator": operator, "change": self.changes[operator]}
        return Row(values, Origin(self.name, number, (colony, place), tuple(parent.id for parent in parents)))
