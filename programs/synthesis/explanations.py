"""Explanations in three parts, by the vote of several samples, and the most plausible of each label."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Literal

import dspy

from selftaught.novelty import NoveltyFilter
from selftaught.programs.base import Calls
from selftaught.programs.sampling import draw
from selftaught.programs.step import Step
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Gate, Out, Stage

PARTS = ("instance_meaning", "concept_meaning", "relation")


class Explain(Stage):
    """Adds `predicted`, the label of most samples, and the parts of the first explanation with that label.

    Args:
        samples: drawn of each pair.
        temperature: of the samples; a single one is the model's own.
    """

    name = "explain"

    def __init__(self, samples: int, temperature: float) -> None:
        super().__init__()
        self.samples, self.temperature = samples, temperature
        self.explain = Step(EXPLAIN)

    async def run(self, row: Row) -> Sequence[Out]:
        """Explain one pair."""
        drawn = await draw(self.explain, {"case": row["case"]}, self.samples, self.temperature, own_first=self.samples == 1)
        (label, _), *_ = Counter(one.verdict for one in drawn).most_common(1)
        best = next(one for one in drawn if one.verdict == label)
        return [row.with_values(predicted=label, **{part: best[part].strip() for part in PARTS})]

    def cost(self) -> Calls:
        """Return the calls of one pair."""
        return Calls(self.samples, self.samples)


class MostPlausible(Gate):
    """Lets the most plausible explanations of each kind and label through, none like another, as many of each label.

    It looks at a round as a whole. Of a round that has fewer of one label, as many are taken of the other.

    Args:
        most: of a kind and label.
        novelty: the highest ROUGE-L F of two explanations.
    """

    name = "most plausible"

    def __init__(self, most: int, novelty: float) -> None:
        self.most, self.filter = most, NoveltyFilter(novelty)
        self.counts: Counter[tuple[str, str]] = Counter()

    def admit(self, row: Row) -> str:
        """Decide on a row alone: nothing of the other label comes with it."""
        return self.decide([row])[0]

    def decide(self, rows: Sequence[Row]) -> Sequence[str]:
        """Return for each row of a round why it is not taken."""
        reasons, unlike = ["less plausible"] * len(rows), deepcopy(self.filter)
        taken: dict[str, dict[str, list[int]]] = defaultdict(lambda: {"yes": [], "no": []})
        for place in sorted(range(len(rows)), key=lambda place: -rows[place].scores["plausibility"]):
            kind, label = str(rows[place]["kind"]), str(rows[place]["label"])
            if self.counts[kind, label] + len(taken[kind][label]) >= self.most:
                continue
            if unlike.add(str(rows[place]["explanation"])):
                taken[kind][label].append(place)
            else:
                reasons[place] = "like a more plausible one"
        for labels in taken.values():
            fewest = min(map(len, labels.values()))
            for places in labels.values():
                for number, place in enumerate(places):
                    reasons[place] = "" if number < fewest else "no match of the other label"
                    if number < fewest:
                        self.remember(rows[place])
        return reasons

    def remember(self, row: Row) -> None:
        """Take in a row that was taken."""
        self.filter.add(str(row["explanation"]))
        self.counts[str(row["kind"]), str(row["label"])] += 1


_PART: Any = {"max_length": 300}
EXPLAIN = dspy.make_signature(
    {
        "case": (str, dspy.InputField(desc="an instance and a concept")),
        "instance_meaning": (str, dspy.OutputField(desc="a sentence: what the instance means; name it", **_PART)),
        "concept_meaning": (str, dspy.OutputField(desc="a sentence: what the concept means; name it", **_PART)),
        "relation": (str, dspy.OutputField(desc="a sentence: whether the instance has what makes the concept", **_PART)),
        "verdict": (Literal["yes", "no"], dspy.OutputField(desc="whether the instance is a case of the concept")),
    },
    "Say what the instance means and what the concept means. Then decide whether the instance is a case of the concept.",
    "Explain",
)  # fmt: skip
