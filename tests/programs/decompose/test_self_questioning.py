"""Self-questioning: the contract, votes with confidences, and what the answering step never sees."""

import dspy
import pytest

from selftaught.errors import SettingError, TaskError
from selftaught.programs.decompose import SelfQuestioning, knowledge_parts
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey


class TestSelfQuestioning(ProgramContract):
    method = "self-questioning"

    def make(self, task):
        return SelfQuestioning(task)


class Same(dspy.Signature):
    """Decide whether two inventions are the same."""

    a: str = dspy.InputField()
    b: str = dspy.InputField()
    same: bool = dspy.OutputField()


def judging(votes, count=2):
    """A model whose i-th judgement is the i-th (answer, sureness)."""

    def script(messages, **settings):
        asked = answer_fields(messages)
        if asked == ["questions"]:
            return {"questions": [f"Q{number}?" for number in range(count)]}
        if asked == ["reply"]:
            return {"reply": "r"}
        same, sureness = votes[int(str(settings.get("rollout_id") or "draw0").rpartition("draw")[2])]
        return {"same": same, "sureness": sureness}

    return FakeLM(script)


def judge(lm, **knobs):
    with dspy.context(lm=lm):
        return SelfQuestioning(Same, **knobs)(a="a pump", b="a valve")


def test_one_sure_vote_beats_two_unsure_ones():
    found = judge(judging([(True, 4), (False, 9), (True, 4)]), questions=1)
    assert (found.same, found.votes) == (False, {"true": 8, "false": 9})
    assert found.confidence == pytest.approx(9 / 17)


def test_the_first_drawn_wins_a_tie():
    assert judge(judging([(True, 4), (False, 8), (True, 4)]), questions=1).same is True


def test_without_questions_it_is_the_plain_vote_with_confidences():
    lm = judging([(False, 5)] * 3)
    found = judge(lm, questions=0)
    assert (lm.calls, found.pairs, found.votes) == (3, [], {"false": 15})
    assert all("question" not in str(m).lower() for m in lm.requests)


def test_the_answering_step_never_sees_the_task():
    lm = judging([(True, 1)] * 3)
    judge(lm, questions=1)
    replies = [str(m) for m in lm.requests if answer_fields(m) == ["reply"]]
    assert len(replies) == 2
    assert not any(word in text for text in replies for word in ("same", "inventions", "pump", "valve"))


def test_it_asks_so_many_questions_for_each_input_that_needs_them():
    for about, count in ((None, 6), (["a"], 3)):
        lm = judging([(True, 1)] * 3, count=count)
        assert len(judge(lm, questions=3, about=about).pairs) == count
        assert f"Write {count} questions" in lm.requests[0][0]["content"]


def test_another_model_may_ask():
    class Asks(dspy.Module):
        async def aforward(self, a, b):
            return dspy.Prediction(questions=[f"What is {a}?"])

    lm = judging([(True, 1)] * 3)
    assert [pair["question"] for pair in judge(lm, questioner=Asks()).pairs] == ["What is a pump?"]
    assert not any(answer_fields(m) == ["questions"] for m in lm.requests)


def test_a_structured_answer_is_voted_on_as_a_whole():
    said = {"mood": "bad", "score": 3, "sure": True, "place": {"town": "Ulm", "people": 7}}
    lm = FakeLM(lambda messages, **settings: {**said, "score": 3 if settings.get("rollout_id") else 9, "sureness": 5})
    with dspy.context(lm=lm):
        found = SelfQuestioning(Survey, questions=0)(**SURVEY_INPUT)
    assert (found.score, found.place.town, list(found.votes.values())) == (3, "Ulm", [5, 10])


def test_the_parts_of_the_error_add_up_to_it():
    plain, memory, passages = [False] * 6 + [True] * 4, [False] * 3 + [True] * 7, [False] * 4 + [True] * 6
    parts = knowledge_parts(plain, memory, passages)
    assert (parts.unused, parts.missing) == (pytest.approx(0.3), pytest.approx(-0.1))
    assert parts.unused + parts.missing + parts.residual == pytest.approx(0.6)
    with pytest.raises(ValueError, match="equally many"):
        knowledge_parts([True], [True, False], [True])


def test_bad_settings_are_refused():
    with pytest.raises(SettingError, match="word"):
        SelfQuestioning(Shout, about=["wrod"])
    with pytest.raises(TaskError, match="sureness"):
        SelfQuestioning("question -> sureness")
    with pytest.raises(SettingError, match="votes"):
        SelfQuestioning(Shout, votes=0)
