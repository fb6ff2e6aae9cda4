"""Preference pairs: who is chosen, who is rejected, by how much, and which inputs give none."""

import dspy
import pytest

from selftaught.errors import CallError, DataError, SettingError
from selftaught.programs.judge.base import Judge
from selftaught.programs.synthesis.candidates import Answers, Candidate
from selftaught.programs.synthesis.pair_choice import CHOICES, Pool
from selftaught.programs.synthesis.pairs import PairBuilder
from selftaught.testing import FakeLM, SynthesisContract, answer_fields
from tests.programs.synthesis.test_sample_verify_keep import SUMS, RightAnswers, saying

ONE = SUMS[:1]


def run(script, examples=ONE, kind=PairBuilder, **settings):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return kind(examples, **settings).run(progress=False), lm


def scoring(answers, scores):
    """Says these answers, and judges each with these scores in turn; None cannot be read."""

    def script(messages, **settings):
        asked, turn = answer_fields(messages), str(settings.get("rollout_id") or "draw0")
        number = int(turn.split("draw")[-1].split("retry")[0])
        if "score" not in asked:
            return {"reasoning": f"Way {number}.", "answer": answers[number % len(answers)]}
        text = str(messages[-1]["content"])
        given = next(given for answer, given in scores.items() if f"{answer}\n" in text + "\n")
        score = given[number % len(given)]
        return "%% unreadable" if score is None else {"reasons": "So.", "score": score}

    return script


class Rated(RightAnswers):
    """Answers sums, and scores texts by what they are."""

    def script(self, messages, **settings):
        said = super().script(messages, **settings)
        text = str(messages[-1]["content"])
        return said | ({"score": sum(map(ord, text)) % 6} if "score" in said else {})


class TestSelfRewarding(Rated, SynthesisContract):
    method = "self-rewarding-pairs"
    count = None

    def make(self):
        return PairBuilder(SUMS, judgements=1, reasoning=False)


class TestMetaRewarding(Rated, SynthesisContract):
    method = "meta-rewarding-pairs"
    count = None

    def make(self):
        return PairBuilder(SUMS, choose="tiers", slack=0.1, judgements=2, reasoning=False)


class TestScPO(Rated, SynthesisContract):
    method = "scpo"

    def make(self):
        return PairBuilder(SUMS, verify="vote", least_score=0.5, weigh="margin")


class TestEastPairs(Rated, SynthesisContract):
    method = "east-pairs"

    def make(self):
        return PairBuilder(SUMS, verify="gold", choose="frequent", weigh="entropy")


class TestSelfMotivatedPairs(Rated, SynthesisContract):
    method = "self-motivated-pairs"

    def make(self):
        return PairBuilder(SUMS, verify="gold", choose="mixed", hints=["answer", "counter"], most=2)


class TestQwenPairs(Rated, SynthesisContract):
    method = "qwen25-math-pairs"

    def make(self):
        return PairBuilder(SUMS, verify="gold", choose="mixed")


class TestOutcomePairs(Rated, SynthesisContract):
    method = "self-explore-outcomes"

    def make(self):
        return PairBuilder(SUMS, verify="gold", choose="apart")


# --- 170: the best and the worst by score ------------------------------------------------------------------------------


def test_the_highest_and_the_lowest_mean_score_are_paired():
    found, lm = run(scoring(["a", "b", "c"], {"a": [3, 3], "b": [5, 4], "c": [1, 2]}), samples=3, judgements=2)
    (row,) = found.rows
    assert (row["chosen"], row["rejected"]) == ("Way 1.\nanswer: b", "Way 2.\nanswer: c")
    assert (row["score_chosen"], row["score_rejected"]) == (pytest.approx(0.9), pytest.approx(0.3))
    assert row["margin"] == pytest.approx(0.6)
    assert lm.calls == 3 + 3 * 2


def test_equal_scores_and_a_single_candidate_give_no_pair():
    assert run(scoring(["a", "b"], {"a": [3], "b": [3]}), samples=2)[0].rejected == {
        ("pair", "no two answers of different worth"): 1
    }
    assert run(scoring(["a"], {"a": [3]}), samples=1)[0].rows == []


def test_unreadable_judgements_are_left_out_and_a_candidate_without_any_is_in_no_pair():
    found, _ = run(scoring(["a", "b", "c"], {"a": [None, 4], "b": [1, 1], "c": [None, None]}), samples=3, judgements=2)
    (row,) = found.rows
    assert (row["chosen"][-1], row["score_chosen"]) == ("a", pytest.approx(0.8))
    assert row["rejected"][-1] == "b"


# --- 054: length control -----------------------------------------------------------------------------------------------


def candidates(*scored):
    return [Candidate({"answer": text}, score=score) for text, score in scored]


def test_slack_takes_the_shortest_of_the_best_and_the_longest_of_the_worst_and_never_a_longer_chosen_one():
    pool = candidates(("x" * 9, 1.0), ("x" * 5, 0.9), ("x" * 2, 0.6), ("x" * 3, 0.1), ("x" * 8, 0.2), ("x", 0.0))
    answers, lengths = Answers("question -> answer"), []
    for slack in (0.0, 0.1, 0.2, 0.4):
        ((chosen, rejected),) = CHOICES["tiers"](Pool(answers, pool, slack))
        lengths.append(len(chosen.said["answer"]))
        assert chosen.score > rejected.score
    assert lengths == sorted(lengths, reverse=True) == [9, 5, 5, 2]
    (exact,) = CHOICES["tiers"](Pool(answers, pool, 0.0))
    assert (exact[0].score, exact[1].score) == (1.0, 0.0)
    assert CHOICES["tiers"](Pool(answers, candidates(("a", 0.5), ("b", 0.5)), 0.3)) == []


# --- 080: votes ---------------------------------------------------------------------------------------------------------


def test_most_and_least_voted_are_paired_and_weighed_by_the_margin_of_votes():
    votes = saying("18", "18", "18.0", "18", "18", "18", "7", "9")
    settings = {"verify": "vote", "samples": 8, "weigh": "margin"}
    (row,) = run(votes, **settings)[0].rows
    assert (row["chosen"].splitlines()[-1], row["rejected"].splitlines()[-1]) == ("answer: 18", "answer: 7")
    assert row["weight"] == row["margin"] == pytest.approx(5 / 8)
    assert run(votes, least_score=0.9, **settings)[0].rejected == {("pair", "the chosen answer scores below 0.9"): 1}
    other, _ = run(votes, [{"question": "0 plus 1", "answer": "7"}], **settings)
    assert [one.values for one in other.rows] == [row.values]  # labels are not read


@pytest.mark.parametrize("answers", [["4"], ["4", "5"], ["1", "2", "3", "4"]])
def test_a_unanimous_vote_and_a_tie_of_all_give_no_pair(answers):
    assert run(saying(*answers), verify="vote", samples=4)[0].rows == []


def test_a_tie_for_the_majority_goes_to_the_first_said():
    (row,) = run(saying("4", "5", "5", "4", "6"), verify="vote", samples=5)[0].rows
    assert row["chosen"].endswith("4")


def test_labelled_inputs_among_unlabelled_ones_are_paired_by_their_label_with_full_weight():
    examples = [SUMS[0], {"question": "9 plus 9"}]
    found, _ = run(saying("7", "7", "1"), examples, verify="gold or vote", samples=3, weigh="margin")
    assert [(row["chosen"][-1], row["rejected"][-1], round(row["weight"], 3)) for row in found.rows] == [
        ("1", "7", 1.0),
        ("7", "1", 0.333),
    ]


# --- 043, 058, 094, 077: right and wrong ones --------------------------------------------------------------------------


def test_a_right_one_is_paired_with_the_most_frequent_wrong_one_and_weighed_by_entropy():
    (row,) = run(saying("5", "1", "7", "7"), verify="gold", choose="frequent", samples=4, weigh="entropy")[0].rows
    assert (row["chosen"][-1], row["rejected"][-1]) == ("1", "7")
    assert row["weight"] == pytest.approx(1.5 / 2)
    assert row["share_right"] == 0.25
    for answers in (["1"], ["7", "8"]):
        assert run(saying(*answers), verify="gold", choose="frequent", samples=4)[0].rows == []


def test_all_right_ones_are_paired_with_all_wrong_ones_of_the_same_input_only():
    found, _ = run(saying("1", "7", "1", "8", "9"), verify="gold", choose="mixed", samples=5)
    assert len(found.rows) == 2 * 3
    assert all(row["chosen"].endswith("1") and not row["rejected"].endswith("1") for row in found.rows)
    assert len(run(saying("1", "7"), verify="gold", choose="mixed", samples=4, most=3)[0].rows) == 3


def test_what_is_missing_is_asked_for_with_the_answer_in_view():
    def missing(first):
        def script(messages, **settings):
            wrong = "answer to avoid" in str(messages[0]["content"])
            again = {"reasoning": "Begin. Add.", "answer": "8" if wrong else "1"}
            return saying(first, hinted=lambda text, turns: again)(messages, **settings)

        return script

    settings = {"verify": "gold", "choose": "mixed", "samples": 2, "hints": ["answer", "counter"]}
    for first, sources in (("1", ("own", "counter")), ("7", ("answer", "own"))):
        found, lm = run(missing(first), **settings)
        assert {(row["source_chosen"], row["source_rejected"]) for row in found.rows} == {sources}
        assert lm.calls == 2 + 1
    assert run(missing("1"), **{**settings, "hints": ["answer"]})[0].rows == []  # unanimous, and no counter-solutions


def test_far_texts_are_paired_and_each_wrong_one_once():
    said = [
        ("aaaa aaaa aaaa", True),
        ("bbbb bbbb bbbb", True),
        ("aaaa aaaa aaab", False),
        ("zzzz", False),
        ("zzzz yyyy xxxx wwww", False),
    ]
    pool = [Candidate({"answer": text}, right=right) for text, right in said]
    pairs = CHOICES["apart"](Pool(Answers("question -> answer"), pool))
    assert [(one.said["answer"][:4], other.said["answer"]) for one, other in pairs] == [
        ("aaaa", "zzzz"),
        ("bbbb", "aaaa aaaa aaab"),
    ]
    assert len({id(other) for _, other in pairs}) == len(pairs)


# --- settings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "error"),
    [({"choose": "luck"}, SettingError), ({"weigh": "luck"}, SettingError), ({"slack": 2.0}, SettingError), ({"verify": "gold", "examples": [{"question": "x"}]}, DataError)],
)  # fmt: skip
def test_bad_settings_are_refused(settings, error):
    with pytest.raises(error):
        PairBuilder(**{"examples": SUMS, **settings})


def test_a_judge_that_fails_on_one_answer_leaves_the_others():
    class Failing(Judge):
        async def verdict(self, inputs, outputs):
            raise CallError("down")

    found, _ = run(saying("1", "2"), samples=2, verify=Failing("question -> answer"))
    assert found.rejected == {("verify", "failed: CallError"): 1}
