"""Self-Specialization (063; Kang et al., 2023), its data: tasks of an expert field, answered from its documents.

For a general model that should become useful in one field, from a handful of solved examples and raw documents. Whether an
answer is true to the passages is not checked by the method: give a `judge`.

1. Propose: show some seeds and kept tasks; ask for a new task of the field with its input.
2. Clean, and keep what is novel: no seed comes out again.
3. Find the passages that are most like instruction and input, and answer with them beside it (`retrieve/grounded.py`).
4. Drop empty answers, answers that repeat the task, and what a judge turns down. The passages' numbers stay with the row, for audit.

Departures: (1) One task a proposal, with its input, so that the answer's form stays small. (2) Hashed words and runs of letters
instead of BM25, unless an encoder is given. (3) The numbers of the passages are kept, which is ours. (4) The solved seeds are
demonstrations of the answering step, the same for all rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.embedding import Encoder
from selftaught.programs.judge.base import Judge
from selftaught.programs.retrieve.grounded import Grounded
from selftaught.programs.step import Step
from selftaught.programs.synthesis.instances import empty
from selftaught.programs.synthesis.proposing import LONGEST, UNSUITABLE, Proposing
from selftaught.programs.synthesis.seed_draws import INSTRUCTION, seed_rows
from selftaught.programs.synthesis.stages import Change, Judged, Keep
from selftaught.programs.synthesis.told import Told
from selftaught.registry import method

SHOTS = 3
"""Solved seeds that the answering step is shown."""


@method(63, "self-specialization-data", family="synthesis", missing="training")
class SelfSpecialization(Proposing):
    """Write new tasks of a field like the seeds, and answer them from documents.

    Rows hold `instruction`, `input`, `output` and `passages`, the numbers of the documents that the answer was written from.

    Args:
        seeds: dictionaries with `instruction` and perhaps `input` and `output`, or texts; at least one.
        documents: of the field, each short enough for a prompt: cut long ones into passages first. Without, answers are plain.
        most: passages shown to an answer; 0 is plain answering.
        judge: scores an `output` for an `instruction` and an `input`; with it, rows below `least` are dropped.
        least: the lowest score of the judge that is kept.
        shown: tasks shown to a proposal.
        machine: of them, how many at most are machine-written.
        batch: proposals a round.
        temperature: of the proposals.
        novelty: the highest ROUGE-L F with an earlier instruction.
        unsuitable: words that an instruction must not hold.
        propose: `examples` -> `instruction`, `input`; a step by default.
        encoder: of the documents; see `selftaught.embedding`.

    Raises:
        SettingError: no seed, documents that are no texts, or a setting that is none.
    """

    def __init__(
        self, seeds: Sequence[str | Mapping[str, Any]], *, documents: Sequence[str] = (), most: int = 3, judge: Judge | None = None,
        least: float = 0.5, shown: int = 4, machine: int = 2, batch: int = 8, temperature: float = 0.7, novelty: float = 0.7,
        unsuitable: Sequence[str] = UNSUITABLE, propose: Any = None, encoder: Encoder | None = None,
    ) -> None:  # fmt: skip
        answer = Step(ANSWER)
        solved = [row for row in seed_rows(seeds) if str(row.get("output", "")).strip()]
        answer.demos = [
            dspy.Example(instruction=row[INSTRUCTION], input=row.get("input", ""), output=row["output"]) for row in solved[:SHOTS]
        ]
        grounded = Grounded(ANSWER, documents, most=most, generate=answer, encoder=encoder)
        after = [
            Told(grounded, {"passages": "passages"}, name="answer"),  # 3
            Keep(lambda row: empty(str(row[INSTRUCTION]), str(row["input"]), str(row["output"])), "instance"),  # 4
            *([Judged(judge, least=least, name="judge")] if judge is not None else []),
            Change(lambda row: row.without("examples"), "tidy"),
        ]  # fmt: skip
        super().__init__(
            seeds, after, propose=propose or Step(PROPOSE), shown=shown, machine=machine, batch=batch, fields=(INSTRUCTION, "input"),
            temperature=temperature, novelty=novelty, unsuitable=unsuitable,
        )  # fmt: skip  # 1, 2


PROPOSE = dspy.make_signature(
    {
        "examples": (list[str], dspy.InputField(desc="tasks of one expert field")),
        INSTRUCTION: (str, dspy.OutputField(desc="a new task of the field", max_length=LONGEST // 2)),
        "input": (str, dspy.OutputField(desc="the text that the task is about; empty where it needs none", max_length=800)),
    },
    "Think of one new task of the same expert field, different from the examples. Do not carry it out.", "Propose",
)  # fmt: skip
ANSWER = dspy.make_signature(
    {
        INSTRUCTION: (str, dspy.InputField()), "input": (str, dspy.InputField(desc="empty, or what the task is about")),
        "output": (str, dspy.OutputField(max_length=1000)),
    },
    "Carry out the task as an expert of the field would.", "Answer",
)  # fmt: skip
