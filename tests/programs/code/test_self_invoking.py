"""The simple problem first, then the one that calls its solution."""

from __future__ import annotations

import pytest

from selftaught.programs.code import SelfInvoking
from selftaught.programs.code.self_invoking import supplied
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.fake import answer_fields
from tests.programs.code.sandboxed import GIVEN, Coding, runs_code

BASE = "def double(x):\n    return x + x"
CALLING = "def fourfold(x):\n    return double(double(x))"
SAMPLES = ["assert fourfold(3) == 12"]


@runs_code
class TestSelfInvoking(ProgramContract):
    method = "self-invoking-code"

    def make(self, task):
        return SelfInvoking(task)


def solved(code, base=BASE, **settings):
    import dspy

    prompts = []

    def script(messages, **_):
        prompts.append(str(messages))
        return {"function": base} if answer_fields(messages) == ["function"] else {"code": code}

    with dspy.context(lm=FakeLM(script)):
        found = SelfInvoking(Coding, given="samples", **settings)(**{**GIVEN, "samples": SAMPLES})
    return found, prompts


@runs_code
def test_the_second_step_sees_the_function_of_the_first():
    found, prompts = solved(f"{BASE}\n{CALLING}")
    assert len(prompts) == 2
    assert "return x + x" not in prompts[0]
    assert "return x + x" in prompts[1]
    assert (found.accepted, found.supplied, found.code) == (True, False, f"{BASE}\n{CALLING}")


@runs_code
def test_a_function_that_is_called_and_missing_is_supplied():
    found, _ = solved(CALLING, base=f"```python\n{BASE}\n```")
    assert (found.accepted, found.supplied) == (True, True)
    assert found.code == f"{BASE}\n\n{CALLING}"


@runs_code
def test_a_solution_that_relies_on_what_is_not_there_fails():
    found, _ = solved("def fourfold(x):\n    return twice(twice(x))")
    assert (found.accepted, found.supplied, found.passed) == (False, False, 0)


@runs_code
def test_a_revision_gets_the_missing_function_too():
    import dspy

    drafts = iter(["def fourfold(x):\n    return double(x)", CALLING])

    def script(messages, **_):
        return {"function": BASE} if answer_fields(messages) == ["function"] else {"code": next(drafts)}

    with dspy.context(lm=FakeLM(script)):
        found = SelfInvoking(Coding, given="samples", rounds=1)(**{**GIVEN, "samples": SAMPLES})
    assert (found.accepted, found.rounds, found.supplied, found.code) == (True, 1, True, f"{BASE}\n\n{CALLING}")


@pytest.mark.parametrize(
    ("code", "expected"),
    [(CALLING, True), (f"{BASE}\n{CALLING}", False), ("def fourfold(x): return 4 * x", False), ("def f(", False)],
)
def test_when_a_function_is_supplied(code, expected):
    assert supplied(BASE, code) is expected
    assert not supplied("def broken(", code)
