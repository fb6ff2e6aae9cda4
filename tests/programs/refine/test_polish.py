"""Self-Polish (019): the problem is rewritten until two answers in a row agree."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.refine import SelfPolish
from selftaught.testing import ProgramContract
from selftaught.testing.samples import Survey

from .scripts import prompts, says

SUM = "question -> answer"


class TestSelfPolish(ProgramContract):
    method = "self-polish"

    def make(self, task):
        return SelfPolish(task)


class TestSelfPolishByVote(ProgramContract):
    def make(self, task):
        return SelfPolish(task, rounds=4, select="vote")


def polished(answers, problems, question="q", **settings):
    lm = says(answer=list(answers), polished_question=list(problems))
    with dspy.context(lm=lm):
        return SelfPolish(SUM, **settings)(question=question), lm


def test_it_stops_at_the_first_pair_of_equal_answers_in_a_row():
    found, lm = polished(["1", "2", "2.0", "3"], ["p", "r", "s"], rounds=3)
    assert (found.answer, found.converged, found.stopped_by, lm.calls) == ("2.0", True, "converged", 5)
    assert (found.problems, found.answers) == (["q", "p", "r"], ["1", "2", "2.0"])


def test_equal_answers_that_are_not_neighbours_do_not_count():
    assert polished(["1", "2", "1"], ["p", "r"])[0].converged is False


def test_without_rounds_it_is_the_plain_solver():
    found, lm = polished(["1"], [], rounds=0)
    assert (found.answer, lm.calls, found.converged) == ("1", 1, False)


def test_a_rewriting_that_changes_nothing_converges_after_one_round_with_the_solvers_answer():
    found, lm = polished(["1"], ["q"], rounds=5)
    assert (found.answer, found.converged, found.rounds, lm.calls) == ("1", True, 1, 2)


def test_each_rewriting_starts_from_the_newest_problem_and_its_answer_is_to_the_new_one():
    _, lm = polished(["1", "2", "3"], ["p", "r"])
    assert [prompt.splitlines()[-1] for prompt in prompts(lm, "polished_question")] == ["q", "p"]
    assert [prompt.splitlines()[-1] for prompt in prompts(lm, "answer")] == ["q", "p", "r"]


@pytest.mark.parametrize(("select", "answer"), [("last", "3"), ("original", "1"), ("first", "2"), ("vote", "1")])
def test_the_policy_decides_where_nothing_converged(select, answer):
    assert polished(["1", "2", "3"], ["p", "r"], select=select)[0].answer == answer


def test_a_vote_returns_the_most_frequent_answer():
    assert polished(["1", "2", "3", "2"], ["p", "r", "s"], rounds=3, select="vote")[0].answer == "2"


def test_a_rewriting_that_lost_a_number_is_rejected_and_another_one_drawn():
    found, lm = polished(["1", "2"], ["Ann has apples", "Ann has 5 apples."], question="Ann, who is kind, has 5 apples.")
    assert (found.problems, found.rounds) == (["Ann, who is kind, has 5 apples.", "Ann has 5 apples."], 2)
    assert len({prompt.splitlines()[-1] for prompt in prompts(lm, "polished_question")}) == 1
    assert lm.calls == 4


def test_the_number_guard_can_be_left_out():
    found, _ = polished(["1", "1"], ["Ann has apples"], question="Ann has 5 apples.", keep_numbers=False)
    assert found.converged


@pytest.mark.parametrize(("given", "kept"), [("1,200 or 3.50", "3.5 of 1200."), ("7 days", "in 7, 8 days")])
def test_numbers_are_compared_as_numbers(given, kept):
    assert polished(["1", "1"], [kept], question=given)[0].converged


def test_an_empty_rewriting_is_rejected():
    found, _ = polished(["1"], ["  ", ""])
    assert (found.answer, found.problems, found.converged) == ("1", ["q"], False)


def test_only_texts_are_rewritten():
    assert list(SelfPolish(Survey).revise.signature.output_fields) == ["polished_text"]
    for fields in (["tags"], [], ["nothing"]):
        with pytest.raises(SettingError, match="fields"):
            SelfPolish(Survey, fields=fields)


def test_an_unknown_policy_is_refused():
    with pytest.raises(SettingError, match="select"):
        SelfPolish(SUM, select="best")
