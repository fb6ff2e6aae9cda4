"""Rating: one number for an answer: the scale, the expectation over digits (038), samples, and the reference."""

import asyncio

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.artifact import load, save
from selftaught.errors import AnswerError, InputError, SettingError, TaskError
from selftaught.evaluation import evaluate
from selftaught.ledger import Ledger
from selftaught.programs import Predict
from selftaught.programs.judge import Rating, SelfJ
from selftaught.scope import scoped
from selftaught.testing import FakeLM, JudgeContract
from selftaught.testing.samples import Shout, obliging, words


class TestRating(JudgeContract):
    method = "rating"

    def make(self, task):
        return Rating(task)


class TestRatingOfSamples(JudgeContract):
    def make(self, task):
        return Rating(task, levels=9, samples=3, instruction="Say how loud it is.")


class TestSelfJ(JudgeContract):
    method = "self-j"

    def make(self, task):
        return SelfJ(task)


def judge(script, one=None, **inputs):
    lm = script if isinstance(script, FakeLM) else FakeLM(script)
    with dspy.context(lm=lm):
        return (one or SelfJ(Shout))(word="tree", shouted="TREE", **inputs).verdict


def digits(**chances):
    return lambda messages, **settings: (
        {"score": 5},
        {"score": {name.removeprefix("d"): value for name, value in chances.items()}},
    )


@pytest.mark.parametrize("digit", range(10))
def test_the_score_is_the_digit_where_one_digit_has_all_the_mass(digit):
    assert judge(lambda messages, **settings: ({"score": digit}, {"score": {str(digit): 1.0}})).score == pytest.approx(digit / 9)


@given(chances=hyp.dictionaries(hyp.sampled_from("0123456789"), hyp.floats(0.01, 1.0), min_size=1))
def test_the_score_is_the_expectation_over_the_digits_and_missing_ones_count_as_nothing(chances):
    total = sum(chances.values())
    said = {digit: value / total for digit, value in chances.items()}
    wanted = sum(int(digit) * value for digit, value in said.items()) / 9
    score = judge(lambda messages, **settings: ({"score": 5}, {"score": said})).score
    assert 0.0 <= score <= 1.0
    assert score == pytest.approx(wanted)


def test_the_expectation_is_not_the_argmax():
    assert judge(digits(d9=0.6, d0=0.4)).score == pytest.approx(0.6)


def test_without_probabilities_the_written_number_counts():
    assert judge(lambda messages, **settings: {"score": 6}).score == pytest.approx(6 / 9)


@pytest.mark.parametrize(("lowest", "levels", "said", "score"), [(1, 10, 1, 0.0), (1, 10, 10, 1.0), (1, 5, 3, 0.5), (0, 1, 1, 1.0), (0, 100, 25, 0.25)])  # fmt: skip
def test_a_scale_is_mapped_onto_0_to_1(lowest, levels, said, score):
    one = Rating(Shout, lowest=lowest, levels=levels, reasons=False)
    assert judge(lambda messages, **settings: {"score": said}, one).score == pytest.approx(score)


@pytest.mark.parametrize("said", [0, 11, -3, 5.5, "high", None])
def test_a_number_off_the_scale_is_no_verdict(said):
    with pytest.raises(AnswerError):
        judge(lambda messages, **settings: {"reasons": "", "score": said}, Rating(Shout))


@pytest.mark.parametrize(("lowest", "levels"), [(1, 1), (5, 2), (-1, 3), (0, 0)])
def test_a_scale_without_two_levels_is_refused(lowest, levels):
    with pytest.raises(SettingError, match="two levels"):
        Rating(Shout, lowest=lowest, levels=levels)


@pytest.mark.parametrize("samples", [0, -1, True, 2.0])
def test_no_samples_are_refused(samples):
    with pytest.raises(SettingError, match="samples"):
        Rating(Shout, samples=samples)


def by_draw(answers):
    """A model whose n-th draw gives the n-th answer."""

    def script(messages, **settings):
        return answers[int(str(settings["rollout_id"]).partition("draw")[2])]

    return script


def test_several_samples_are_averaged_with_the_odds_of_each():
    answers = [({"score": 9}, {"score": {"9": 0.5, "0": 0.5}}), {"score": 9}, {"score": 0}]
    assert judge(by_draw(answers), Rating(Shout, lowest=0, levels=9, reasons=False, samples=3)).score == pytest.approx(1.5 / 3)


def test_an_unreadable_sample_is_left_out_and_all_unreadable_are_no_verdict():
    one = Rating(Shout, lowest=0, levels=9, reasons=False, samples=3)
    assert judge(by_draw(["garbage", {"score": 9}, {"score": 0}]), one).score == pytest.approx(0.5)
    with pytest.raises(AnswerError):
        judge(by_draw(["garbage"] * 3), one)


def test_reasons_come_before_the_score_and_end_up_in_the_verdict():
    lm = FakeLM(lambda messages, **settings: {"reasons": "It is loud.", "score": 10})
    assert judge(lm, Rating(Shout)).reasons == "It is loud."
    assert list(Rating(Shout).rate.signature.output_fields) == ["reasons", "score"]
    assert list(SelfJ(Shout).rate.signature.output_fields) == ["score"]


# --- the reference


def test_with_a_reference_it_is_shown_and_without_there_is_no_place_for_it():
    for one, more in ((SelfJ(Shout), {}), (SelfJ(Shout, reference=True), {"reference": "GOLD"})):
        lm = FakeLM(lambda messages, **settings: {"score": 9})
        judge(lm, one, **more)
        shown = str(lm.requests)
        assert ("reference" in shown, "GOLD" in shown) == (bool(more), bool(more))


def test_a_needed_reference_is_asked_for_and_an_unwanted_one_refused():
    with pytest.raises(InputError, match="reference"):
        judge(obliging, SelfJ(Shout, reference=True))
    with pytest.raises(InputError, match="reference"):
        judge(obliging, SelfJ(Shout), reference="TREE")


def test_as_a_metric_the_label_reaches_only_the_judge_that_reads_it():
    def speak(messages, **settings):
        return {"score": 9} if '"score"' in str(messages[0]["content"]) else {"shouted": "QUIET"}

    for one in (SelfJ(Shout), SelfJ(Shout, reference=True)):
        lm = FakeLM(speak)
        with dspy.context(lm=lm):
            found = evaluate(Predict(Shout), words(3), one, progress=False)
        asked = {True: [], False: []}
        for messages in lm.requests:
            asked['"score"' in messages[0]["content"]].append("WORD" in str(messages[-1]["content"]))
        assert asked == {True: [one.reads_reference == "needed"] * 3, False: [False] * 3}
        assert found.score == 1.0


def test_a_judge_that_needs_a_label_is_not_self_judged():
    assert SelfJ(Shout).as_metric().self_judged
    assert not SelfJ(Shout, reference=True).as_metric().self_judged


@pytest.mark.parametrize("task", ["question, reference -> answer", "question -> reference"])
def test_a_task_with_a_field_called_reference_is_refused_where_one_is_read(task):
    SelfJ(task)
    with pytest.raises(TaskError, match="reference"):
        SelfJ(task, reference=True)


# --- preferences, purposes, saving


def loud(messages, **settings):
    draft = str(messages[-1]["content"]).rpartition("draft: ")[2]
    return {"score": sum(letter.isupper() for letter in draft)}


@pytest.mark.parametrize(
    ("first", "second", "better"), [("TREE", "tree", "first"), ("Tree", "TREE", "second"), ("TRee", "trEE", "tie")]
)
def test_the_higher_score_is_preferred_and_equal_ones_are_a_tie(first, second, better):
    ledger = Ledger()
    with dspy.context(lm=FakeLM(loud)), scoped(ledgers=(ledger,)):
        one = SelfJ(Shout)
        found = asyncio.run(one.prefer({"word": "tree"}, {"shouted": first}, {"shouted": second}))
    assert found.better == better
    assert (one.cost_of_preference().at_most, set(ledger.usage.by_purpose)) == (2, {"judge"})


def test_its_settings_are_kept_when_saved(tmp_path):
    one = Rating(Shout, levels=7, lowest=2, samples=2, pass_at=0.9, reasons=False, instruction="Be kind.")
    again = load(save(one, tmp_path / "judge.st"))
    assert (again.levels, again.lowest, again.samples, again.pass_at) == (7, 2, 2, 0.9)
    assert again.rate.signature.instructions.startswith("Be kind.")
    assert again.rate.odds == "score"
