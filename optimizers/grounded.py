"""Instructions that are grounded in the data and the program (the proposer of MIPRO, 171).

1. Describe the data: one call reads a handful of rows and says what they have in common.
2. Describe the program: its steps and their fields, from its structure (no call; the paper lets a model read its code).
3. Propose: data, program, the step, its present instruction, some examples, and one randomly drawn tip.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught import scope
from selftaught.errors import CallError
from selftaught.optimizers.proposer import Proposer
from selftaught.optimizers.strategy import Problem
from selftaught.programs import Step
from selftaught.signatures import example_lines, output_names, proposal_of, render

ROWS = 8
"""Rows that are shown for the description of the data."""
SHOWN = 4
"""Examples in one proposal."""
EACH_LABEL = 3
"""Outputs are labels where each stands for so many examples on average."""


class Grounded:
    """Proposes instructions for any predictor of a program.

    Args:
        problem: the program and the labelled examples.
        temperature: of the proposals.
        lm: the model that proposes; the one that answers by default.
    """

    def __init__(self, problem: Problem, *, temperature: float = 1.0, lm: dspy.BaseLM | None = None) -> None:
        self.problem = problem
        given = {
            "data": "what the data are", "program": "the steps of the program", "step": "the step to instruct, and its fields",
            "present": "the present instruction", "examples": "inputs of the step and their right outputs", "tip": "how to write it",
        }  # fmt: skip
        self.proposer = Proposer(problem, proposal_of("Propose", WRITE_THE_INSTRUCTION, given), temperature=temperature, lm=lm)
        self.describe = Step(
            proposal_of("Describe", DESCRIBE_THE_DATA, {"rows": "rows of the data"}, asked="summary", described="one sentence")
        )
        self.summary: str | None = None

    async def propose(self, name: str, count: int) -> list[str]:
        """Return up to `count` different instructions for one predictor."""
        if self.summary is None:
            self.summary = await self._described()  # 1
        predictors, chooser = dict(self.problem.program.named_predictors()), self.problem.random
        signature = predictors[name].signature
        fixed = {
            "data": self.summary or "not known", "program": program_of(self.problem.program), "step": shape_of(name, signature),
            "present": signature.instructions,
        }  # fmt: skip
        inputs = [{**fixed, "examples": self._examples(), "tip": chooser.choice(TIPS)} for _ in range(count)]  # 2
        return await self.proposer.distinct(inputs)  # 3

    def _examples(self) -> str:
        chosen = self.problem.random.sample(self.problem.labelled, min(SHOWN, len(self.problem.labelled)))
        return "\n\n".join(example_lines(self.problem.task, one) for one in chosen)

    async def _described(self) -> str:
        rows = self.problem.random.sample(self.problem.labelled, min(ROWS, len(self.problem.labelled)))
        try:
            with scope.resampled("describe", None):
                return str(
                    (await self.describe.acall(rows="\n\n".join(example_lines(self.problem.task, one) for one in rows))).summary
                )
        except CallError:
            return ""


def form_of(problem: Problem) -> str:
    """Say in words, without a call, what form the outputs of the labelled examples have; empty where they have none in common."""
    said = []
    for name in output_names(problem.task):
        texts = [render([name], dict(one)).strip() for one in problem.labelled if name in one]
        different = sorted(set(texts))
        if 1 < len(different) <= len(texts) / EACH_LABEL:
            said.append(f"The {name} is one of: {', '.join(different)}.")
        elif texts and all(_number(text) for text in texts):
            said.append(f"The {name} is a number alone.")
        elif texts and all(len(text.split()) == 1 for text in texts):
            said.append(f"The {name} is a single word.")
    return " ".join(said)


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def program_of(program: dspy.Module) -> str:
    """Describe a program by its steps, in words."""
    return "; ".join(shape_of(name, predictor.signature) for name, predictor in program.named_predictors())


def shape_of(name: str, signature: Any) -> str:
    """Describe a step by its fields."""
    return f"{name}: {', '.join(signature.input_fields)} -> {', '.join(signature.output_fields)}"


DESCRIBE_THE_DATA = "Look at these rows. Say in one sentence what is done to each input to get its output."
WRITE_THE_INSTRUCTION = (
    "A program needs a better instruction for one of its steps. Write the instruction that makes a reader produce the right "
    "output for new inputs. Say what the output is and in which form. Do not repeat the examples."
)
TIPS = (
    "Write it plainly.",
    "Be inventive.",
    "Keep it short.",
    "Describe the output exactly.",
    "Say that mistakes are costly.",
    "Give the reader a fitting role.",
)
