"""UltraIF (013; An et al., 2025), its data: prompts with several constraints, each with the question that checks it.

For following instructions to the letter: from ordinary prompts, rows whose answers were checked constraint by constraint. A
small model checks badly what must be counted: give a judge that counts by program. Constraints that are added one after the
other may conflict.

1. Up to `rounds` times: add one constraint, as the shown pairs do (`DecomposePrompts` makes such pairs), and its question. What is
   unchanged, repeats the form or has no question is not taken.
2. Write `samples` answers.      3. Answer all questions about each.
4. `form="sft"`: the first answer of which all is yes. `form="preference"`: that one, and the first of which something is no.

Departures: (1) the composer is prompted with pairs, not trained on them. (2) Where no answer passes, the prompt is dropped.
(3) One explanation for all questions about an answer, not one for each: a small model writes them without end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import dspy

from selftaught import scope
from selftaught.errors import AnswerError, SettingError
from selftaught.programs.base import Calls
from selftaught.programs.given import listed
from selftaught.programs.normalise import normalise
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.evolve import ANSWER, LONGEST_INSTRUCTION, instructions_of
from selftaught.programs.synthesis.evolve_checked import Checked, chosen, preferred
from selftaught.programs.synthesis.evolve_decompose import CHECK_FIELD, Prompts
from selftaught.programs.synthesis.evolve_rules import LEAKS
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Distinct, Out, Rows, Stage
from selftaught.registry import method


class Compose(Stage):
    """Adds constraints to `instruction`, one a round, with their questions in `checks`.

    Args:
        shown: pairs with `query`, `composed` and `check` to show.
        rounds: constraints at most.
        temperature: of the compositions.
    """

    name = "compose"

    def __init__(self, shown: Sequence[Mapping[str, Any]], rounds: int, temperature: float) -> None:
        super().__init__()
        self.rounds, self.temperature = at_least("rounds", rounds, 0), temperature
        self.compose = Step(ADD_A_CONSTRAINT)
        self.compose.demos = [dspy.Example(**{name: str(one[name]) for name in ("query", "composed", "check")}) for one in shown]

    async def run(self, row: Row) -> Sequence[Out]:
        """Compose one instruction."""
        query, checks = str(row["instruction"]), list[str]()
        for round_ in range(self.rounds):
            begun = ".".join(map(str, (row.origin.round, *row.origin.place, round_)))
            try:
                with scope.resampled(f"row{begun}", self.temperature):
                    found = await self.compose.acall(query=query)
            except AnswerError:
                continue  # unreadable: the query stays as it was
            if taken(query, str(found.composed), str(found.check), checks):
                query = str(found.composed).strip()
                checks.append(str(found.check).strip())
        return [row.with_values(prompt=row["instruction"], instruction=query, checks=checks)]

    def cost(self) -> Calls:
        """Return the calls of one instruction."""
        return Calls(self.rounds, self.rounds)


@method(13, "ultraif-compose", family="synthesis", missing="training on the rows")
@method(13, "ultraif-preference", family="synthesis", missing="training on the rows", form="preference")
class ComposeInstructions(Pipeline):
    """Add checked constraints to prompts, and keep answers that fulfil them.

    Rows hold `instruction`, `prompt` (as it was), `checks`, and `output`, or `chosen` and `rejected`.

    Args:
        prompts: texts or dictionaries with an `instruction`; at least one.
        shown: pairs that `DecomposePrompts` made, to show; dictionaries with `query`, `composed` and `check`.
        rounds: constraints added at most.
        samples: answers to each.
        form: `"sft"` or `"preference"`.
        answer: a program from `instruction` to `output`; a step by default.
        temperature: of the answers. batch: prompts a round.

    Raises:
        SettingError: no prompt, or a setting that is none.
    """

    def __init__(
        self, prompts: Prompts, *, shown: Sequence[Mapping[str, Any]] | None = None, rounds: int = 3, samples: int = 5,
        form: Literal["sft", "preference"] = "sft", answer: dspy.Module | None = None, temperature: float = 1.0, batch: int = 64,
    ) -> None:  # fmt: skip
        if form not in ("sft", "preference"):
            raise SettingError(f"form={form!r}: expected 'sft' or 'preference'.")
        pairs = SHOWN if shown is None else [dict(one.items()) for one in listed("shown", shown, object, "pairs")]
        super().__init__(
            Rows([{"instruction": one} for one in instructions_of(prompts)], batch=batch, name="prompts"),
            [
                Compose(pairs, rounds, 0.7),  # 1
                Distinct("instruction"),
                Checked(answer or Step(ANSWER), at_least("samples", samples, 1), temperature),  # 2, 3
                chosen() if form == "sft" else preferred(),  # 4
            ],
        )


def taken(query: str, composed: str, check: str, checks: Sequence[str]) -> bool:
    """True where a composition adds one constraint with a question of its own."""
    text = normalise(composed)
    if not text or text == normalise(query) or any(leak in composed.lower() for leak in LEAKS):
        return False
    return "?" in check and normalise(check) not in {normalise(one) for one in checks}


ADD_A_CONSTRAINT = dspy.make_signature(
    {
        "query": (str, dspy.InputField(desc="a request")),
        "composed": (str, dspy.OutputField(desc="the request with one more constraint", max_length=LONGEST_INSTRUCTION)),
        "check": (str, CHECK_FIELD),
    },
    "Add one constraint to the request and keep all that it says. Write the question that checks the new constraint only.",
    "Compose",
)  # fmt: skip
SHOWN: list[dict[str, Any]] = [
    {
        "query": "Recommend a book about the sea.",
        "composed": "Recommend a book about the sea, and give your reasons as three bullet points.",
        "check": "Are the reasons given as exactly three bullet points?",
    },
    {
        "query": "Explain to me how a lock works.",
        "composed": "Explain to me how a lock works, in words that a child of seven understands.",
        "check": "Would a child of seven understand all words of the answer?",
    },
]
