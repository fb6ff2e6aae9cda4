"""Puzzle self-play (035; Haluptzok et al., 2022), its solver: a puzzle is a function that says whether an answer is right.

For puzzles whose solutions are hard to find and easy to check. The interpreter is the judge, so a solution that counts is right.
A puzzle is `def f(ans: int, **defaults) -> bool`: its first argument is the answer, the others have defaults. A solution is a
function `g` with the same defaults, such that `f(g())` is True.

1. The case is the puzzle.   2. Write `samples` solutions.
3. Run each alone in the sandbox: its answer is plain data. Run the puzzle on the answer in another process, so that nothing the
   solution does to `f`, its defaults or the builtins counts.
4. Keep the shortest distinct ones that solve it, eight at most.   5. Return the shortest.

Departures: (1) 8 attempts by default, not 128. (2) Where nothing solves it, the first solution is returned, not `accepted`.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError, TaskError
from selftaught.programs.code.cases import Case
from selftaught.programs.code.core import CrossCheck
from selftaught.programs.code.running import Trial, trial_of, value_of
from selftaught.programs.code.solutions import Solution
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, instructed

MOST_KEPT = 8


@method(
    35,
    "puzzle-self-play",
    family="synthesis",
    missing="making up puzzles, their filters, the SFT rows, and training on them",
)
class Puzzle(CrossCheck):
    """Solve a puzzle by writing the function whose result it accepts.

    The prediction also holds `solved`, the shortest distinct solutions that the puzzle accepts, and what `CrossCheck` tells.

    Args:
        task: an input is the source of the puzzle, and an output the code that solves it.
        puzzle: the input that is the puzzle; the first text by default.
        samples: solutions written.
        code: see `CrossCheck`.
        temperature: of the samples.
        seconds: the longest that one run may take; the paper's is 1.

    Raises:
        TaskError: the task has no input that is a text.
        SettingError: `puzzle` is none of its inputs.
    """

    def __init__(
        self, task: str | Task, *, puzzle: str | None = None, samples: int = 8, code: str | None = None,
        temperature: float = 0.9, seconds: float = 1.0,
    ) -> None:  # fmt: skip
        super().__init__(task, samples=samples, suites=0, code=code, agree=1, temperature=temperature, seconds=seconds)
        texts = [name for name, field in self.task.input_fields.items() if field.annotation is str]
        if not texts:
            raise TaskError(f"The task {self.task.__name__} has no input that is a text, so there is no puzzle.")
        if puzzle is not None and puzzle not in self.task.input_fields:
            raise SettingError(f"puzzle={puzzle!r}: the task has no such input; expected one of {texts}.")
        self.puzzle = puzzle or texts[0]
        self.generate = Step(instructed(self.task, f"{WRITE_THE_ANSWERING_FUNCTION}\n\n{self.task.instructions}"))

    def cases(self, inputs: dict[str, Any]) -> list[Case]:
        """Return the puzzle as the one case."""
        return [str(inputs[self.puzzle])]  # 1

    async def trials(self, codes: Sequence[str], cases: Sequence[Case]) -> list[list[Trial]]:
        """Return whether the puzzle accepts what each code answers."""
        (source,) = cases
        return [[one] for one in await asyncio.gather(*(self._trial(code, str(source)) for code in codes))]  # 3

    async def _trial(self, code: str, source: str) -> Trial:
        name = puzzle_name(source)
        if name is None:
            return Trial(False, "the puzzle is no function whose one argument without a default is the answer")
        answer = await value_of(code, "g()", self.seconds)
        if isinstance(answer, Trial):
            return answer
        return await trial_of(source, f"assert {name}({answer!r}) is True", self.seconds)

    def accepted(self, best: Solution, found: Sequence[Solution], *, given: bool) -> bool:
        """Say whether the puzzle accepts any solution."""
        return any(all(one.passes) for one in found)

    def told(self, best: Solution, found: Sequence[Solution], cases: Sequence[Case], **more: Any) -> dspy.Prediction:
        """Return the shortest solution, and all that the puzzle accepts."""
        solving = {one.code: one for one in reversed(found) if all(one.passes)}
        kept = sorted(solving.values(), key=lambda one: len(one.code))[:MOST_KEPT]  # 4
        return super().told(kept[0] if kept else found[0], found, cases, solved=[one.code for one in kept], **more)  # 5


def puzzle_name(source: str) -> str | None:
    """Return the name of the puzzle in a source: its last function, whose only argument without a default is the answer."""
    try:
        functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not functions:
        return None
    arguments = functions[-1].args
    required = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    plain = not arguments.vararg and not arguments.kwarg and not arguments.kwonlyargs
    return functions[-1].name if required == 1 and plain else None


WRITE_THE_ANSWERING_FUNCTION = (
    "Write only the Python function g, which needs no arguments and returns an answer for which the puzzle is True. "
    "Do not write the puzzle again."
)
