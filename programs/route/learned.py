"""The dispatcher that learns: which expert did best on inputs like this one?

1. Outcomes are reported: an input, the expert that answered it, and how good that was.
2. For an input, an expert's outcomes on the most similar inputs are averaged, weighted by cosine.
3. The average is pulled to the expert's mean over all inputs, and that to one half: what was never tried beats what fails.
4. The highest wins; of equals the cheapest, then the first. Nothing is left to chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from selftaught.embedding import Encoder, text_of
from selftaught.errors import SettingError
from selftaught.programs.base import Calls
from selftaught.programs.retrieve.corpus import Corpus
from selftaught.programs.route.dispatch import Dispatcher, Named
from selftaught.programs.sampling import at_least
from selftaught.signatures import Task

PRIOR = 1.0
"""How many outcomes the pull to the mean, and of the mean to one half, weighs."""


class Learned(Dispatcher):
    """The expert with the best expected outcome for an input, learned from outcomes that were reported. No call once it knows any.

    An expert's expected outcome is the mean over its `neighbours` outcomes on the most similar inputs, weighted by cosine, and
    pulled to its mean over all inputs; that mean is pulled to one half. So an expert never tried is preferred to one that fails,
    and no choice depends on chance. Of equal ones the cheaper is chosen.

    Args:
        task: what the experts do.
        experts: name -> what it is for.
        costs: name -> what it costs, in calls, to break ties; those not named cost nothing.
        otherwise: the dispatcher that chooses as long as no outcome is known.
        neighbours: outcomes of each expert that count for an input.
        encoder: see `selftaught.embedding`; with one of your own the program cannot be saved.

    Attributes:
        outcomes: input as text, expert and outcome from 0 to 1, in the order reported. They are saved with the program.
    """

    def __init__(
        self, task: str | Task, experts: Named[str], *, costs: Mapping[str, int] | None = None,
        otherwise: Dispatcher | None = None, neighbours: int = 8, encoder: Encoder | None = None,
    ) -> None:  # fmt: skip
        super().__init__(task, experts)
        self.costs, self.otherwise, self.encoder = dict(costs or {}), otherwise, encoder
        self.neighbours = at_least("neighbours", neighbours, 1)
        self.outcomes: list[tuple[str, str, float]] = []
        self._seen: tuple[int, Corpus] | None = None

    def report(self, inputs: Mapping[str, Any], expert: str, outcome: float) -> None:
        """Remember how well an expert did on an input.

        Raises:
            SettingError: there is no such expert, or the outcome is not between 0 and 1.
        """
        if expert not in self.experts:
            raise SettingError(f"expert={expert!r}: there are {sorted(self.experts)}.")
        if not 0.0 <= outcome <= 1.0:
            raise SettingError(f"outcome={outcome!r}: expected a number from 0 to 1.")
        self.outcomes.append((text_of(self.task, inputs), expert, float(outcome)))

    async def choose(self, inputs: dict[str, Any]) -> str | None:
        """Return the expert with the best expected outcome."""
        if not self.outcomes:
            return await self.otherwise.choose(inputs) if self.otherwise is not None else None
        expected, names = self.expected(inputs), list(self.experts)
        return min(names, key=lambda name: (-round(expected[name], 9), self.costs.get(name, 0), names.index(name)))

    def expected(self, inputs: Mapping[str, Any]) -> dict[str, float]:
        """Return the expected outcome of each expert on an input."""
        if self._seen is None or self._seen[0] != len(self.outcomes):
            self._seen = (len(self.outcomes), Corpus([text for text, _, _ in self.outcomes] or [""], self.encoder))
        likeness = self._seen[1].similar(text_of(self.task, inputs))
        found = {}
        for name in self.experts:
            own = [(max(0.0, float(likeness[i])), score) for i, (_, expert, score) in enumerate(self.outcomes) if expert == name]
            overall = (sum(score for _, score in own) + PRIOR) / (len(own) + 2 * PRIOR)
            near = sorted(own, key=lambda one: -one[0])[: self.neighbours]
            found[name] = (sum(like * score for like, score in near) + PRIOR * overall) / (sum(like for like, _ in near) + PRIOR)
        return found

    def learned(self) -> dict[str, Any]:
        """Return what was reported, as plain data for an artifact."""
        return {"outcomes": [list(one) for one in self.outcomes]} if self.outcomes else {}

    def relearn(self, known: dict[str, Any]) -> None:
        """Take back what `learned` returned."""
        self.outcomes = [(str(text), str(expert), float(score)) for text, expert, score in known.get("outcomes", [])]
        self._seen = None

    def cost(self) -> Calls:
        """Return the calls of one choice: those of `otherwise` as long as nothing is known."""
        return self.otherwise.cost() if self.otherwise is not None and not self.outcomes else Calls(0, 0)
