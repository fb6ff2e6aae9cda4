"""Where the rows of Instruct-SkillMix (042) begin: questions for topics, and mixtures of skills."""

from __future__ import annotations

import random
from collections.abc import Sequence

from selftaught.programs.synthesis.row import Origin, Row
from selftaught.programs.synthesis.stages import Source


class KnownTopics(Source):
    """Begins questions for topics: each shows those that are known already."""

    name, learns = "topics", True

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row]:
        """Ask once a round."""
        known = list(dict.fromkeys(row["topic"] for row in accepted))
        shown = random.Random(f"{seed} {number}").sample(known, min(20, len(known)))
        return [Row({"known": shown}, Origin(self.name, number, (0,)))]


class SkillDraws(Source):
    """Begins mixtures: so many different skills, and a kind of query; every kind once before any comes again."""

    name = "skills"

    def __init__(self, skills: Sequence[Row], query_types: Sequence[str], mix: int, batch: int, shirk: float) -> None:
        self.skills = {str(row["skill"]): row.id for row in skills}
        self.query_types, self.batch, self.shirk = list(query_types), batch, shirk
        self.mix = min(mix, len(self.skills))

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row]:
        """Draw a round of mixtures."""
        rows = []
        for place in range(self.batch):
            draws = random.Random(f"{seed} {number} {place}")
            chosen = draws.sample(list(self.skills), self.mix)  # 2
            turn, among = divmod(number * self.batch + place, len(self.query_types))
            kinds = random.Random(f"{seed} kinds {turn}").sample(self.query_types, len(self.query_types))
            values = {"skills": chosen, "query_type": kinds[among], "effort": "low" if draws.random() < self.shirk else "high"}
            rows.append(Row(values, Origin(self.name, number, (place,), tuple(self.skills[one] for one in chosen))))
        return rows
