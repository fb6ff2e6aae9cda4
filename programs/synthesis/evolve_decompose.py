"""UltraIF (013; An et al., 2025), its decomposition: what people asked for, taken apart into a query and single constraints.

For pairs from which a model learns to add a constraint together with the question that checks it: show them to
`ComposeInstructions`.

1. Is the prompt a simple query with constraints on top? If not, drop it. Otherwise name the constraints.
2. Write the prompt without each of them.
3. Write a yes/no question from each constraint alone; none where it is no constraint, which is dropped.

Departures: (1) the shorter queries are written one by one, so that a small model changes one thing at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import dspy
from pydantic import Field

from selftaught.programs.normalise import normalise
from selftaught.programs.step import Step
from selftaught.programs.synthesis.evolve import LONGEST_INSTRUCTION, instructions_of
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.stages import Change, Distinct, Keep, Made, Rows
from selftaught.registry import method

LONGEST_CHECK, MOST_CONSTRAINTS = 200, 4
Prompts = Sequence[str | Mapping[str, Any]]


@method(13, "ultraif-decompose", family="synthesis", missing="training a composer on the pairs")
class DecomposePrompts(Pipeline):
    """Take prompts apart into pairs of a simpler query and the prompt with one more constraint.

    Rows hold `query`, `composed`, `constraint`, `kind` and `check`.

    Args:
        prompts: as people wrote them, texts or dictionaries with an `instruction`; at least one.
        batch: prompts a round.

    Raises:
        SettingError: no prompt.
    """

    def __init__(self, prompts: Prompts, *, batch: int = 64) -> None:
        super().__init__(
            Rows([{"composed": one} for one in instructions_of(prompts)], batch=batch, name="prompts"),
            [
                Made(Step(TAKE_APART), split="constraints", rename={"constraints": "constraint"}, name="decompose"),  # 1
                Keep(lambda row: row["complicated"] and bool(row["constraint"].strip()), "simple"),
                Made(Step(LEAVE_OUT), name="leave out"),  # 2
                Keep(lambda row: normalise(row["query"]) not in ("", normalise(row["composed"])), "same query"),
                Made(Step(MAKE_CHECK), name="check"),  # 3
                Keep(lambda row: "?" in row["check"], "no question"),
                Distinct("composed", "constraint"),
                Change(lambda row: row.without("complicated"), "form"),
            ],
        )


_TEXT = Annotated[str, Field(max_length=LONGEST_CHECK)]
CHECK_FIELD = dspy.OutputField(
    desc="one yes/no question; yes means that an answer fulfils the constraint", max_length=LONGEST_CHECK
)
TAKE_APART = dspy.make_signature(
    {
        "composed": (str, dspy.InputField(desc="a request that somebody made")),
        "complicated": (bool, dspy.OutputField(desc="it is a basic request with constraints on the answer")),
        "constraints": (list[_TEXT],
            dspy.OutputField(desc="what it demands of the answer beyond that, one each", max_length=MOST_CONSTRAINTS)),
    },
    "Take the request apart. Constraints are what it demands of the answer's content, numbers, style, format or language.",
    "TakeApart",
)  # fmt: skip
LEAVE_OUT = dspy.make_signature(
    {
        "composed": (str, dspy.InputField(desc="a request")), "constraint": (str, dspy.InputField(desc="one of its constraints")),
        "kind": (Literal["content", "number", "style", "format", "language"], dspy.OutputField(desc="of the constraint")),
        "query": (str, dspy.OutputField(desc="the request without this constraint", max_length=LONGEST_INSTRUCTION)),
    },
    "Write the request again without this one constraint. Change nothing else.", "LeaveOut",
)  # fmt: skip
MAKE_CHECK = dspy.make_signature(
    {"constraint": (str, dspy.InputField(desc="a constraint of a request")), "check": (str, CHECK_FIELD)},
    "Write the yes/no question that checks this constraint and nothing else. Leave it empty where this is no constraint.",
    "MakeCheck",
)  # fmt: skip
