"""Solve, look up, solve again, run, reflect."""

from __future__ import annotations

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.code import Episodes
from selftaught.testing import ProgramContract
from tests.programs.code.sandboxed import GIVEN, RIGHT, WRONG, Coder, Coding, answered, runs_code

ON_FILE = [
    {"problem": "double(x) is twice x", "code": "the very problem"},
    {"problem": "triple(x) is three times x, like twice x", "code": "def triple(x): return 3 * x"},
    {"problem": "sort the words of a text by length", "code": "sorted(text.split(), key=len)"},
]


@runs_code
class TestEpisodes(ProgramContract):
    method = "icpc-selfjudge-retrieval"

    def make(self, task):
        return Episodes(task, ON_FILE)


def program(**settings):
    return Episodes(Coding, **{"episodes": ON_FILE, "given": "samples", "suites": 0, **settings})


@runs_code
def test_the_problem_itself_is_never_looked_up():
    coder = Coder([WRONG, RIGHT])
    found = answered(program(shots=2), coder)
    assert found.shown == [1, 2]
    assert "the very problem" not in coder.prompts[1][1]
    assert "def triple" in coder.prompts[1][1]


@runs_code
def test_the_first_solution_is_part_of_what_is_looked_for():
    found = answered(
        program(shots=1), Coder(["sorted(text.split(), key=len) sort the words of a text by length", RIGHT]), problem="p"
    )
    assert found.shown == [2]


@runs_code
def test_without_turns_and_episodes_it_is_plain_generation():
    coder = Coder([WRONG])
    found = answered(program(shots=0, turns=0), coder)
    assert (found.code, found.rounds, len(coder.prompts), found.shown) == (WRONG, 0, 1, [])


@runs_code
def test_it_stops_as_soon_as_the_samples_pass_and_shows_every_attempt():
    coder = Coder(["first draft", WRONG, "def double(x): return 3", RIGHT, "never asked for"])
    found = answered(program(turns=5), coder)
    assert (found.code, found.rounds, found.accepted, len(coder.prompts)) == (RIGHT, 2, True, 4)
    last = coder.prompts[-1][1]
    assert last.index("return x * x") < last.index("return 3")
    assert "first draft" not in last


@runs_code
def test_turns_are_bounded_and_the_best_attempt_is_returned():
    samples = ["assert double(2) == 4", "assert double(3) == 6"]
    coder = Coder(["first", WRONG, "def double(x): return 3", "def double(x): return 4"])
    found = answered(program(turns=2), coder, samples=samples)
    assert (found.code, found.rounds, found.accepted) == (WRONG, 2, False)


@runs_code
def test_a_program_that_does_not_parse_is_a_failed_turn_and_says_so():
    coder = Coder(["first", "def double(x:", RIGHT])
    assert answered(program(), coder).accepted
    assert "SyntaxError" in coder.prompts[-1][1]


@runs_code
def test_the_samples_are_never_shown_before_they_fail():
    coder = Coder(["first", RIGHT])
    answered(program(), coder, samples=["assert double(1234) == 2468"])
    assert not [prompt for _, prompt in coder.prompts if "1234" in prompt]


@pytest.mark.parametrize("episodes", [["text"], [{}], [{"problem": 1}], "text"])
def test_an_episode_is_a_dictionary_of_texts(episodes):
    with pytest.raises(SettingError, match="episodes"):
        Episodes(Coding, episodes)


def test_examples_serve_as_episodes():
    assert Episodes(Coding, [dspy.Example(problem="p", code="c")]).episodes == [{"problem": "p", "code": "c"}]
    assert GIVEN["problem"] == ON_FILE[0]["problem"]
