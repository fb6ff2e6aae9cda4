"""Self-invoking code (169; Yu et al., 2024), its solver: solve the simple problem, then the one that calls its solution.

For a task whose solution has a smaller one inside. Asked for both at once, models that know the smaller one still fail the
larger: they rewrite it wrongly or forget to call it.

1. Write the function of the simple problem that is inside the task.
2. Write the solution with that function in view; both must be in it.
3. Run it in the cases of the input and in those that the model wrote. Where it calls the function and does not define it, the
   function is put before it.
4. Select, revise and return as in the cross-check core.

Departures: (1) two calls instead of one prompt for both. (2) The missing function is supplied; `supplied` says so.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.programs.base import Calls
from selftaught.programs.code.core import CrossCheck
from selftaught.programs.code.running import code_in
from selftaught.programs.code.solutions import Solution
from selftaught.programs.code.steps import outputs_of
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

LONGEST_BASE = 2000


@method(
    169,
    "self-invoking-code",
    family="diagnose",
    missing="building harder items from solved ones, and the report of base against harder items",
)
class SelfInvoking(CrossCheck):
    """Write the function of the simple problem inside a task, then the solution that calls it.

    The prediction also holds `function`, the simple one's, and `supplied`: whether it had to be put before the solution.

    Args:
        task: what to do; one of its outputs is Python code.
        suites: see `CrossCheck`.
        given: see `CrossCheck`.
        rounds: see `CrossCheck`.
        code: see `CrossCheck`.
        seconds: see `CrossCheck`.
    """

    def __init__(
        self, task: str | Task, *, suites: int = 0, given: str | None = None, rounds: int = 0, code: str | None = None,
        seconds: float = 3.0,
    ) -> None:  # fmt: skip
        super().__init__(task, samples=1, suites=suites, given=given, rounds=rounds, code=code, seconds=seconds)
        function = dspy.OutputField(desc="Python code of one function", max_length=LONGEST_BASE)
        self.base = Step(derived(self.shown, "Base", SOLVE_THE_SIMPLE_PART, {}, {"function": (str, function)}))
        given_function = {"function": (str, dspy.InputField(desc="a function that solves the simple part"))}
        self.generate = Step(derived(self.shown, "Build", CALL_IT, given_function, outputs_of(self.shown)))

    async def solutions(self, shown: dict[str, Any]) -> list[Solution]:
        """Return the solution, with the function that it calls."""
        function = code_in((await self.base.acall(**shown)).function)  # 1
        return [with_function(self.solution(self.outputs(await self.generate.acall(**shown, function=function))), function)]  # 2

    async def revised(self, shown: dict[str, Any], best: Solution, found: Sequence[Solution], number: int) -> Solution | None:
        """Return a revision of the best solution, with the function that it calls."""
        again = await super().revised(shown, best, found, number)
        return again and with_function(again, best.notes["function"])

    def cost(self) -> Calls:
        """Return the calls of one input."""
        return super().cost() + Calls(1, 1)


def with_function(found: Solution, function: str) -> Solution:
    """Return a solution that has the function before it, where it calls it and does not define it."""
    found.notes |= {"function": function, "supplied": supplied(function, found.code)}
    if found.notes["supplied"]:  # 3
        whole = f"{function}\n\n{found.code}"
        changed = {
            name: whole for name, value in found.outputs.items() if isinstance(value, str) and code_in(value) == found.code
        }
        found.code, found.outputs = whole, {**found.outputs, **changed}
    return found


def supplied(function: str, code: str) -> bool:
    """Return whether the code uses the function and does not define it."""
    try:
        base, tree = ast.parse(function), ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    offered = {node.name for node in base.body if isinstance(node, ast.FunctionDef)}
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return bool(offered & used - defined)


SOLVE_THE_SIMPLE_PART = "The task has a simpler problem inside. Write only the one Python function that solves the simpler problem; do not solve the rest."
CALL_IT = (
    "A function for the simple part is given. Write the whole code: repeat that function, then solve the task by calling it."
)
