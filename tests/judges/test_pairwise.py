"""Pairwise: both orders, so that a preference for a place cancels itself; ties; what is compared with what."""

import asyncio

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.errors import AnswerError, ConnectionFailed, InputError, SettingError, TaskError
from selftaught.ledger import Ledger
from selftaught.programs import Predict
from selftaught.programs.judge import Pairwise
from selftaught.scope import scoped
from selftaught.testing import FakeLM, JudgeContract, answer_fields
from selftaught.testing.samples import Shout, obliging


class TestPairwise(JudgeContract):
    method = "pairwise"

    def make(self, task):
        return Pairwise(task, against=Predict(task))


MIRROR = {"first": "second", "second": "first", "tie": "tie"}


def drafts_of(messages):
    lines = str(messages[-1]["content"]).splitlines()
    return tuple(
        next(line.partition(": ")[2] for line in lines if line.startswith(f"{name}_draft")) for name in ("first", "second")
    )


def comparer(words, chances=None):
    """A model with a word, and where given a chance for each order: {(first, second): word}."""

    def script(messages, **settings):
        shown = drafts_of(messages)
        word = words[shown] if isinstance(words, dict) else words
        if word == "garbage":
            return word
        if chances is None:
            return {"better": word}
        first, tie = chances[shown]
        odds = {"first": first, "second": 1 - first - tie, "tie": tie}
        return {"better": word}, {"better": {name: value for name, value in odds.items() if value > 0}}

    return FakeLM(script)


def prefer(lm, first="a", second="b", **settings):
    with dspy.context(lm=lm):
        return asyncio.run(Pairwise(Shout, **settings).prefer({"word": "tree"}, {"shouted": first}, {"shouted": second}))


AB, BA = ("a", "b"), ("b", "a")
chances = hyp.floats(0.001, 0.999)
word = hyp.sampled_from(["first", "second", "tie"])


@given(one=chances, other=chances, margin=hyp.sampled_from([0.0, 0.1, 0.3]))
def test_swapping_the_answers_mirrors_the_preference_for_any_chances(one, other, margin):
    known = {AB: (one, 0.0), BA: (other, 0.0)}
    said = {pair: "first" if chance[0] > 0.5 else "second" for pair, chance in known.items()}
    found, mirrored = (prefer(comparer(said, known), *pair, margin=margin) for pair in (AB, BA))
    assert found.chance == pytest.approx((one + 1 - other) / 2)
    assert mirrored.chance == pytest.approx(1 - found.chance)
    assert mirrored.consistent == found.consistent
    assert mirrored.better == MIRROR[found.better]


@given(one=word, other=word)
def test_swapping_the_answers_mirrors_the_preference_for_any_words(one, other):
    said = {AB: one, BA: other}
    found, mirrored = (prefer(comparer(said), *pair, ties=True) for pair in (AB, BA))
    assert mirrored.better == MIRROR[found.better]
    assert found.better == (one if one == MIRROR[other] else "tie")
    assert found.consistent == mirrored.consistent == (one == MIRROR[other])


@pytest.mark.parametrize("place", ["first", "second"])
def test_a_judge_that_prefers_a_place_calls_every_pair_a_tie(place):
    found = prefer(comparer(place))
    assert (found.better, found.consistent, found.chance) == ("tie", False, None)


@given(chance=chances)
def test_a_judge_that_prefers_a_place_is_at_one_half_in_probabilities(chance):
    place = "first" if chance > 0.5 else "second"
    found = prefer(comparer(place, {AB: (chance, 0.0), BA: (chance, 0.0)}))
    assert found.better == "tie"
    assert found.chance == pytest.approx(0.5)


def test_in_one_order_only_the_preference_for_a_place_wins():
    lm = comparer("second")
    assert prefer(lm, both_orders=False).better == "second"
    assert lm.calls == 1


def test_closer_to_one_half_than_the_margin_is_a_tie():
    known = {AB: (0.7, 0.0), BA: (0.5, 0.0)}
    said = {AB: "first", BA: "second"}
    assert prefer(comparer(said, known), margin=0.05).better == "first"
    assert prefer(comparer(said, known), margin=0.1).better == "tie"


def test_the_mass_of_ties_is_half_for_each_and_a_tie_in_both_orders_is_one():
    known = {AB: (0.2, 0.7), BA: (0.05, 0.7)}
    found = prefer(comparer("tie", known), ties=True)
    assert found.chance == pytest.approx((0.55 + 0.6) / 2)
    assert (found.better, found.consistent) == ("tie", True)


def test_a_judge_that_may_not_call_a_tie_has_no_word_for_it():
    assert "tie" not in str(Pairwise(Shout).choose.signature.output_fields["better"].annotation)
    assert "tie" in str(Pairwise(Shout, ties=True).choose.signature.output_fields["better"].annotation)


@pytest.mark.parametrize("garbled", [AB, BA])
def test_an_order_without_a_readable_answer_decides_nothing(garbled):
    said = {AB: "first", BA: "second", garbled: "garbage"}
    found = prefer(comparer(said))
    assert (found.better, found.consistent, found.chance) == ("tie", False, None)


def test_no_readable_answer_is_an_error():
    with pytest.raises(AnswerError):
        prefer(comparer("garbage"))


def test_a_server_that_is_gone_is_an_error_even_in_one_order():
    def script(messages, **settings):
        if drafts_of(messages) == BA:
            raise ConnectionFailed("nobody is there")
        return {"better": "first"}

    with pytest.raises(ConnectionFailed):
        prefer(FakeLM(script, retries=0))


def test_equal_answers_are_a_tie_without_a_call():
    lm = comparer("first")
    found = prefer(lm, "a", "a")
    assert (found.better, found.consistent, found.chance, lm.calls) == ("tie", True, 0.5, 0)
    assert Pairwise(Shout).cost_of_preference().at_least == 0


def test_the_calls_of_a_preference_are_the_judges_and_bear_its_steps_name():
    ledger = Ledger()
    with scoped(ledgers=(ledger,)):
        prefer(comparer("first"))
    assert set(ledger.usage.by_purpose) == {"judge"}
    assert {call.step for call in ledger.rows} == {"choose"}


# --- as a judge of one answer


def judged(lm, one, **fields):
    with dspy.context(lm=lm):
        return one(word="tree", **fields).verdict


def test_against_the_labelled_answer_better_even_or_worse():
    for said, score in (({AB: "first", BA: "second"}, 1.0), ("first", 0.5), ({AB: "second", BA: "first"}, 0.0)):
        verdict = judged(comparer(said), Pairwise(Shout), shouted="a", reference="b")
        assert (verdict.score, verdict.passed) == (score, score == 1.0)
        assert verdict.confidence == abs(2 * score - 1)


def test_with_probabilities_the_score_is_the_chance_of_being_better():
    known = {AB: (0.9, 0.0), BA: (0.3, 0.0)}
    verdict = judged(comparer({AB: "first", BA: "second"}, known), Pairwise(Shout), shouted="a", reference="b")
    assert verdict.score == pytest.approx(0.8)


def test_the_reference_is_shown_as_a_draft_and_by_no_name():
    lm = comparer("first")
    judged(lm, Pairwise(Shout), shouted="a", reference="b")
    assert not any("reference" in str(messages) for messages in lm.requests)


def test_against_a_program_the_program_sees_the_input_alone():
    def script(messages, **settings):
        return obliging(messages) if answer_fields(messages) == ["shouted"] else {"better": "first"}

    lm = FakeLM(script)
    one = Pairwise(Shout, against=Predict(Shout))
    judged(lm, one, shouted="JUDGED")
    assert [m[-1]["content"] for m in lm.requests if answer_fields(m) == ["shouted"]] == ["tree"]
    assert sorted(drafts_of(m) for m in lm.requests if answer_fields(m) == ["better"]) == [("JUDGED", "TREE"), ("TREE", "JUDGED")]
    assert lm.calls == one.cost().at_most == 3


def test_an_answer_equal_to_the_programs_own_costs_no_comparison():
    lm = FakeLM(obliging)
    verdict = judged(lm, Pairwise(Shout, against=Predict(Shout)), shouted="TREE")
    assert (verdict.score, verdict.passed, lm.calls) == (0.5, False, 1)


def test_without_anything_to_compare_with_it_says_so():
    with pytest.raises(InputError, match="reference"):
        judged(comparer("first"), Pairwise(Shout), shouted="a")


def test_a_program_for_another_task_is_refused():
    with pytest.raises(SettingError, match="whispered"):
        Pairwise(Shout, against=Predict("word -> whispered"))


@pytest.mark.parametrize("field", ["first_draft", "better", "reference"])
def test_a_task_whose_names_it_needs_is_refused(field):
    with pytest.raises(TaskError, match=f"'{field}'"):
        Pairwise(f"question, {field} -> answer")


def test_a_task_with_a_reference_of_its_own_can_be_compared_against_a_program():
    task = "question, reference -> answer"
    lm = FakeLM(lambda messages, **settings: {name: "first" if name == "better" else "x" for name in answer_fields(messages)})
    with dspy.context(lm=lm):
        assert Pairwise(task, against=Predict(task))(question="q", reference="r", answer="y").score == 0.5
