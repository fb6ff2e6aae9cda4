"""Self-score (087) and critique value (087, 100): a critique is as good as the answer that comes of it."""

import asyncio

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftaught.errors import AnswerError, SettingError
from selftaught.evaluation import evaluate
from selftaught.programs import Step
from selftaught.programs.judge import FunctionJudge
from selftaught.programs.judge.critique_value import CritiqueValue, best_critique, critique_pair, problems_of, valued_critiques
from selftaught.programs.judge.self_score import PERFECT, SelfScore
from selftaught.signatures import Verdict, critique_of
from selftaught.testing import FakeLM, JudgeContract, answer_fields
from selftaught.testing.samples import Shout, Survey


class TestSelfScore(JudgeContract):
    method = "multilevel-feedback-selfscore"

    def make(self, task):
        return SelfScore(task)


def assessor(*said, areas=None):
    """Says these in turn, each a bool, a pair of a bool and its chance of true, or garbage."""
    left = list(said)

    def script(messages, **settings):
        one = left.pop(0)
        if isinstance(one, str):
            return one
        yes, chance = one if isinstance(one, tuple) else (one, None)
        answer = {"acceptable": yes, "problems": ["Too quiet."], **({"areas": areas} if areas is not None else {})}
        return answer if chance is None else (answer, {"acceptable": {"true": chance, "false": 1 - chance}})

    return FakeLM(script)


def scored(lm, **settings):
    with dspy.context(lm=lm):
        judge = SelfScore(Shout, **settings)
        judge.assess.retries = 0
        return judge(word="tree", shouted="tree").verdict


@pytest.mark.parametrize(("chance", "passed"), [(0.9, True), (0.51, True), (0.5, False), (0.1, False)])
def test_the_score_is_the_chance_that_nothing_needs_improvement_read_in_one_call(chance, passed):
    lm = assessor((not passed, chance))
    verdict = scored(lm)
    assert (verdict.score, verdict.passed, lm.calls) == (pytest.approx(chance), passed, 1)


def test_the_yes_or_no_is_asked_for_before_anything_else():
    lm = assessor((True, 0.9), areas=[])
    scored(lm, areas=["tone"])
    assert answer_fields(lm.requests[0]) == ["acceptable", "problems", "areas"]


def test_without_log_probabilities_the_share_of_yes_counts():
    lm = assessor(True, False, False, True, False)
    assert (scored(lm).score, lm.calls) == (0.4, 5)
    assert scored(assessor(True), calls=1).score == 1.0
    assert scored(assessor((True, 0.1), False, False, False), odds=False, calls=4).score == 0.25


def test_unreadable_repeats_are_left_out_but_the_first_must_be_readable():
    assert scored(assessor(True, "garbage", False), calls=3).score == 0.5
    assert scored(assessor(False, "garbage", "garbage"), calls=3).score == 0.0
    with pytest.raises(AnswerError):
        scored(assessor("garbage"))


def test_a_perfect_answer_gets_no_feedback():
    perfect, weak = scored(assessor((True, 0.9))), scored(assessor((False, 0.1)))
    assert (perfect.reasons, weak.reasons) == ("", "Too quiet.")


def test_weak_areas_come_from_the_list_only():
    verdict = scored(assessor((False, 0.2), areas=["tone"]), areas=["tone", "structure"])
    assert {c.name: c.passed for c in verdict.criteria} == {PERFECT: False, "tone": False, "structure": True}
    perfect = scored(assessor((True, 0.8), areas=["tone"]), areas=["tone", "structure"])
    assert all(c.passed for c in perfect.criteria)
    with pytest.raises(AnswerError):
        scored(assessor((False, 0.2), areas=["charm"]), areas=["tone", "structure"])


@pytest.mark.parametrize("areas", [[""], "tone", [3]])
def test_areas_without_a_name_are_refused(areas):
    with pytest.raises(SettingError, match="areas"):
        SelfScore(Shout, areas=areas)


# -------------------------------------------------------------------------------------------- the value of a critique


def loudness(example, prediction):
    text = prediction.shouted
    return sum(letter.isupper() for letter in text) / len(text)


def reviser(messages, **settings):
    """Does what the problem says: each names the word to write."""
    text = messages[-1]["content"]
    return {"shouted": text.partition("WRITE ")[2].split()[0].strip('"].,')}


def valuer(gain=False, task=Shout, judge=None):
    return CritiqueValue(task, judge or FunctionJudge(task, loudness), gain=gain)


def value_of(problems, draft="TRee", acceptable=False, lm=None, **settings):
    with dspy.context(lm=lm or FakeLM(reviser)):
        return valuer(**settings)(word="tree", draft=draft, problems=problems, acceptable=acceptable)


@pytest.mark.parametrize(("word", "value", "passed"), [("TREE", 1.0, True), ("TREe", 0.75, True), ("tree", 0.0, False)])
def test_the_value_is_the_judges_score_of_the_revised_answer(word, value, passed):
    found = value_of([f"WRITE {word}"])
    assert (found.score, found.passed) == (value, passed)


@pytest.mark.parametrize(
    ("word", "value", "passed"), [("TREE", 0.75, True), ("TReE", 0.625, True), ("TRee", 0.5, False), ("tree", 0.25, False)]
)
def test_the_gain_is_what_the_score_rose_by(word, value, passed):
    found = value_of([f"WRITE {word}"], gain=True)
    assert (found.score, found.passed) == (value, passed)


@settings(max_examples=20, deadline=None)
@given(st.text("abc ", max_size=20), st.text("xyz ", max_size=20))
def test_the_value_depends_on_the_revised_answer_only(one, other):
    assert value_of([f"{one} WRITE TREe"]).verdict == value_of([f"{other} WRITE TREe", "More."]).verdict


@pytest.mark.parametrize(("problems", "acceptable"), [([], False), (["  "], False), (["WRITE TREE"], True)])
def test_a_critique_without_a_problem_is_worth_what_the_draft_is(problems, acceptable):
    lm = FakeLM(reviser)
    found = value_of(problems, acceptable=acceptable, lm=lm)
    assert (found.score, lm.calls) == (0.5, 0)
    assert value_of(problems, acceptable=acceptable, gain=True).score == 0.5


def test_to_be_content_passes_only_where_the_draft_does():
    assert value_of([], draft="TREE", acceptable=True, gain=True).passed
    assert value_of([], draft="tree", acceptable=True, gain=True).passed is False


def test_a_draft_of_several_fields_can_be_revised_but_not_judged_as_it_stands():
    with pytest.raises(SettingError, match="single output of type str"):
        CritiqueValue(Survey, gain=True)
    with dspy.context(lm=FakeLM(reviser)):
        found = CritiqueValue(Survey)(text="t", tags=[], draft="mood: bad", problems=[], acceptable=True)
    assert (found.score, found.passed) == (None, None)
    assert "nothing comes of it" in found.reasons


def test_an_undetermined_judge_leaves_the_value_undetermined():
    class Silent(FunctionJudge):
        async def verdict(self, inputs, outputs):
            return Verdict(score=None, reasons="Nobody knows.")

    for gain in (False, True):
        found = value_of(["WRITE TREE"], gain=gain, judge=Silent(Shout, loudness))
        assert (found.score, found.passed, found.reasons) == (None, None, "Nobody knows.")


def test_the_judge_does_not_see_the_critique():
    lm = FakeLM(lambda messages, **settings: reviser(messages) if answer_fields(messages) == ["shouted"] else ({"acceptable": True, "problems": []}, {"acceptable": {"true": 0.9, "false": 0.1}}))  # fmt: skip
    with dspy.context(lm=lm):
        CritiqueValue(Shout)(word="tree", draft="tree", problems=["SECRET. WRITE TREE"], acceptable=False)
    assert [("SECRET" in str(m), answer_fields(m)[0]) for m in lm.requests] == [(True, "shouted"), (False, "acceptable")]


def test_it_is_a_metric_for_critics():
    def critic(messages, **settings):
        return reviser(messages) if answer_fields(messages) == ["shouted"] else {"problems": ["WRITE TREe"], "acceptable": False}

    data = [dspy.Example(word="tree", draft="tree").with_inputs("word", "draft")]
    with dspy.context(lm=FakeLM(critic)):
        found = evaluate(Step(critique_of(Shout)), data, valuer(), progress=False)
    assert found.score == 0.75


def test_a_judge_that_reads_a_reference_is_given_the_label():
    same = FunctionJudge(Shout, lambda example, prediction: float(example.shouted == prediction.shouted), reference=True)
    example = dspy.Example(word="tree", draft="tree", shouted="TREE").with_inputs("word", "draft")
    with dspy.context(lm=FakeLM(reviser)):
        scored = valuer(judge=same).metric(example, dspy.Prediction(problems=["WRITE TREE"], acceptable=False))
    assert float(scored) == 1.0


def test_it_answers_alike_after_saving_and_loading(tmp_path):
    from selftaught.artifact import load, save

    with dspy.context(lm=FakeLM(lambda messages, **settings: reviser(messages) if answer_fields(messages) == ["shouted"] else {"acceptable": True, "problems": []})):  # fmt: skip
        value = CritiqueValue(Shout, gain=True)
        save(value, tmp_path / "value.st")
        asked = {"word": "tree", "draft": "tree", "problems": ["WRITE TREE"], "acceptable": False}
        assert load(tmp_path / "value.st")(**asked).verdict == value(**asked).verdict


# -------------------------------------------------------------------------------------------- the best of several critiques


def sampler(*said):
    """Critiques in turn: a word to write, None for an acceptable draft, or garbage."""
    left = list(said)

    def script(messages, **settings):
        if answer_fields(messages) == ["shouted"]:
            return reviser(messages)
        word = left.pop(0)
        if word == "garbage":
            return word
        return {"problems": [] if word is None else [f"{len(left)}: WRITE {word}"], "acceptable": word is None}

    return FakeLM(script)


def found(function, lm, samples, shouted="tree"):
    with dspy.context(lm=lm):
        critic = Step(critique_of(Shout), retries=0)
        return asyncio.run(function(valuer(), critic, {"word": "tree"}, {"shouted": shouted}, samples))


def problem(critique):
    return None if critique is None else critique.problems[0]


def test_the_critique_with_the_best_outcome_is_returned_the_first_of_equals():
    assert problem(found(best_critique, sampler("tree", "TREe", None, "TREE", "TREE"), 5)) == "1: WRITE TREE"


def test_a_draft_without_a_problem_gets_no_critique_and_no_pair():
    assert found(best_critique, sampler(None, None), 2) is None
    assert found(critique_pair, sampler(None, None), 2) is None


def test_one_sample_is_the_plain_critique():
    lm = sampler("TREe")
    assert problem(found(best_critique, lm, 1)) == "0: WRITE TREe"
    with dspy.context(lm=(plain := sampler("TREe"))):
        Step(critique_of(Shout))(word="tree", draft="tree")
    assert plain.requests == lm.requests[:1]


def test_an_unreadable_critique_is_left_out():
    assert problem(found(best_critique, sampler("garbage", "TREe", "tree"), 3)) == "1: WRITE TREe"
    with pytest.raises(AnswerError):
        found(best_critique, sampler("garbage", "garbage"), 2)


def test_an_unreadable_revision_has_no_value():
    said = sampler("BOOM", "TREe").backend.function
    lm = FakeLM(
        lambda messages, **s: "garbage" if answer_fields(messages) == ["shouted"] and "BOOM" in str(messages) else said(messages)
    )
    several = found(valued_critiques, lm, 2)
    assert several.values == (None, 0.75)
    assert problem(several.best) == "0: WRITE TREe"
    assert several.pair is None


def test_the_best_and_the_worst_make_a_pair_only_of_a_draft_that_needs_one():
    pair = found(critique_pair, sampler("TREe", "tree", "TREE"), 3)
    assert tuple(map(problem, pair)) == ("0: WRITE TREE", "1: WRITE tree")
    assert found(critique_pair, sampler("TREe", "tree"), 2, shouted="TREe") is None  # judged better than one half
    assert found(critique_pair, sampler("TREe", "TreE", "trEE"), 2, shouted="TRee") is not None
    assert found(critique_pair, sampler("TREe", "TrEE"), 2) is None  # equal values


def test_the_problems_of_an_acceptable_draft_do_not_count():
    assert problems_of({"problems": [" a ", ""], "acceptable": False}) == ["a"]
    assert problems_of({"problems": ["a"], "acceptable": True}) == []
