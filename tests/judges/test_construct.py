"""Pairs labelled by construction with a model, and rejection-sampled judgements (159)."""

from collections import Counter

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftaught.errors import AnswerError, DataError, SettingError
from selftaught.programs.judge import Pairwise, Verify
from selftaught.programs.judge.construct import Corrupt, construct_pairs
from selftaught.programs.judge.rejection import rejection_sampled
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Shout, Survey, obliging


def neighbour(script):
    """Make a script write another input and another answer when it is asked for an example."""

    def answers(messages, **settings):
        said = script(messages, **settings)
        if not isinstance(said, dict) or not {"word", "text"} & said.keys():
            return said
        return (
            {**said, "word": "bush", "shouted": "BUSH"} if "word" in said else {**said, "text": "x", "tags": ["y"], "mood": "bad"}
        )

    return answers


class TestCorrupt(ProgramContract):
    method = "self-taught-evaluator"

    def use(self, script=obliging, **settings):
        return super().use(neighbour(script), **settings)

    def make(self, task):
        return Corrupt(task)


def corrupter(*written):
    """Writes these (word, shouted) as new examples, in turn; the last one again and again."""
    left = list(written)

    def script(messages, **settings):
        if answer_fields(messages) == ["shouted"]:
            return obliging(messages)
        word, shouted = left.pop(0) if len(left) > 1 else left[0]
        return {"word": word, "shouted": shouted}

    return FakeLM(script)


def corrupted(lm, attempts=2, **good):
    with dspy.context(lm=lm):
        return Corrupt(Shout, attempts=attempts)(word="tree", **good)


def test_the_bad_answer_is_the_answer_to_another_input():
    lm = corrupter(("bush", "BUSH"))
    found = corrupted(lm, shouted="TREE")
    assert (found.shouted, found.good, found.other) == ("BUSH", {"shouted": "TREE"}, {"word": "bush"})
    assert lm.calls == 1
    assert "Input: tree\nOutput: TREE" in lm.requests[0][-1]["content"]


def test_a_good_answer_that_is_not_known_is_written_first():
    lm = corrupter(("bush", "BUSH"))
    assert corrupted(lm).good == {"shouted": "TREE"}
    assert [answer_fields(m) for m in lm.requests] == [["shouted"], ["word", "shouted"]]


@pytest.mark.parametrize("same", [("tree", "WOOD"), (" Tree.", "WOOD"), ("bush", "TREE"), ("bush", "tree ")])
def test_the_same_input_or_the_same_answer_is_written_again_and_then_refused(same):
    assert corrupted(corrupter(same, ("bush", "BUSH")), shouted="TREE").shouted == "BUSH"
    lm = corrupter(same)
    with pytest.raises(AnswerError, match="only the one that it was shown"):
        corrupted(lm, attempts=3, shouted="TREE")
    assert lm.calls == 3


def examples(count=3):
    return [dspy.Example(word=f"word{n}", shouted=f"WORD{n}").with_inputs("word") for n in range(count)]


def any_word(messages, **settings):
    return obliging(messages) if answer_fields(messages) == ["shouted"] else {"word": "bush", "shouted": "BUSH"}


def test_pairs_come_in_both_orders_with_a_label_that_no_judge_gave():
    lm = FakeLM(any_word)
    with dspy.context(lm=lm):
        pairs = construct_pairs(Shout, examples())
    assert [(p.word, p.first, p.second, p.better) for p in pairs[:2]] == [
        ("word0", "WORD0", "BUSH", "first"), ("word0", "BUSH", "WORD0", "second"),
    ]  # fmt: skip
    assert Counter(p.better for p in pairs) == {"first": 3, "second": 3}
    assert not any("better" in answer_fields(m) for m in lm.requests)
    assert all(p.other["word"] != p.word and set(p.inputs().keys()) == {"word", "first", "second"} for p in pairs)


def test_pairs_of_a_task_with_several_outputs_hold_all_of_them():
    other = {"text": "Berlin.", "tags": [], **SURVEY_ANSWER, "mood": "bad"}
    with dspy.context(lm=FakeLM(lambda messages, **s: {name: other[name] for name in answer_fields(messages)})):
        pairs = construct_pairs(Survey, [dspy.Example(**SURVEY_INPUT, **SURVEY_ANSWER).with_inputs("text", "tags")])
    assert pairs[0].first["mood"] == "good" and pairs[0].second["mood"] == "bad"
    assert set(pairs[0].first) == set(Survey.output_fields)


def test_the_model_can_be_given():
    lm = FakeLM(any_word)
    with dspy.context(lm=FakeLM(lambda messages, **s: "garbage")):
        assert len(construct_pairs(Shout, examples(1), lm)) == 2
    assert lm.calls == 1


def test_examples_without_a_bad_answer_are_left_out_in_both_orders():
    def sometimes(messages, **settings):
        return "garbage" if "word1" in messages[-1]["content"] else any_word(messages)

    with dspy.context(lm=FakeLM(sometimes)):
        assert [p.word for p in construct_pairs(Shout, examples())] == ["word0", "word0", "word2", "word2"]


def test_nothing_to_corrupt_and_nothing_corrupted_are_refused():
    with pytest.raises(DataError, match="no examples"):
        construct_pairs(Shout, [])
    with dspy.context(lm=FakeLM(lambda messages, **s: "garbage")), pytest.raises(DataError, match="No bad answer"):
        construct_pairs(Shout, examples())


# -------------------------------------------------------------------------------------------- rejection sampling


def pairs_of(count):
    rows = []
    for n in range(count):
        for better, first, second in (("first", f"GOOD{n}", f"bad{n}"), ("second", f"bad{n}", f"GOOD{n}")):
            rows.append(
                dspy.Example(word=f"w{n}", first=first, second=second, better=better).with_inputs("word", "first", "second")
            )
    return rows


def choosing(verdict):
    """A judge that says `verdict(number of the pair, where the good one stands, draw)`."""
    drawn = Counter()

    def script(messages, **settings):
        text = messages[-1]["content"]
        number, place = int(text.partition("GOOD")[2][0]), "first" if "first_draft: GOOD" in text else "second"
        drawn[number, place] += 1
        said = verdict(number, place, drawn[number, place] - 1)
        return said if said == "garbage" else {"reason": f"{number} {place}", "better": said}

    return FakeLM(script)


def sampled(verdict, pairs, samples=3, **more):
    with dspy.context(lm=choosing(verdict)):
        judge = Pairwise(Shout, reason=True, ties=True, odds=False)
        judge.choose.retries = 0
        return rejection_sampled(judge, pairs, samples, **more)


def other(place):
    return "second" if place == "first" else "first"


def test_a_perfect_judge_keeps_one_verdict_of_each_order():
    found = sampled(lambda number, place, draw: place, pairs_of(4))
    assert (found.accuracy, found.consistency, found.drawn, found.unreadable) == (1.0, 1.0, 24, 0)
    assert sorted((one.row, one.better) for one in found.kept) == [(n, "first" if n % 2 == 0 else "second") for n in range(8)]
    assert found.kept[0].reason == "0 first"
    assert found.kept[0].asked == {"word": "w0", "first_draft": "GOOD0", "second_draft": "bad0"}


def test_a_judge_that_names_one_place_is_right_half_the_time_never_consistent_and_keeps_nothing():
    found = sampled(lambda number, place, draw: "first", pairs_of(3))
    assert (found.accuracy, found.consistency, found.kept) == (0.5, 0.0, ())


def test_a_judge_that_is_always_wrong_is_consistent():
    found = sampled(lambda number, place, draw: other(place), pairs_of(3))
    assert (found.accuracy, found.consistency, found.kept, len(found.wrong)) == (0.0, 1.0, (), 18)


def test_accuracy_and_consistency_by_hand():
    # pair 0: right in both orders; pair 1: two of three right in one order, ties in the other; pair 2: unreadable
    def verdict(number, place, draw):
        if number == 0:
            return place
        if number == 1:
            return (place if draw else other(place)) if place == "first" else "tie"
        return "garbage"

    found = sampled(verdict, pairs_of(3))
    assert (found.drawn, found.unreadable) == (12, 6)
    assert found.accuracy == pytest.approx(8 / 12)
    assert found.consistency == 0.5
    assert [one.row for one in found.kept] == [0, 1]
    assert [one.better for one in found.wrong].count("tie") == 3


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["first", "second", "tie", "garbage"]), min_size=12, max_size=12), st.integers(0, 3))
def test_kept_verdicts_are_right_and_balanced_whatever_the_judge_says(said, seed):
    pairs = pairs_of(3)
    found = sampled(lambda number, place, draw: said[number * 4 + (place == "second") * 2 + draw], pairs, 2, seed=seed)
    assert all(one.right and one.better == pairs[one.row].better for one in found.kept)
    assert Counter(one.better for one in found.kept)["first"] * 2 == len(found.kept)
    rows = {one.row for one in found.kept}
    assert rows == {row ^ 1 for row in rows}  # both orders of a pair, or neither
    assert found.drawn + found.unreadable == 12
    assert found.unreadable == said.count("garbage")
    assert all(one.better in ("first", "second", "tie") and not one.right for one in found.wrong)


def test_a_pair_in_one_order_only_is_judged_but_not_kept():
    found = sampled(lambda number, place, draw: place, pairs_of(2)[:3])
    assert found.accuracy == 1.0
    assert [one.row for one in found.kept] == [0, 1]


def test_nothing_readable_is_no_figure():
    found = sampled(lambda number, place, draw: "garbage", pairs_of(1))
    assert (found.accuracy, found.consistency, found.unreadable) == (None, None, 6)


def test_nonsense_is_refused():
    with pytest.raises(SettingError, match="a judge that compares"):
        rejection_sampled(Verify(Shout), pairs_of(1))
    with pytest.raises(SettingError, match="samples"):
        sampled(lambda *_: "first", pairs_of(1), 0)
    with pytest.raises(DataError, match="no pairs"):
        sampled(lambda *_: "first", [])
    with pytest.raises(DataError, match="better='tie'"):
        sampled(lambda *_: "first", [dspy.Example(word="w", first="a", second="b", better="tie")])
