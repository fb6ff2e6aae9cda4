"""AbsInstruct (121; Zhaowei Wang et al., 2024), its data: explanations of labelled pairs that the model itself finds plausible.

For a small model that shall judge whether one thing is a case of another, or anything like it, from a few hundred examples.
What a model finds plausible is often bland and short.

1. Explain each labelled pair in three parts, `samples` times: what the instance means, what the concept means, how they relate;
   and a label.
2. Keep it where most samples have the right label, an explanation of that label has three parts, and the first two name what
   they explain.
3. Plausibility: how likely the model that is to be tuned finds the explanation.
4. Of each kind, take the most plausible of each label whose ROUGE-L with all taken ones is at most 0.7; as many of each label.
5. A row with the explanation, and its twin with the bare label.

Departures: (1) the paper's loss of given text needs token probabilities that no server gives: a judge by the same model says
whether the explanation is right, by its own probabilities where it gives them; or give a function. (2) Mixing with general data
is left to you.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.given import listed
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.verify import Verify
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.documents_rules import names
from selftaught.programs.synthesis.explanations import PARTS, Explain, MostPlausible
from selftaught.programs.synthesis.pipeline import Part, Pipeline
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Change, Judged, Keep, Rows
from selftaught.registry import method

NEEDED = ("instance", "concept", "label")


@method(121, "absinstruct", family="synthesis", missing="the loss of given text (give a function); training on the rows")
class AbsInstruct(Pipeline):
    """Make explained and bare rows from labelled pairs.

    Rows hold `instruction`, `input`, `output`, `form` (`explained` or `direct`), `label` and `kind`; a twin follows its
    explained row. The
    plausibility is in `scores`.

    Args:
        pairs: dictionaries with `instance`, `concept`, `label` (yes or no), and perhaps `kind` and `text`, in which the
            instance stands.
        per_kind: explanations of each kind, half of them of each label.
        samples: explanations drawn of each pair.
        plausible: a judge of the explanations, or a function of the row that returns a number from 0 to 1; a verifier by default.
        novelty: the highest ROUGE-L F of two explanations.
        fewest: words of an explanation's part, at least; bland ones are short.
        temperature: of the explanations.
        batch: candidates among which the most plausible are taken.

    Raises:
        SettingError: a pair that lacks a value, or a setting that is none.
    """

    def __init__(
        self, pairs: Sequence[Mapping[str, Any]], *, per_kind: int = 200, samples: int = 3,
        plausible: Judge | Callable[[Row], float] | None = None, novelty: float = 0.7, fewest: int = 4, temperature: float = 0.7,
        batch: int = 500,
    ) -> None:  # fmt: skip
        found = [_pair(number, dict(one)) for number, one in enumerate(listed("pairs", pairs, Mapping, "dictionaries"))]
        self.fewest = at_least("fewest", fewest, 1)
        judge: Part
        if plausible is None or isinstance(plausible, Judge):
            judge = Judged(plausible or Verify(EXPLAINS, both_ways=False), least=None, name="plausibility")
        else:
            judge = Change(lambda row: row.scored("plausibility", float(plausible(row))), "plausibility")
        super().__init__(
            Rows(found, batch=batch, name="pairs"),
            [
                Explain(at_least("samples", samples, 1), temperature),  # 1
                Keep(lambda row: row["predicted"] == row["label"], "another label"),  # 2
                Keep(self.whole, "parts"),
                Change(_explained, "explanation"),
                judge,  # 3
                Keep(lambda row: "plausibility" in row.scores, "no score"),
                MostPlausible(max(1, at_least("per_kind", per_kind, 2) // 2), novelty),  # 4
                Change(twins, "twins"),  # 5
            ],
        )

    def whole(self, row: Row) -> str:
        """Return what an explanation lacks, or an empty text."""
        if any(len(str(row[part]).split()) < self.fewest for part in PARTS):
            return "a part is missing or bland"
        named = names(row["instance_meaning"], row["instance"]) and names(row["concept_meaning"], row["concept"])
        return "" if named else "does not name what it explains"


def twins(row: Row) -> list[Row]:
    """Return a row with the explanation before the label, and one with the label alone."""
    kept = {name: row[name] for name in ("label", "kind")}
    verdict = row["label"].capitalize()
    asked, direct = f"{ASK} Explain first what each means.", f"{ASK} Answer yes or no."
    return [
        row.split(0, {**kept, "instruction": asked, "input": row["case"], "output": f"{row['explanation']}\n{verdict}", "form": "explained"}),
        row.split(1, {**kept, "instruction": direct, "input": row["case"], "output": verdict, "form": "direct"}),
    ]  # fmt: skip


def _pair(number: int, given: dict[str, Any]) -> dict[str, Any]:
    if missing := [name for name in NEEDED if not str(given.get(name, "")).strip()]:
        raise SettingError(f"pairs[{number}] lacks {missing[0]!r}: expected a dictionary with {', '.join(NEEDED)}.")
    label = given["label"]
    told = ("yes" if label else "no") if isinstance(label, bool) else str(label).strip().lower()
    if told not in ("yes", "no"):
        raise SettingError(f"pairs[{number}] has the label {label!r}: expected yes or no.")
    instance, concept, text = (str(given.get(name, "")).strip() for name in ("instance", "concept", "text"))
    case = f"{text}\n" * bool(text) + f"Instance: {instance}\nConcept: {concept}"
    return {"instance": instance, "concept": concept, "label": told, "kind": str(given.get("kind", "")), "case": case}


def _explained(row: Row) -> Row:
    return row.with_values(explanation="\n".join(f"{number}. {row[part]}" for number, part in enumerate(PARTS, 1)))


ASK = "Is the instance a case of the concept?"
EXPLAINS = dspy.make_signature(
    {
        "case": (str, dspy.InputField(desc="an instance and a concept")), "explanation": (str, dspy.OutputField()),
        "label": (str, dspy.OutputField(desc="yes or no")),
    },
    "Say whether the instance is a case of the concept, and explain it.", "Explain",
)  # fmt: skip
