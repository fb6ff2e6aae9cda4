"""Solutions with tests of their own: drawn together, run in the sandbox, and only what passes goes on."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import dspy
from pydantic import Field

from selftaught.programs.base import Calls, cost_of
from selftaught.programs.code.cases import hollow_versions, written_cases
from selftaught.programs.code.running import code_in, trials_of
from selftaught.programs.code.steps import LONGEST_CASE, MOST_CASES
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import step_with
from selftaught.programs.synthesis.evolve_genetic import unparsable
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Out, Stage

LONGEST_SOLUTION = 2000
_PLACEHOLDER = re.compile(
    r"\b(?:TODO|FIXME)\b|(?i:not implemented|your code here)|NotImplementedError|^\s*\.\.\.\s*$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A solution with its assertions. `why`: it does not count, or an empty text."""

    code: str
    assertions: list[str]
    why: str


class Tested(Stage):
    """Writes solutions of a row's `instruction` with their assertions, and keeps the first that passes.

    Adds `output` (code), `assertions`, `passed` (share of the samples) and `rejected` (one that did not pass, or None).

    Args:
        samples: solutions of a task.
        temperature: of them.
        seconds: the longest that one run may take.
        respond: `instruction` -> `solution`, `assertions`; a step by default.
        name: of the stage.
    """

    def __init__(
        self, *, samples: int = 3, temperature: float = 0.7, seconds: float = 4.0, respond: dspy.Module | None = None,
        name: str = "tests",
    ) -> None:  # fmt: skip
        super().__init__()
        self.samples, self.temperature, self.seconds = at_least("samples", samples, 1), temperature, seconds
        self.respond, self.name = respond or step_with(SOLVE, [SHOWN]), name

    async def run(self, row: Row) -> Sequence[Out]:
        """Solve and test one row."""
        drawn = await draw(self.respond, {"instruction": row["instruction"]}, self.samples, self.temperature)
        tried = await asyncio.gather(*(self.tried(one) for one in drawn))
        passed, failed = [one for one in tried if not one.why], [one for one in tried if one.why]
        if not passed:
            return [Rejected(row, self.name, failed[0].why, "; ".join(one.why for one in failed))]
        rejected = next((one.code for one in failed if one.code != passed[0].code), None)
        told = {"output": passed[0].code, "assertions": passed[0].assertions, "rejected": rejected}
        return [row.with_values(**told, passed=len(passed) / len(tried)).scored(self.name, len(passed) / len(tried))]

    async def tried(self, said: Any) -> Attempt:
        """Run one solution with its own assertions."""
        code, assertions = code_in(str(said.solution)).strip(), written_cases(map(str, said.assertions))
        why = unparsable(code) or ("a placeholder" if _PLACEHOLDER.search(code) else "") or ("" if assertions else "no assertion")
        return Attempt(code, assertions, why or await self.failure(code, assertions))

    async def failure(self, code: str, assertions: Sequence[str]) -> str:
        """Return why a solution does not count, or an empty text."""
        (own,) = await trials_of([code], list(assertions), self.seconds)
        if not all(one.passed for one in own):
            return "fails its own assertions"
        hollow = await trials_of(hollow_versions(code), list(assertions), self.seconds)
        return "assertions that tell nothing" if any(all(one.passed for one in trials) for trials in hollow) else ""

    def cost(self) -> Calls:
        """Return the calls of one row."""
        return cost_of(self.respond) * self.samples


_CASES = list[Annotated[str, Field(max_length=LONGEST_CASE)]]
SOLVE = dspy.make_signature(
    {
        "instruction": (str, dspy.InputField(desc="a task")),
        "solution": (str, dspy.OutputField(desc="Python code and nothing else", max_length=LONGEST_SOLUTION)),
        "assertions": (_CASES, dspy.OutputField(desc="Python assert statements that call the solution", min_length=1, max_length=MOST_CASES)),
    },
    "Solve the task in Python, then test the solution with small inputs whose result you know for sure.", "SolveAndTest",
)  # fmt: skip
SHOWN = dspy.Example(
    instruction="Write a function `ranking(votes)` that takes a list of names, one for each vote, and returns the names as a list, "
    "those with the most votes first, and alphabetically where two have as many.",
    solution="def ranking(votes):\n    counts = {}\n    for name in votes:\n        counts[name] = counts.get(name, 0) + 1\n"
    "    return sorted(counts, key=lambda name: (-counts[name], name))",
    assertions=["assert ranking(['Bo', 'Al', 'Bo']) == ['Bo', 'Al']", "assert ranking(['Cy', 'Al']) == ['Al', 'Cy']", "assert ranking([]) == []"],
)  # fmt: skip
