"""SelfCodeAlign: only what ran and passed tests that tell something comes out, and no snippet shows through."""

import dspy
import pytest

from selftaught import sandbox
from selftaught.errors import SandboxMissing, SettingError
from selftaught.programs.synthesis import Rows
from selftaught.programs.synthesis.code_align import SelfCodeAlign
from selftaught.testing import FakeLM, SynthesisContract
from tests.programs.code.sandboxed import runs_code
from tests.programs.synthesis.scripts import answering, requests, run

pytestmark = runs_code
WORDS = ["alpha", "bravo", "carbon", "delta", "ember", "fjord", "gamma", "hazel", "igloo", "jolly"]
SNIPPETS = [
    f"def {word}(numbers):\n    return sorted(numbers)[:{number}] if numbers else []" for number, word in enumerate(WORDS)
]


def instruction_of(text, number):
    return " ".join(WORDS[int(digit)] for digit in f"{number:06d}") + f" {number}"


def double_of(number):
    return f"def double_{number}(x):\n    return x * 2 + {number} - {number}"


def aligning(**more):
    fields = {
        "concepts": ["sorting", "slicing"], "instruction": instruction_of,
        "solution": lambda text, number: double_of(number),
        "assertions": lambda text, number: [f"assert double_{number}(3) == 6", f"assert double_{number}(0) == 0"],
    }  # fmt: skip
    return answering(**{**fields, **more})


def made(script, snippets=SNIPPETS[:1], **settings):
    return run(SelfCodeAlign(snippets, **{"samples": 1, "same_name": 99, **settings}), script)


class TestSelfCodeAlign(SynthesisContract):
    method = "self-code-align"

    def make(self):
        return SelfCodeAlign(SNIPPETS, samples=2, batch=3)

    def script(self, messages, **settings):
        return aligning()(messages, **settings)


def test_the_task_is_made_without_the_snippet_and_the_solution_without_both():
    found, lm = made(aligning())
    (row,) = found.rows
    assert set(row.values) == {
        "instruction",
        "output",
        "assertions",
        "passed",
        "rejected",
        "concepts",
        "kind",
        "difficulty",
        "name",
    }
    assert any(SNIPPETS[0] in text for text in requests(lm, "concepts"))
    for field in ("instruction", "solution"):
        (prompt,) = requests(lm, field)
        assert "numbers" not in prompt.replace("list of numbers", "")
    assert row["name"].startswith("double_")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({"solution": "def double(x):\n    return x * x", "assertions": ["assert double(3) == 6"]}, "fails its own assertions"),
        ({"solution": "def double(x):\n    while True: pass", "assertions": ["assert double(3) == 6"]}, "fails its own assertions"),
        ({"solution": "def double(x):\n    return 2 * x", "assertions": ["assert double(0) == 0"]}, "assertions that tell nothing"),
        ({"solution": "def double(x):\n    return 2 * x", "assertions": ["assert True"]}, "no assertion"),
        ({"solution": "def double(x):\n    # TODO\n    return 2 * x", "assertions": ["assert double(3) == 6"]}, "a placeholder"),
        ({"solution": "twice as much", "assertions": ["assert double(3) == 6"]}, "the code does not parse"),
        ({"solution": "import os; os._exit(0)\ndef double(x): return 6", "assertions": ["assert double(3) == 6"]}, "fails its own assertions"),
    ],
    ids=["wrong", "endless", "vacuous", "empty", "placeholder", "no code", "ends early"],
)  # fmt: skip
def test_what_did_not_run_is_no_row_and_says_why(script, reason):
    found, _ = made(aligning(**script), seconds=0.5)
    assert not found.rows
    assert set(found.rejected) == {("tests", reason)}


def test_a_list_of_things_to_do_is_no_placeholder():
    code = "def add(todo, thing):\n    return [*todo, thing]"
    assert made(aligning(solution=code, assertions=["assert add([], 1) == [1]"]))[0].rows


def test_a_failed_sample_stands_beside_the_one_that_passed():
    drawn = iter([("def f(x):\n    return x", ["assert f(2) == 4"]), ("def f(x):\n    return 2 * x", ["assert f(2) == 4"])])

    def script(messages, **settings):
        said = aligning()(messages, **settings)
        if "solution" in said:
            said["solution"], said["assertions"] = next(drawn)
        return said

    found, _ = made(script, samples=2)
    (row,) = found.rows
    assert (row["output"], row["rejected"], row["passed"]) == ("def f(x):\n    return 2 * x", "def f(x):\n    return x", 0.5)


def test_a_task_that_holds_a_line_of_its_snippet_is_dropped():
    found, _ = made(aligning(instruction=f"Explain\n{SNIPPETS[0].splitlines()[1]}"))
    assert set(found.rejected) == {("not its snippet", "holds a line of its snippet")}


def test_each_task_and_each_solution_comes_once_and_no_name_too_often():
    again, _ = made(aligning(instruction="Write a function that doubles a number."), SNIPPETS)
    assert len(again.rows) == 1
    assert len(made(aligning(instruction="Write a function that doubles a number."), SNIPPETS, novelty=1.0)[0].rows) == 1
    same = {"solution": "def double(x):\n    return 2 * x", "assertions": ["assert double(3) == 6"]}
    assert len(made(aligning(**same), SNIPPETS)[0].rows) == 1
    few, _ = made(
        aligning(solution=lambda text, number: f"def f(x):\n    return x + {number}", assertions=lambda text, number: [f"assert f(1) == {number + 1}"]),
        SNIPPETS, same_name=2,
    )  # fmt: skip
    assert len(few.rows) == 2


def test_an_evaluation_row_is_kept_out():
    wanted = "Write a function that takes a list of words and returns the longest of them, the first where several are as long."
    found, _ = made(aligning(instruction=wanted), evaluation=[wanted])
    assert set(found.rejected) == {("contains an evaluation row", "contains an evaluation row")}


def test_snippets_that_are_none_are_refused_or_dropped():
    for settings in ({"snippets": []}, {"kinds": []}, {"difficulties": [5]}, {"same_name": 0}):
        with pytest.raises(SettingError):
            SelfCodeAlign(**{"snippets": SNIPPETS, **settings})
    found, lm = made(aligning(), ["not code at all", {"snippet": "x = 1\n" * 1000}, {"text": "x = 1"}])
    assert not found.rows
    assert not lm.calls
    assert {reason for _, reason in found.rejected} == {"the code does not parse", "more than 4000 characters", "no snippet"}


def test_without_a_sandbox_nothing_is_paid(monkeypatch):
    def missing():
        raise SandboxMissing("none works here")

    monkeypatch.setattr(sandbox, "default", missing)
    lm = FakeLM(aligning())
    with dspy.context(lm=lm), pytest.raises(SandboxMissing):
        SelfCodeAlign(SNIPPETS).run(progress=False)
    assert not lm.calls


def test_what_is_drawn_depends_on_the_seed_alone():
    source = SelfCodeAlign(SNIPPETS).source
    first, again, other = (source.begin(0, [], seed) for seed in (1, 1, 2))
    assert isinstance(source, Rows)
    assert first == again != other
