"""The cross-check core, and Sol-Ver, which is it as it stands."""

from __future__ import annotations

import pytest

from selftaught.errors import InputError, SettingError
from selftaught.programs.code import CrossCheck
from selftaught.sandbox import Limits
from selftaught.testing import ProgramContract
from tests.programs.code.sandboxed import GIVEN, RIGHT, SLOW, WRONG, Coder, Coding, answered, runs_code

TELLING = ["assert double(3) == 6", "assert double(5) == 10"]


@runs_code
class TestSolVer(ProgramContract):
    method = "sol-ver"

    def make(self, task):
        return CrossCheck(task)


@runs_code
def test_the_right_solution_wins_over_the_first():
    found = answered(CrossCheck(Coding, samples=3, suites=1), Coder([WRONG, RIGHT, RIGHT], [TELLING]))
    assert (found.code, found.accepted, found.passed, found.cases) == (RIGHT, True, 2, 2)
    assert found.matrix == [[False, False], [True, True], [True, True]]


@runs_code
def test_a_solution_that_fails_the_consensus_is_never_accepted():
    found = answered(CrossCheck(Coding, samples=3, suites=1), Coder([RIGHT, RIGHT, WRONG], [TELLING]))
    assert found.code == RIGHT
    found = answered(CrossCheck(Coding, samples=2, suites=1), Coder([RIGHT, WRONG], [TELLING]))
    assert not found.accepted  # nobody else passes the same
    found = answered(CrossCheck(Coding, samples=2, suites=0, given="samples"), Coder([RIGHT, WRONG]))
    assert found.accepted  # what came with the input is enough
    found = answered(CrossCheck(Coding, samples=2, suites=0, given="samples"), Coder([WRONG, WRONG]))
    assert (found.accepted, found.passed, found.cases) == (False, 0, 1)


@runs_code
def test_cases_are_written_without_sight_of_solutions_or_of_the_cases_given():
    coder = Coder([RIGHT, RIGHT], [TELLING])
    answered(CrossCheck(Coding, samples=2, suites=1, given="samples"), coder, samples=["assert double(1234) == 2468"])
    assert len(coder.prompts) == 3
    assert not [prompt for _, prompt in coder.prompts if "1234" in prompt]
    (prompt,) = coder.prompts_for("assertions")
    assert "return x + x" not in prompt


@runs_code
@pytest.mark.parametrize(
    "hollow", ["assert True", "assert double", "assert callable(double)", "assert double(3) != 'x'", "x = 1", "no code"]
)
def test_a_case_that_tells_nothing_does_not_count(hollow):
    found = answered(CrossCheck(Coding, samples=2, suites=1), Coder([RIGHT, WRONG], [[hollow]]))
    assert (found.checks, found.accepted, found.code) == ([], False, RIGHT)


@runs_code
def test_a_case_that_one_solution_alone_passes_is_outvoted():
    found = answered(CrossCheck(Coding, samples=3, suites=1), Coder([WRONG, RIGHT, RIGHT], [["assert double(3) == 9", *TELLING]]))
    assert (found.code, found.checks) == (RIGHT, TELLING)


@runs_code
def test_where_nothing_passes_the_first_is_returned_and_not_accepted():
    found = answered(CrossCheck(Coding, samples=2, suites=1), Coder(["no code at all", "%%", "%%"], [TELLING]), samples=[])
    assert (found.code, found.accepted, found.passed) == ("no code at all", False, 0)


@runs_code
def test_an_endless_loop_is_a_failure():
    found = answered(CrossCheck(Coding, samples=2, suites=0, given="samples", seconds=0.5), Coder([SLOW, RIGHT]))
    assert (found.code, found.matrix) == (RIGHT, [[False], [True]])


@runs_code
@pytest.mark.parametrize("cheat", ["import sys\nsys.exit(0)", "import os\nos._exit(0)", "raise SystemExit", "exit()"])
def test_ending_early_is_no_way_to_pass(cheat):
    found = answered(CrossCheck(Coding, samples=1, suites=0, given="samples"), Coder([cheat]))
    assert (found.passed, found.accepted) == (0, False)


@runs_code
def test_the_matrix_is_the_same_every_time():
    codes = [WRONG, RIGHT, SLOW, RIGHT]
    program = CrossCheck(Coding, samples=4, suites=1, seconds=0.5)
    found = [answered(program, Coder(codes, [TELLING])).matrix for _ in range(2)]
    assert found[0] == found[1]


@runs_code
def test_a_revision_is_told_what_failed_and_kept_where_it_passes_more():
    coder = Coder([WRONG, RIGHT])
    found = answered(CrossCheck(Coding, samples=1, suites=0, given="samples", rounds=3), coder)
    assert (found.code, found.rounds, found.accepted, len(coder.prompts)) == (RIGHT, 1, True, 2)
    assert "assert double(3) == 6: AssertionError" in coder.prompts[1][1]


@runs_code
def test_a_worse_revision_is_not_kept():
    samples = ["assert double(2) == 4", "assert double(3) == 6"]
    coder = Coder([WRONG, "def double(x): return 0", "%%", "%%", "nonsense"])
    found = answered(CrossCheck(Coding, samples=1, suites=0, given="samples", rounds=3), coder, samples=samples)
    assert (found.code, found.rounds, found.passed) == (WRONG, 3, 1)


@runs_code
def test_what_passes_is_not_revised():
    coder = Coder([RIGHT])
    assert answered(CrossCheck(Coding, samples=1, suites=0, given="samples", rounds=3), coder).rounds == 0
    assert len(coder.prompts) == 1


@runs_code
def test_a_failed_suite_is_missing():
    found = answered(CrossCheck(Coding, samples=2, suites=2), Coder([RIGHT, WRONG], ["%%", "%%", "%%", "%%"]))
    assert (found.code, found.cases) == (RIGHT, 0)


@runs_code
def test_programs_with_input_and_output():
    code = "a, b = map(int, input().split())\nprint(a + b)"
    program = CrossCheck(Coding, samples=1, suites=0, given="samples")
    samples = [("1 2\n", "3\n"), {"input": "5 6", "output": "11"}]
    program.task.input_fields["samples"].annotation = list
    found = answered(program, Coder([f"Here:\n```python\n{code}\n```\nDone."]), samples=samples)
    assert (found.passed, found.cases, found.accepted) == (2, 2, True)
    assert answered(program, Coder(["print(3)"]), samples=samples).passed == 1


def test_cases_that_are_none_are_refused_before_anything_is_paid():
    coder = Coder([])
    with pytest.raises(InputError, match=r"samples\[1\]"):
        answered(CrossCheck(Coding, given="samples"), coder, samples=["assert True", ("a", "b", "c")])
    assert coder.prompts == []


@pytest.mark.parametrize(
    "setting",
    [{"samples": 0}, {"suites": -1}, {"rounds": -1}, {"agree": 0}, {"seconds": 0}, {"given": "tests"}, {"code": "problem"}],
)
def test_bad_settings_are_refused_by_name(setting):
    with pytest.raises(SettingError, match=next(iter(setting))):
        CrossCheck(Coding, **setting)


@runs_code
def test_code_never_runs_without_a_sandbox(monkeypatch):
    from selftaught import sandbox
    from selftaught.errors import SandboxMissing

    def missing():
        raise SandboxMissing("none here")

    monkeypatch.setattr(sandbox, "default", missing)
    with pytest.raises(SandboxMissing):
        answered(CrossCheck(Coding, samples=1, suites=0, given="samples"), Coder([RIGHT]))


@runs_code
def test_hostile_code_is_a_failed_case_and_nothing_else(tmp_path):
    canary = tmp_path / "canary"
    canary.write_text("sings")
    code = (
        f"import os\ntry:\n    os.unlink({str(canary)!r})\nexcept OSError: pass\nfor _ in range(6): os.fork()\nwhile True: pass"
    )
    found = answered(CrossCheck(Coding, samples=1, suites=0, given="samples", seconds=1.0), Coder([code]), **GIVEN)
    assert (found.passed, canary.read_text()) == (0, "sings")
    assert Limits().processes < 100
