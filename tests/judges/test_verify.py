"""Verify (185): yes or no, asked both ways, in words or in probabilities."""

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.errors import ConnectionFailed, TaskError
from selftaught.evaluation import evaluate
from selftaught.programs import Predict
from selftaught.programs.judge import Verify
from selftaught.programs.judge.verify import together
from selftaught.testing import FakeLM, JudgeContract, answer_fields
from selftaught.testing.samples import Shout, words


class TestVerify(JudgeContract):
    method = "sirlc"

    def make(self, task):
        return Verify(task)


class TestVerifyOneWay(JudgeContract):
    def make(self, task):
        return Verify(task, both_ways=False, reason=True, odds=False)


def said(correct, wrong, right_chance=None, wrong_chance=None):
    """A model with its answers to both questions, in words and, where given, with the chances of true."""

    def script(messages, **settings):
        field = answer_fields(messages)[-1]
        word, chance = {"correct": (correct, right_chance), "wrong": (wrong, wrong_chance)}[field]
        if isinstance(word, str):
            return word
        return ({field: word}, {field: {"true": chance, "false": 1 - chance}}) if chance is not None else {field: word}

    return FakeLM(script)


def judge(lm, **settings):
    with dspy.context(lm=lm):
        return Verify(Shout, **settings)(word="tree", shouted="TREE").verdict


chances = hyp.floats(0.01, 0.99)


@pytest.mark.parametrize(
    ("correct", "wrong", "score", "passed"),
    [(True, False, 1.0, True), (False, True, 0.0, False), (True, True, None, None), (False, False, None, None)],
)
def test_in_words_a_contradiction_leaves_the_verdict_open(correct, wrong, score, passed):
    verdict = judge(said(correct, wrong))
    assert (verdict.score, verdict.passed) == (score, passed)
    assert ("contradicts" in verdict.criteria[0].reason) == (score is None)


@given(right=chances, wrong=chances)
def test_with_probabilities_the_score_is_the_mean_of_right_and_not_wrong(right, wrong):
    verdict = judge(said(right >= 0.5, wrong >= 0.5, right, wrong))
    assert verdict.score == pytest.approx((right + 1 - wrong) / 2)
    assert verdict.confidence == pytest.approx(abs(2 * verdict.score - 1))


@given(chance=chances)
def test_a_yes_sayer_ends_in_the_middle(chance):
    assert judge(said(chance >= 0.5, chance >= 0.5, chance, chance)).score == pytest.approx(0.5)


@given(right=chances, wrong=chances)
def test_asking_the_other_question_first_would_mirror_the_score(right, wrong):
    one = judge(said(right >= 0.5, wrong >= 0.5, right, wrong)).score
    assert judge(said(wrong >= 0.5, right >= 0.5, wrong, right)).score == pytest.approx(1 - one)


beliefs = hyp.tuples(hyp.sampled_from([True, False, None]), hyp.one_of(hyp.none(), hyp.floats(0, 1)))


@given(one=beliefs, other=beliefs)
def test_what_two_questions_say_together_does_not_depend_on_their_order(one, other):
    assert together(one, other) == together(other, one)
    assert together(one, one) == one


def test_asked_one_way_the_yes_sayer_passes():
    assert judge(said(True, True), both_ways=False).score == 1.0


def test_without_odds_words_count_although_the_model_has_probabilities():
    assert judge(said(True, False, 0.6, 0.4), odds=False).score == 1.0


def test_where_one_question_has_probabilities_only_words_count():
    assert judge(said(True, False, 0.6, None)).score == 1.0


@pytest.mark.parametrize("answers", [("garbage", False), (True, "garbage"), ("garbage", "garbage")])
def test_an_unreadable_answer_leaves_the_verdict_open_and_is_named(answers):
    verdict = judge(said(*answers))
    assert (verdict.score, verdict.passed, verdict.criteria[0].reason) == (None, None, "no readable answer")


def test_an_open_verdict_is_missing_data_here_and_0_for_dspy():
    with dspy.context(lm=said("garbage", "garbage")):
        one = Verify(Shout)
        scored = one.metric(words(1)[0], dspy.Prediction(shouted="A"))
        found = evaluate(_Loud(), words(3), one, progress=False)
    assert float(scored.score) == 0.0
    assert "Undetermined" in scored.feedback
    assert (found.n, found.score) == (0, None)


class _Loud(dspy.Module):
    async def aforward(self, word):
        return dspy.Prediction(shouted=word.upper())


def test_a_server_that_is_gone_is_an_error():
    def gone(messages, **settings):
        raise ConnectionFailed("nobody is there")

    with pytest.raises(ConnectionFailed):
        judge(FakeLM(gone, retries=0))


def test_it_never_reads_a_label_unless_it_is_told_to():
    for reference in (False, True):
        lm = FakeLM(lambda messages, **settings: {name: name == "correct" for name in answer_fields(messages)})
        example = dspy.Example(word="tree", shouted="GOLD").with_inputs("word")
        with dspy.context(lm=lm):
            Verify(Shout, reference=reference).metric(example, dspy.Prediction(shouted="TREE"))
        assert [("GOLD" in str(messages), "reference" in str(messages)) for messages in lm.requests] == [
            (reference, reference)
        ] * 2


def test_the_program_that_is_judged_never_sees_the_label():
    def script(messages, **settings):
        return {name: "QUIET" if name == "shouted" else name == "correct" for name in answer_fields(messages)}

    lm = FakeLM(script)
    with dspy.context(lm=lm):
        assert evaluate(Predict(Shout), words(3), Verify(Shout, reference=True), progress=False).score == 1.0
    answering = [messages for messages in lm.requests if answer_fields(messages) == ["shouted"]]
    assert len(answering) == 3
    assert not any("WORD" in str(messages) for messages in answering)


@pytest.mark.parametrize("field", ["draft", "correct", "wrong", "reference"])
def test_a_task_whose_names_it_needs_is_refused(field):
    with pytest.raises(TaskError, match=f"'{field}'"):
        Verify(f"question, {field} -> answer", reference=True)


def test_the_reason_is_asked_for_before_the_verdict_and_told():
    lm = FakeLM(
        lambda messages, **settings: {
            "reason": "It is loud.",
            answer_fields(messages)[-1]: answer_fields(messages)[-1] == "correct",
        }
    )
    verdict = judge(lm, reason=True)
    assert (verdict.reasons, verdict.score) == ("It is loud.", 1.0)
    assert sorted(map(tuple, map(answer_fields, lm.requests))) == [("reason", "correct"), ("reason", "wrong")]
