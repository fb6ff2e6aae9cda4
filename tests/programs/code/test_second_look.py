"""A second look at the code, and the reward of a trajectory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.errors import SettingError
from selftaught.programs.code import SecondLook, trajectory_reward
from selftaught.testing import ProgramContract
from tests.programs.code.sandboxed import RIGHT, WRONG, Coder, Coding, answered


class TestSecondLook(ProgramContract):
    method = "cocos"

    def make(self, task):
        return SecondLook(task)


@pytest.mark.parametrize("turns", [1, 2, 4])
def test_it_writes_so_many_programs_and_returns_the_last(turns):
    coder = Coder([WRONG] * (turns - 1) + [RIGHT])
    found = answered(SecondLook(Coding, turns=turns), coder)
    assert (found.code, len(coder.prompts)) == (RIGHT, turns)


def test_each_turn_sees_the_code_before_it_and_no_result_of_any_test():
    coder = Coder([WRONG, RIGHT])
    answered(SecondLook(Coding), coder)
    assert "return x * x" in coder.prompts[1][1]
    assert "problems" not in coder.prompts[1][1].lower().replace("the problem asks", "")
    assert "passed" not in coder.prompts[1][1]
    assert "fail" not in coder.prompts[1][1]


@pytest.mark.parametrize(("passed", "reward"), [([4, 4], 2.0), ([0, 4], 4.0), ([4, 0], -2.0), ([0, 0], 0.0), ([2, 3], 2.0)])
def test_the_published_reward_table(passed, reward):
    assert trajectory_reward(passed) == reward
    assert trajectory_reward(passed, tests=4) == reward / 4


@given(hyp.lists(hyp.integers(0, 9), min_size=2, max_size=6))
def test_without_discount_only_the_end_counts_and_with_full_only_the_last_step(passed):
    assert trajectory_reward(passed, discount=0) == passed[-1] - passed[-2]
    assert trajectory_reward(passed, discount=1) == passed[-1]


@pytest.mark.parametrize("setting", [{"discount": 1.5}, {"discount": -1}, {"tests": 0}, {"tests": 2}])
def test_bad_settings_are_refused(setting):
    with pytest.raises(SettingError, match=next(iter(setting))):
        trajectory_reward([1, 3], **setting)
    with pytest.raises(SettingError, match="turns"):
        SecondLook(Coding, turns=0)
