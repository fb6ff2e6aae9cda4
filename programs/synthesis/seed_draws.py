"""Seeds, and the source that shows some of them, with accepted rows, to each proposal."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from selftaught.errors import SettingError
from selftaught.programs.given import listed
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.row import Origin, Row
from selftaught.programs.synthesis.stages import Source

INSTRUCTION = "instruction"


class SeedDraws(Source):
    """Begins proposals: examples drawn from the seeds and from what was accepted.

    Args:
        seeds: at least one.
        shown: examples of a proposal, or so many by pool.
        machine: of them, how many at most are machine-written.
        batch: proposals a round.
        fields: what an example shows of a row; with several, each with its name.
        by: a field whose values part the seeds into pools. A proposal is shown one pool, which it says, and pools take turns.
    """

    name, learns = "seeds", True

    def __init__(
        self, seeds: Sequence[Row], *, shown: int | Mapping[str, int] = 8, machine: int = 2, batch: int = 8,
        fields: Sequence[str] = (INSTRUCTION,), by: str = "",
    ) -> None:  # fmt: skip
        self.fields, self.by = tuple(fields), by
        self.machine, self.batch = at_least("machine", machine, 0), at_least("batch", batch, 1)
        self.pools: dict[str, list[str]] = {}
        for seed in seeds:
            self.pools.setdefault(str(seed.get(by, "")), []).append(self.told(seed))
        self.shown = {
            pool: at_least("shown", shown.get(pool, 8) if isinstance(shown, Mapping) else shown, 1) for pool in self.pools
        }

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row]:
        """Draw what the rows of a round show."""
        pools, rows = list(self.pools), []
        made = {pool: {self.told(row): row.id for row in accepted if str(row.get(self.by, "")) == pool} for pool in pools}
        for place in range(self.batch):
            pool = pools[(number * self.batch + place) % len(pools)]
            draws = random.Random(f"{seed} {number} {place}")
            own = draws.sample(sorted(made[pool]), min(self.machine, len(made[pool])))
            seeds = self.pools[pool]
            shown = own + draws.sample(seeds, min(max(0, self.shown[pool] - len(own)), len(seeds)))
            draws.shuffle(shown)
            origin = Origin(self.name, number, (place,), tuple(made[pool][one] for one in own))
            rows.append(Row({"examples": shown, **({self.by: pool} if self.by else {})}, origin))
        return rows

    def told(self, row: Row) -> str:
        """Return a row as an example shows it."""
        if len(self.fields) == 1:
            return str(row[self.fields[0]])
        return "\n".join(f"{name}: {row[name]}" for name in self.fields if str(row.get(name, "")).strip())


def seed_rows(seeds: Sequence[str | Mapping[str, Any]]) -> list[Row]:
    """Return seeds as rows.

    Raises:
        SettingError: there is none, or one has no instruction.
    """
    given = listed("seeds", seeds, (str, Mapping), "instructions")
    rows = [Row({INSTRUCTION: one} if isinstance(one, str) else dict(one)) for one in given]
    if not rows or not all(isinstance(row.get(INSTRUCTION), str) and row[INSTRUCTION].strip() for row in rows):
        raise SettingError(f"seeds: {len(rows)} given: expected at least one instruction, as a text or as a dictionary with `instruction`.")  # fmt: skip
    return rows
