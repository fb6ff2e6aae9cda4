"""The steps of Code-as-Task, each with a demonstration on a toolkit of our own, without which a small model defines the tools anew."""

from __future__ import annotations

from typing import Annotated, Any

import dspy
from pydantic import Field

from selftaught.programs.step import Step, step_with

FAILURES, NOTHING = 3, "Nothing yet."
LONGEST_CODE, LONGEST_TASK = 800, 400


def explore() -> Step:
    """Return the step that looks around: `tools`, `explored` -> `code`."""
    return _shown(EXPLORE, explored=NOTHING, code="print(balance('ann'), balance('bob'))\nprint(move('ann', 'bob', 500))")


def challenge() -> Step:
    """Return the step that writes a record: `tools`, `explored`, `before` -> `instruction`, `solution`, `verify`, `failures`."""
    return _shown(
        CHALLENGE, explored="print(balance('ann'), balance('bob'))\nprinted: 50 20", before=["Empty Bob's account."],
        instruction="Ann pays Bob half of what she has.", solution="def solve():\n    move('ann', 'bob', balance('ann') // 2)",
        verify="def verify(answer):\n    return balance('ann') == 25 and balance('bob') == 45",
        failures=[
            "def solve():\n    move('ann', 'bob', balance('ann'))", "def solve():\n    move('bob', 'ann', balance('bob') // 2)",
            "def solve():\n    return balance('ann') // 2",
        ],
    )  # fmt: skip


def execute() -> Step:
    """Return the agent: `tools`, `instruction` -> `code`."""
    asked = "How much do Ann and Bob have together?"
    return _shown(EXECUTE, instruction=asked, code="def solve():\n    return balance('ann') + balance('bob')")


def _shown(task: Any, **values: Any) -> Step:
    return step_with(task, [{"tools": BANK, **values}])


def _code(about: str) -> Any:
    return (str, dspy.OutputField(desc=about, max_length=LONGEST_CODE))


_TOLD = {"tools": (str, dspy.InputField(desc="Python functions that are there"))}
_SEEN = {**_TOLD, "explored": (str, dspy.InputField(desc="code that was run, and what it printed"))}
EXPLORE = dspy.make_signature(
    {**_SEEN, "code": _code("a few lines of Python that call the tools and print what comes back")},
    "Find out what the tools do and what is there: call some that were not called yet. Do not define them.", "Explore",
)  # fmt: skip
CHALLENGE = dspy.make_signature(
    {
        **_SEEN,
        "before": (list[str], dspy.InputField(desc="tasks that are there already")),
        "instruction": (str, dspy.OutputField(desc="a new task for somebody who has the tools", max_length=LONGEST_TASK)),
        "solution": _code("Python that defines solve(), which does the task with the tools and returns the answer"),
        "verify": _code("Python that defines verify(answer), which is True only where the task is done; it may call the tools to look"),
        "failures": (
            list[Annotated[str, Field(max_length=LONGEST_CODE)]],
            dspy.OutputField(desc="three versions of solve() that look right but are wrong", min_length=FAILURES, max_length=FAILURES),
        ),
    },
    "Invent a task that can be done with the tools and whose result can be checked by code.", "Challenge",
)  # fmt: skip
EXECUTE = dspy.make_signature(
    {
        **_TOLD,
        "instruction": (str, dspy.InputField(desc="the task")),
        "code": _code("Python that defines solve(), which does the task with the tools and returns the answer, if one is asked for"),
    },
    "Do the task. The tools are defined already; call them.", "Execute",
)  # fmt: skip
BANK = (
    "balance(name: str) -> int: Return what is in an account.\n"
    "move(giver: str, taker: str, amount: int) -> bool: Move money to another account; False where there is not enough."
)
