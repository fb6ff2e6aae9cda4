"""Code as task: only records that hold when they are run, from the first state of the tools, come out."""

import asyncio

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis.self_challenging import SelfChallenging
from selftaught.programs.synthesis.toolkit import Toolkit
from selftaught.testing import FakeLM, SynthesisContract
from tests.programs.code.sandboxed import runs_code
from tests.programs.synthesis.scripts import answering, requests, run

pytestmark = runs_code
STORE = '''
_kept = {"red": 3, "blue": 5}

def put(key: str, value: int) -> None:
    """Keep a value under a key."""
    _kept[key] = value

def get(key: str) -> int:
    """Return the value of a key; 0 where there is none."""
    return _kept.get(key, 0)

def keys() -> list[str]:
    """Return all keys."""
    return sorted(_kept)
'''
WORDS = ["alpha", "bravo", "carbon", "delta", "ember", "fjord", "gamma", "hazel", "igloo", "jolly"]
SOLUTION = "def solve():\n    put('sum', get('red') + get('blue'))"
VERIFY = "def verify(answer):\n    return get('sum') == 8 and get('red') == 3"
FAILURES = ["def solve():\n    put('sum', 7)", "def solve():\n    pass", "def solve():\n    put('red', 8); put('sum', 8)"]


def instruction_of(text, number):
    return " ".join(WORDS[int(digit)] for digit in f"{number:06d}") + f" {number}"


def challenging(**more):
    fields = {
        "code": lambda text, number: SOLUTION if "Task" in text or number % 2 else "def solve():\n    put('sum', 1)",
        "instruction": instruction_of, "solution": SOLUTION, "verify": VERIFY, "failures": FAILURES,
    }  # fmt: skip
    return answering(**{**fields, **more})


def made(script, count=1, **settings):
    return run(SelfChallenging(STORE, **{"looks": 0, "attempts": 0, "batch": 1, **settings}), script, count, patience=1)


class TestSelfChallenging(SynthesisContract):
    method = "self-challenging"

    def make(self):
        return SelfChallenging(STORE, looks=1, attempts=2, batch=2)

    def script(self, messages, **settings):
        return challenging()(messages, **settings)


class TestTrajectories(TestSelfChallenging):
    method = "self-challenging-trajectories"

    def make(self):
        return SelfChallenging(STORE, looks=1, attempts=3, batch=2, emit="trajectories")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"verify": "def verify(answer):\n    return True"}, "a failure passes"),
        ({"verify": "def verify(answer):\n    return False"}, "the solution does not pass"),
        ({"verify": "def verify(answer):\n    return 1"}, "the solution does not pass"),
        ({"solution": "def solve():\n    raise ValueError('no')"}, "the solution does not pass"),
        ({"solution": "def solve():\n    exit()"}, "the solution does not pass"),
        ({"solution": "add red and blue"}, "the solution: the code does not parse"),
        ({"failures": [FAILURES[0]] * 3}, "fewer than 3 different failures"),
        ({"failures": [*FAILURES[:2], SOLUTION + "\n"]}, "a failure passes"),
    ],
    ids=["always true", "never true", "not a bool", "raises", "ends early", "no code", "one failure", "a right failure"],
)
def test_a_record_that_does_not_hold_is_rejected(record, reason):
    found, _ = made(challenging(**record))
    assert not found.rows
    assert set(found.rejected) == {("holds", reason)}


def test_every_run_begins_with_the_first_state():
    verify = "def verify(answer):\n    return answer == 1 and get('count') == 1"
    solution = "def solve():\n    put('count', get('count') + 1)\n    return get('count')"
    failures = [solution.replace("+ 1", "+ 2"), "def solve(): return 1", "def solve():\n    put('count', 1)"]
    found, _ = made(challenging(solution=solution, verify=verify, failures=failures, code=solution), attempts=3)
    assert [one["reward"] for one in found.rows[0]["attempts"]] == [1, 1, 1]


def test_the_agent_is_told_tools_and_instruction_and_nothing_else():
    drawn = iter([SOLUTION, "def solve():\n    put('sum', 1)", FAILURES[2], SOLUTION])
    found, lm = made(challenging(code=lambda text, number: next(drawn)), attempts=4)
    (row,) = found.rows
    assert [one["reward"] for one in row["attempts"]] == [1, 0, 0, 1]
    assert row.scores["attempts"] == 0.5
    for prompt in requests(lm, "code"):
        assert row["instruction"] in prompt
        assert "put(key: str, value: int) -> None: Keep a value under a key." in prompt
        assert not any(secret in prompt for secret in ("def verify", "def solve", "_kept"))


def test_what_was_explored_is_shown_to_who_writes_the_record():
    found, lm = made(challenging(code="print(get('red'), keys())"), looks=2)
    first, second = requests(lm, "code")
    assert "Nothing yet." in first
    assert "printed: 3 ['blue', 'red']" in second
    (prompt,) = requests(lm, "instruction")
    assert prompt.count("printed: 3 ['blue', 'red']") == 2
    assert found.rows


def test_tasks_come_once_and_only_from_the_band():
    same, _ = made(challenging(instruction="Put the sum of red and blue under sum."), count=3)
    assert len(same.rows) == 1
    assert len(made(challenging(instruction="Put the sum of red and blue under sum."), count=3, novelty=1.0)[0].rows) == 1
    never, _ = made(challenging(code="def solve(): pass"), attempts=2, band=(0.1, 0.9))
    assert ("outside the band", "outside the band") in never.rejected
    always, _ = made(challenging(code=SOLUTION), attempts=2, band=(0.1, 0.9))
    assert not always.rows


def test_trajectories_are_the_different_rewarded_attempts():
    drawn = iter([SOLUTION, FAILURES[0], SOLUTION, SOLUTION.replace("get('red') + get('blue')", "8")])
    found, _ = made(challenging(code=lambda text, number: next(drawn)), attempts=4, emit="trajectories", count=2)
    assert [row["output"] for row in found.rows] == [SOLUTION, SOLUTION.replace("get('red') + get('blue')", "8")]
    assert all("keys() -> list[str]: Return all keys." in row["system"] for row in found.rows)


def test_tools_that_fail_when_they_are_loaded_are_refused_before_anything_is_paid():
    lm = FakeLM(challenging())
    with dspy.context(lm=lm), pytest.raises(SettingError, match="No module named 'nowhere'"):
        SelfChallenging(f"import nowhere\n{STORE}").run(1, progress=False)
    assert not lm.calls


async def test_the_reward_is_a_metric_for_an_agent():
    pipeline, example = SelfChallenging(STORE), dspy.Example(instruction="sum", verify=VERIFY)
    assert await pipeline.reward(example, dspy.Prediction(code=SOLUTION)) == 1.0
    assert await pipeline.reward(example, dspy.Prediction(code=FAILURES[2])) == 0.0


def test_a_solution_cannot_replace_the_tools_that_the_verifier_calls():
    cheat = "def get(key): return 8 if key == 'sum' else 3\ndef solve():\n    globals()['verify'] = lambda answer: True"
    assert not asyncio.run(Toolkit(STORE).verified(cheat, VERIFY)).passed


@pytest.mark.parametrize(
    "settings", [{"tools": "def f(:"}, {"tools": None}, {"tools": b"x"}, {"tools": "x = 1"}, {"tools": "def _f(): pass"}, {"band": (1, 0)}, {"emit": "x"}, {"emit": "trajectories", "attempts": 0}]
)  # fmt: skip
def test_settings_that_are_none_are_refused(settings):
    with pytest.raises(SettingError):
        SelfChallenging(**{"tools": STORE, **settings})
