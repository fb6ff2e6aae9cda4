"""The checklist judge (142, TICK): the contract, and what the paper says must hold."""

import asyncio

import dspy
import pytest

from selftaught.errors import AnswerError, SettingError
from selftaught.programs.judge import Checklist
from selftaught.testing import FakeLM, JudgeContract, answer_fields
from selftaught.testing.samples import Shout

QUESTIONS = ["Is every letter a capital?", "Is it the same word?"]


class TestChecklist(JudgeContract):
    method = "tick"

    def make(self, task):
        return Checklist(task)


class TestChecklistOfTheTask(JudgeContract):
    def make(self, task):
        return Checklist(task, per="task", hard=True)


def checker(questions=QUESTIONS, honest=True):
    """A model that answers the two questions truly, or says yes to everything."""

    def script(messages, **settings):
        asked, text = answer_fields(messages), messages[-1]["content"]
        if asked == ["requirements"]:
            return {"requirements": questions}
        draft = next(line.removeprefix("draft: ") for line in text.splitlines() if line.startswith("draft: "))
        true = draft.isupper() if "capital" in text else draft.lower() == "tree"
        violation = "breaks the requirement" in messages[0]["content"]
        return {"satisfied": "yes" if not honest or true != violation else "no"}

    return FakeLM(script)


def judge(shouted, lm=None, **settings):
    with dspy.context(lm=lm or checker()):
        return Checklist(Shout, **settings)(word="tree", shouted=shouted).verdict


@pytest.mark.parametrize(("shouted", "rate"), [("TREE", 1.0), ("tree", 0.5), ("WOOD", 0.5), ("wood", 0.0)])
def test_the_score_is_the_share_of_fulfilled_questions(shouted, rate):
    verdict = judge(shouted)
    assert verdict.score == rate
    assert verdict.passed == (rate == 1.0)
    assert [c.name for c in verdict.criteria] == QUESTIONS


def test_a_hard_score_is_pass_or_fail():
    assert judge("tree", hard=True).score == 0.0
    assert judge("TREE", hard=True).score == 1.0


def test_a_yes_sayer_is_undetermined_on_every_question_and_fulfils_none():
    verdict = judge("TREE", checker(honest=False))
    assert (verdict.score, verdict.confidence) == (0.0, 0.0)
    assert all(c.passed is None for c in verdict.criteria)


def test_asked_one_way_only_the_yes_sayer_passes_everything():
    assert judge("wood", checker(honest=False), both_ways=False).score == 1.0


def test_the_list_is_written_once_per_input_without_seeing_an_answer():
    lm = checker()
    with dspy.context(lm=lm):
        one = Checklist(Shout)

        async def all_at_once():
            await asyncio.gather(*(one.acall(word="tree", shouted=s) for s in ("TREE", "WOOD", "tree")))
            await one.acall(word="bush", shouted="BUSH")

        asyncio.run(all_at_once())
    writers = [m for m in lm.requests if answer_fields(m) == ["requirements"]]
    assert [m[-1]["content"] for m in writers] == ["tree", "bush"]


def test_the_list_of_a_task_is_written_once_for_all_inputs():
    lm = checker()
    with dspy.context(lm=lm):
        one = Checklist(Shout, per="task")
        one(word="tree", shouted="TREE")
        one(word="bush", shouted="BUSH")
    assert sum(answer_fields(m) == ["requirements"] for m in lm.requests) == 1


def test_your_own_questions_are_used_as_they_are():
    lm = checker()
    assert [c.name for c in judge("TREE", lm, questions=["Is every letter a capital?"]).criteria] == [
        "Is every letter a capital?"
    ]
    assert lm.calls == 2


@pytest.mark.parametrize("written", [[""], ["yes", "no"], ["Loud?"]])
def test_a_list_without_a_usable_question_is_an_error_not_a_pass(written):
    with pytest.raises(AnswerError, match="no usable question"):
        judge("TREE", checker(written))


def test_no_questions_of_your_own_are_refused():
    with pytest.raises(SettingError, match="at least one"):
        Checklist(Shout, questions=[])


def test_an_unreadable_check_counts_as_not_fulfilled_and_is_named():
    def script(messages, **settings):
        return "garbage" if "same word" in messages[-1]["content"] else checker().backend.function(messages, **settings)

    verdict = judge("TREE", FakeLM(script), questions=QUESTIONS)
    assert verdict.score == 0.5
    assert [c.reason for c in verdict.criteria if c.passed is None] == ["no readable answer"]


def test_the_feedback_names_what_is_missing():
    with dspy.context(lm=checker()):
        scored = Checklist(Shout).metric(dspy.Example(word="tree").with_inputs("word"), dspy.Prediction(shouted="tree"))
    assert "Is every letter a capital?" in scored.feedback
    assert float(scored) == 0.5


def test_bootstrapping_gets_a_pass_or_fail():
    with dspy.context(lm=checker()):
        one, example = Checklist(Shout), dspy.Example(word="tree").with_inputs("word")
        assert one.metric(example, dspy.Prediction(shouted="TREE"), trace=[]) is True
        assert one.metric(example, dspy.Prediction(shouted="tree"), trace=[]) is False
