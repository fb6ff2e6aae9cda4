"""Puzzles: the interpreter certifies, and a solution cannot talk it into it."""

from __future__ import annotations

import dspy
import pytest

from selftaught.errors import TaskError
from selftaught.programs.code import Puzzle
from selftaught.programs.code.puzzle import puzzle_name
from selftaught.testing import ProgramContract
from tests.programs.code.sandboxed import Coder, answered, runs_code


class Puzzling(dspy.Signature):
    """Write a function g whose result the puzzle accepts."""

    problem: str = dspy.InputField()
    samples: list[str] = dspy.InputField()
    code: str = dspy.OutputField()


PUZZLE = "def f(ans: int, n=7) -> bool:\n    return isinstance(ans, int) and ans * ans == n * n and ans < 0"


@runs_code
class TestPuzzle(ProgramContract):
    method = "puzzle-self-play"

    def make(self, task):
        return Puzzle(task, samples=3)


def solved(*codes, puzzle=PUZZLE):
    return answered(Puzzle(Puzzling, samples=len(codes)), Coder(list(codes)), problem=puzzle)


@runs_code
def test_the_shortest_solution_that_is_accepted_is_returned():
    found = solved("def g(n=7): return n", "def g(n=7):\n    return 0 - n", "def g(n=7): return -n", "def g(n=7): return -n")
    assert (found.code, found.accepted) == ("def g(n=7): return -n", True)
    assert found.solved == ["def g(n=7): return -n", "def g(n=7):\n    return 0 - n"]


@runs_code
@pytest.mark.parametrize(
    "cheat",
    [
        "def g(n=7):\n    global f\n    f = lambda ans: True\n    return 0\ndef f(ans): return True",
        "def g(n=7):\n    import sys, gc\n    for one in gc.get_objects():\n        if getattr(one, '__name__', '') == 'f':\n            one.__defaults__ = (0,)\n    return 0",
        "import builtins\nbuiltins.isinstance = lambda *a: True\nclass Yes(int):\n    def __mul__(self, other): return 49\n    def __lt__(self, other): return True\ndef g(n=7): return Yes(1)",
        "class Yes:\n    def __eq__(self, other): return True\ndef g(): return Yes()",
        "print('True')\nimport os\nos._exit(0)",
        "def g(n): return -7",
        "def g(): return float('nan')",
        "def g():\n    a = []\n    a.append(a)\n    return a",
        "def g():\n    while True: pass",
    ],
)
def test_a_trick_is_no_solution(cheat):
    found = solved(cheat)
    assert (found.accepted, found.solved, found.code) == (False, [], cheat)


@runs_code
def test_no_more_than_eight_are_kept():
    found = solved(*(f"def g(n=7): return -n  # {'x' * number}" for number in range(10)))
    assert len(found.solved) == 8


@runs_code
def test_what_is_no_puzzle_is_never_solved():
    assert not solved("def g(): return 1", puzzle="def f(ans, other): return True").accepted
    assert not solved("def g(): return 1", puzzle="what is one?").accepted


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (PUZZLE, "f"),
        ("import math\ndef sat(x: str, length=3): return len(x) == length", "sat"),
        ("def f(a, b): return True", None),
        ("def f(*a): return True", None),
        ("def f(a=1): return True", None),
        ("x = 1", None),
        ("def f(", None),
    ],
)
def test_a_puzzle_has_one_argument_without_a_default(source, name):
    assert puzzle_name(source) == name


def test_a_task_without_a_text_has_no_puzzle():
    with pytest.raises(TaskError, match="puzzle"):
        Puzzle("numbers: list[int] -> code")
