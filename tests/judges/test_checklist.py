"""The checklist judge (142, TICK): the contract, and what the paper says must hold."""

import asyncio
import copy

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.artifact import load, save
from selftaught.errors import AnswerError, ConnectionFailed, SettingError
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


# --- the lists: written once, yours to change, saved


def writers(lm):
    return [messages[-1]["content"] for messages in lm.requests if answer_fields(messages) == ["requirements"]]


def test_fifty_verdicts_at_once_write_one_list():
    async def slowly(messages, **settings):
        await asyncio.sleep(0)
        return checker().backend.function(messages, **settings)

    async def all_at_once(one):
        return await asyncio.gather(*(one.acall(word="tree", shouted=f"TREE{i}") for i in range(50)))

    lm = FakeLM(slowly)
    with dspy.context(lm=lm):
        one = Checklist(Shout)
        found = asyncio.run(all_at_once(one))
    assert writers(lm) == ["tree"]
    assert {criterion.name for verdict in found for criterion in verdict.verdict.criteria} == set(QUESTIONS)
    assert one._writing == {}


def test_a_list_that_failed_is_written_again_by_the_next_verdict():
    written = iter([[""], QUESTIONS])
    lm = FakeLM(
        lambda messages, **settings: (
            {"requirements": next(written)} if answer_fields(messages) == ["requirements"] else {"satisfied": "yes"}
        )
    )
    with dspy.context(lm=lm):
        one = Checklist(Shout, both_ways=False)
        with pytest.raises(AnswerError):
            one(word="tree", shouted="TREE")
        assert one(word="tree", shouted="TREE").score == 1.0
    assert writers(lm) == ["tree", "tree"]


def test_a_changed_list_is_the_one_that_is_asked():
    lm = checker()
    with dspy.context(lm=lm):
        one = Checklist(Shout)
        one(word="tree", shouted="TREE")
        one.lists["tree"] = ["Is every letter a capital?"]
        verdict = one(word="tree", shouted="WOOD").verdict
    assert [criterion.name for criterion in verdict.criteria] == ["Is every letter a capital?"]
    assert verdict.score == 1.0
    assert len(writers(lm)) == 1


def test_a_list_of_your_own_is_found_by_its_key_and_never_written():
    lm = checker()
    with dspy.context(lm=lm):
        one = Checklist(Shout)
        one.lists[one.list_key({"word": "tree"})] = ["Is it the same word?"]
        assert one(word="tree", shouted="tree").score == 1.0
    assert writers(lm) == []


def test_an_emptied_list_is_an_error_not_a_pass():
    with dspy.context(lm=checker()):
        one = Checklist(Shout)
        one.lists["tree"] = []
        with pytest.raises(SettingError, match="no questions"):
            one(word="tree", shouted="TREE")


@pytest.mark.parametrize("per", ["input", "task"])
def test_a_saved_judge_asks_what_it_asked_before_without_writing(tmp_path, per):
    with dspy.context(lm=checker()):
        one = Checklist(Shout, per=per)
        verdict = one(word="tree", shouted="tree").verdict
    lm = checker(["Is something else the case?"])
    with dspy.context(lm=lm):
        again = load(save(one, tmp_path / "judge.st"))
        assert again.lists == one.lists
        assert again(word="tree", shouted="tree").verdict == verdict
    assert writers(lm) == []


def test_a_copy_has_lists_of_its_own():
    with dspy.context(lm=checker()):
        one = Checklist(Shout)
        one(word="tree", shouted="TREE")
        twin = copy.deepcopy(one)
        twin.lists["tree"].append("Is it short?")
        twin.lists["bush"] = ["Is it a bush?"]
    assert one.lists == {"tree": QUESTIONS}


def test_a_copy_made_while_a_list_is_being_written_writes_its_own():
    async def copied(one):
        going = asyncio.ensure_future(one.acall(word="tree", shouted="TREE"))
        while not one._writing:
            await asyncio.sleep(0)
        twin = copy.deepcopy(one)
        await going
        return twin

    with dspy.context(lm=checker()):
        twin = asyncio.run(copied(Checklist(Shout)))
        assert (twin.lists, twin._writing) == ({}, {})
        assert twin(word="tree", shouted="TREE").score == 1.0


# --- questions that must be fulfilled, and probabilities


@pytest.mark.parametrize(("must", "score"), [((), 0.5), ((0,), 0.0), ((1,), 0.5), ((0, 1), 0.0)])
def test_a_question_that_must_be_fulfilled_and_is_not_makes_the_score_0(must, score):
    assert judge("tree", questions=QUESTIONS, must=must).score == score
    assert judge("TREE", questions=QUESTIONS, must=must).score == 1.0


def test_a_must_that_cannot_be_read_is_not_fulfilled():
    def script(messages, **settings):
        return "garbage" if "same word" in messages[-1]["content"] else checker().backend.function(messages, **settings)

    assert judge("TREE", FakeLM(script), questions=QUESTIONS, must=[1]).score == 0.0


@pytest.mark.parametrize(("questions", "must"), [(QUESTIONS, [2]), (QUESTIONS, [-1]), (None, [5])])
def test_a_must_without_a_question_is_refused(questions, must):
    with pytest.raises(SettingError, match="must"):
        Checklist(Shout, questions=questions, must=must)


@pytest.mark.parametrize("questions", [[""], ["  "], ["Is it loud?", ""]])
def test_an_empty_question_is_refused(questions):
    with pytest.raises(SettingError, match="empty"):
        Checklist(Shout, questions=questions)


def test_one_question_may_be_a_text():
    assert Checklist(Shout, questions="Is every letter a capital?").questions == ["Is every letter a capital?"]


def with_chances(chances):
    """A model whose chance of yes for (question, asked the other way round?) is given."""

    def script(messages, **settings):
        question = next(i for i, one in enumerate(QUESTIONS) if one in messages[-1]["content"])
        yes = chances[question][1 if "breaks the requirement" in messages[0]["content"] else 0]
        return {"satisfied": "yes" if yes >= 0.5 else "no"}, {"satisfied": {"yes": yes, "no": 1 - yes}}

    return FakeLM(script)


chance = hyp.floats(0.01, 0.99)


@given(chances=hyp.lists(hyp.tuples(chance, chance), min_size=2, max_size=2))
def test_with_probabilities_the_score_is_their_mean_over_questions_and_ways(chances):
    verdict = judge("TREE", with_chances(chances), questions=QUESTIONS)
    each = [(fulfilled + 1 - violated) / 2 for fulfilled, violated in chances]
    assert [criterion.score for criterion in verdict.criteria] == pytest.approx(each)
    assert verdict.score == pytest.approx(sum(each) / 2)
    assert judge("TREE", with_chances(chances), questions=QUESTIONS, both_ways=False).score == pytest.approx(
        sum(fulfilled for fulfilled, _ in chances) / 2
    )


def test_a_yes_sayer_with_probabilities_ends_in_the_middle_and_passes_nothing():
    verdict = judge("TREE", with_chances([(0.9, 0.9), (0.8, 0.8)]), questions=QUESTIONS)
    assert (verdict.score, verdict.passed, verdict.confidence) == (pytest.approx(0.5), False, 0.0)


def test_without_odds_only_words_count():
    assert judge("TREE", with_chances([(0.6, 0.4), (0.6, 0.4)]), questions=QUESTIONS, odds=False).score == 1.0


def test_a_server_that_is_gone_is_an_error_not_a_score_of_0():
    def gone(messages, **settings):
        raise ConnectionFailed("nobody is there")

    with pytest.raises(ConnectionFailed):
        judge("TREE", FakeLM(gone, retries=0), questions=QUESTIONS)


def test_equal_rates_are_a_tie_and_a_higher_one_is_preferred():
    with dspy.context(lm=checker()):
        one = Checklist(Shout)
        for first, second, better in (("TREE", "tree", "first"), ("WOOD", "TREE", "second"), ("tree", "WOOD", "tie")):
            found = asyncio.run(one.prefer({"word": "tree"}, {"shouted": first}, {"shouted": second}))
            assert found.better == better
