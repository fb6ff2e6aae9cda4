"""Sample, verify, keep: which answers become rows, with what weight, and what never does."""

import itertools
import math
from collections import Counter
from typing import Any

import dspy
import pytest

from selftaught.errors import CallError, DataError, SettingError
from selftaught.programs import Predict
from selftaught.programs.judge.base import Judge
from selftaught.programs.synthesis.keeping import rescaled, shaped_reward
from selftaught.programs.synthesis.sample_verify_keep import SampleVerifyKeep
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, SynthesisContract, answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Survey, obliging

SUMS = [{"question": f"{i} plus {i + 1}", "answer": str(2 * i + 1)} for i in range(6)]


def fields(messages, said):
    return {name: value for name, value in said.items() if name in answer_fields(messages)}


def saying(*answers: Any, hinted: Any = None):
    """A model whose n-th sample to any question says the n-th answer; None fails. With a hint it says `hinted`."""

    def script(messages, **settings):
        text, turns = str(messages[-1]["content"]), str(settings.get("rollout_id") or "draw0")
        if "draw" not in turns:
            return fields(messages, {**hinted(text, turns), "guidance": "Count again."})
        said = answers[int(turns.split("draw")[1].split("retry")[0]) % len(answers)]
        if said is None:
            raise CallError("no answer")
        return fields(messages, {"reasoning": f"Working {turns}.", "answer": said})

    return script


def run(script, examples=None, **settings):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return SampleVerifyKeep(examples or SUMS[:1], **settings).run(progress=False), lm


class RightAnswers:
    """Answers sums; every third sample is wrong."""

    def script(self, messages, **settings):
        text = str(messages[-1]["content"])
        first = next(word for word in text.split() if word.isdigit())
        turn = str(settings.get("rollout_id"))
        wrong = "draw" in turn and int(turn.split("draw")[1].split("retry")[0]) % 3 == 2
        right = str(2 * int(first) + 1)
        return obliging(messages, **settings) | fields(
            messages, {"reasoning": f"Add {first} and the next. Done by {turn}.", "answer": "0.5" if wrong else right}
        )


class TestGuided(RightAnswers, SynthesisContract):
    method = "gsi-socratic"
    count = None

    def make(self):
        return SampleVerifyKeep(SUMS[:3], samples=3, hints="answer", enough=4, tries=2)


class TestEast(RightAnswers, SynthesisContract):
    method = "east"

    def make(self):
        return SampleVerifyKeep(SUMS, samples=3, mixed=True, weigh="entropy", most=1)


class TestQwenMath(RightAnswers, SynthesisContract):
    method = "qwen25-math"

    def make(self):
        return SampleVerifyKeep(SUMS, samples=3, verify="gold or vote", order="score", most=4)


class TestQwenMathProblems(RightAnswers, SynthesisContract):
    method = "qwen25-math-problems"

    def make(self):
        return SampleVerifyKeep(SUMS, samples=3, keep="inputs", band=(0.25, 0.7))


class TestSelfMotivated(RightAnswers, SynthesisContract):
    method = "self-motivated-learning"

    def make(self):
        return SampleVerifyKeep(SUMS, samples=2, hints="answer")


def test_every_kept_answer_is_right_and_each_text_is_kept_once():
    found, lm = run(saying("1", "1.0", "7", None), samples=8)
    assert lm.calls == 8
    assert [row["answer"] for row in found.rows] == ["1", "1.0", "1", "1.0"]
    assert len({row["reasoning"] for row in found.rows}) == 4
    same, _ = run(lambda messages, **settings: {"reasoning": "Same.", "answer": "1"}, samples=8)
    assert len(same.rows) == 1


def test_the_row_holds_the_bare_input_and_says_how_many_agree():
    row = run(saying("1", "1", "7"), samples=3)[0].rows[0]
    assert row["question"] == "0 plus 1"
    assert row["share"] == row["share_right"] == pytest.approx(2 / 3)
    assert row["entropy"] == pytest.approx(-(2 / 3 * math.log2(2 / 3) + 1 / 3 * math.log2(1 / 3)))
    assert (row["source"], row["right"], row["weight"], row["tied"]) == ("own", True, 1.0, False)


def test_an_input_without_a_right_answer_is_rejected_with_what_was_drawn():
    found, _ = run(saying("7", "8"), samples=2)
    assert found.rejected == {("keep", "no answer is right"): 1}


def test_one_sample_is_the_plain_answer():
    seen = []

    def script(messages, **settings):
        seen.append((settings.get("rollout_id"), settings.get("temperature")))
        return {"reasoning": "Hm.", "answer": "1"}

    found, _ = run(script, samples=1, verify="vote")
    assert len(found.rows) == 1
    assert not seen[0][0]


def test_the_vote_reads_no_label_and_counts_the_readable_answers_alone():
    votes = saying("18", "18.0", "18", "7", None, None)
    found, _ = run(votes, samples=6, verify="vote")
    assert {row["answer"] for row in found.rows} == {"18", "18.0"}
    assert all(row["share"] == 0.75 for row in found.rows)
    others, _ = run(votes, [{"question": "0 plus 1", "answer": "7"}], samples=6, verify="vote")
    none, _ = run(votes, [{"question": "0 plus 1"}], samples=6, verify="vote")
    assert [row.values for row in others.rows] == [row.values for row in found.rows] == [row.values for row in none.rows]


def test_a_tie_goes_to_the_first_and_is_told_and_too_little_agreement_is_dropped():
    found, _ = run(saying("4", "5"), samples=4, verify="vote")
    assert {(row["answer"], row["tied"]) for row in found.rows} == {("4", True)}
    kept = [len(run(saying("4", "4", "5"), samples=3, verify="vote", least_share=share)[0]) for share in (0.0, 0.6, 0.7, 1.0)]
    assert kept == [2, 2, 0, 0]
    dropped, _ = run(saying("4", "4", "5"), samples=3, verify="vote", least_share=0.7)
    assert dropped.rejected == {("keep", "the share that agrees is below 0.7"): 1}


def test_answers_that_say_nothing_have_no_vote():
    found, _ = run(saying("", "", "5"), samples=3, verify="vote")
    assert [(row["answer"], row["share"]) for row in found.rows] == [("5", 1.0)]


def test_the_label_is_used_where_there_is_one_and_the_vote_elsewhere():
    examples = [SUMS[0], {"question": "9 plus 9"}]
    found, _ = run(saying("7", "7", "1"), examples, samples=3, verify="gold or vote")
    assert [(row["question"], row["answer"]) for row in found.rows] == [("0 plus 1", "1"), ("9 plus 9", "7"), ("9 plus 9", "7")]


class Longest(Judge):
    async def verdict(self, inputs, outputs):
        if outputs["answer"] == "?":
            raise CallError("unreadable")
        size = len(outputs["answer"])
        return Verdict(score=None if size > 8 else size / 8, passed=None if size > 8 else size >= 4)


def test_a_judge_and_a_function_verify_and_what_cannot_be_told_is_neither_right_nor_wrong():
    found, _ = run(saying("a", "bbbb", "?", "x" * 9), samples=4, verify=Longest("question -> answer"), keep="all")
    assert [(row["answer"], row["right"], row["score"]) for row in found.rows] == [("a", False, 0.125), ("bbbb", True, 0.5)]
    found, _ = run(saying("a", "b"), samples=2, verify=lambda example, prediction: prediction.answer == "b")
    assert [row["answer"] for row in found.rows] == ["b"]


def test_the_best_by_a_ranking_judge_come_first_and_no_more_than_most():
    found, _ = run(saying("1", "1.0", "1.000", "9"), samples=4, order="score", most=2, rank=Longest("question -> answer"))
    assert [row["answer"] for row in found.rows] == ["1.000", "1.0"]
    short, _ = run(saying("1.000", "1"), samples=2, order="shortest", most=1)
    assert [row["answer"] for row in short.rows] == ["1"]


# --- 040 and 094: second tries ------------------------------------------------------------------------------------------


def telling(answer, reasoning="Start at 0. Add 1 more."):
    return lambda text, turns: {"reasoning": reasoning, "answer": answer, "to_find": "it", "more_steps": ["And so on."]}


def test_an_input_with_enough_right_answers_is_never_tried_again():
    _, lm = run(saying("1", hinted=telling("1")), samples=4, hints="answer", enough=4, tries=8)
    assert lm.calls == 4
    _, lm = run(saying("1", "1", "1", "7", hinted=telling("9")), samples=4, hints="answer", enough=4, tries=8)
    assert lm.calls == 4 + 8
    found, lm = run(saying("7", hinted=telling("1")), samples=4, hints="answer", enough=1, tries=8)
    assert lm.calls == 4 + 1
    assert [(row["source"], row["answer"]) for row in found.rows] == [("answer", "1")]


def test_only_own_samples_count_for_shares_and_entropy():
    found, _ = run(saying("7", "1", hinted=telling("1")), samples=2, hints="answer", enough=3, tries=4)
    assert {row["source"] for row in found.rows} == {"own", "answer"}
    assert all((row["share"], row["share_right"], row["entropy"]) == (0.5, 0.5, 1.0) for row in found.rows)


def test_a_hint_is_shown_to_the_second_try_and_is_in_no_row():
    examples = [{**SUMS[0], "rationale": "SECRET one. SECRET two. SECRET three."}]
    for hint in ("answer", "rationale", "teacher"):
        found, lm = run(saying("7", hinted=telling("1")), examples, samples=1, hints=hint)
        assert [row["source"] for row in found.rows] == [hint]
        assert "SECRET" not in str(found.rows[0].values)
        assert set(found.rows[0].values) == {"question", "reasoning", "answer", "source", "right", "score", "share", "share_right", "entropy", "tied", "weight"}  # fmt: skip
        shown = " ".join(str(message["content"]) for request in lm.requests[1:] for message in request)
        assert ("SECRET" in shown) == (hint != "answer")
        assert lm.calls == (3 if hint == "teacher" else 2)


def test_a_continued_solution_begins_with_its_steps_and_each_try_shows_one_more():
    examples = [{**SUMS[0], "rationale": ["one", "two", "three"]}]
    shown = []

    def again(text, turns):
        shown.append(text.count("one") + text.count("two") + text.count("three"))
        return telling("1" if len(shown) == 3 else "8")(text, turns)

    found, _ = run(saying("7", hinted=again), examples, samples=1, hints="prefix", tries=5)
    assert len(shown) == 3
    assert shown[0] == shown[2] < shown[1]  # a step, two steps, and again from the start
    assert found.rows[0]["reasoning"].startswith("one\nAnd so on.")


def test_a_second_try_that_repeats_the_hint_is_not_kept():
    for leaking in ("The answer is 1. Then we add.", "The given answer is one, so we stop there.", "By the hint."):
        found, _ = run(saying("7", hinted=telling("1", leaking)), samples=1, hints="answer")
        assert found.rows == []
    kept, _ = run(saying("7", hinted=telling("1", "0 + 1 = 1")), samples=1, hints="answer")  # a single step may hold it
    assert len(kept.rows) == 1
    for away in ("A mistake is made here.", "The hint states 7."):
        counter, _ = run(saying("1", hinted=telling("7", away)), samples=1, hints="counter", keep="all")
        assert [row["source"] for row in counter.rows] == ["own"]


def test_a_teacher_is_not_asked_where_nothing_is_wrong():
    examples = [{**SUMS[0], "rationale": "Add."}]
    assert run(saying("1", hinted=telling("1")), examples, samples=1, hints="teacher", enough=4, tries=3)[1].calls == 1


def test_a_wrong_or_failing_second_try_is_not_kept():
    def failing(text, turns):
        raise CallError("down")

    assert run(saying("7", hinted=telling("8")), samples=1, hints="answer", tries=3)[0].rows == []
    assert run(saying("7", hinted=failing), samples=1, hints="answer", tries=3)[0].rejected == {("keep", "no answer is right"): 1}


def test_hints_reach_more_of_the_hard_inputs_for_the_same_calls():
    def hard(messages, **settings):
        text, turns = str(messages[-1]["content"]), str(settings.get("rollout_id"))
        first = int(next(word for word in text.split() if word.isdigit()))
        knows = first < 3 or "try" in turns
        return fields(messages, {"reasoning": f"By {turns}. More.", "answer": str(2 * first + 1) if knows else "?"})

    plain, lm = run(hard, SUMS, samples=8)
    guided, other = run(hard, SUMS, samples=5, hints="answer", tries=3)
    assert other.calls <= lm.calls
    assert len({row["question"] for row in guided.rows}) == 6 > len({row["question"] for row in plain.rows})


# --- 043: entropy weights -----------------------------------------------------------------------------------------------


def test_what_is_all_right_or_all_wrong_is_dropped():
    assert run(saying("1"), samples=4, mixed=True)[0].rejected == {("keep", "all answers are right"): 1}
    assert run(saying("7", "8"), samples=4, mixed=True)[0].rejected == {("keep", "no answer is right"): 1}


def test_weights_rise_with_the_entropy_are_at_most_one_and_alike_without_sharpness():
    even = ["1", "2", "3", "4"]
    split = [saying(*even), saying("1", "1", "2", "3"), saying("1", "1", "1", "2")]
    rows = [run(one, samples=4, mixed=True, weigh="entropy", most=1)[0].rows[0] for one in split]
    weights = [row["weight"] for row in rows]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == pytest.approx(1.0)
    assert rows[0]["entropy"] == pytest.approx(2.0)  # log2 of four even answers
    assert run(split[1], samples=4, weigh="entropy", sharpness=0.0, most=1)[0].rows[0]["weight"] == 1.0
    assert sum(row["weight"] for row in rescaled(rows)) / 3 == pytest.approx(1.0)
    assert rows[0]["share_right"] == 0.25


# --- 058: bands and rewards ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("right", "kept"), [(0, 0), (1, 0), (2, 1), (5, 1), (6, 0), (8, 0)])
def test_problems_are_kept_where_the_share_of_right_answers_is_in_the_band(right, kept):
    found, _ = run(saying(*["1"] * right, *["7"] * (8 - right)), samples=8, keep="inputs", band=(0.25, 0.625))
    assert len(found.rows) == kept
    assert all(row.values == {"question": "0 plus 1", "answer": "1", "share_right": right / 8} for row in found.rows)


def test_any_right_answer_is_rewarded_above_any_wrong_one():
    scores = (-50.0, -1.0, 0.0, 2.0, 50.0)
    assert all(shaped_reward(True, low) > shaped_reward(False, high) for low, high in itertools.product(scores, scores))
    assert shaped_reward(True, 2.0) > shaped_reward(True, 0.0)


# --- settings, structured tasks, several samplers -----------------------------------------------------------------------


def test_a_task_with_structured_outputs_comes_out_as_plain_data(tmp_path):
    pipeline = SampleVerifyKeep([{**SURVEY_INPUT, **SURVEY_ANSWER}], Survey, samples=3)
    with dspy.context(lm=FakeLM(obliging)):
        found = pipeline.run(progress=False, run_dir=tmp_path / "run")
        again = pipeline.run(progress=False, run_dir=tmp_path / "run")
    assert found.rows == again.rows
    assert found.rows[0]["place"] == SURVEY_ANSWER["place"]
    assert found.rows[0]["score"] == 3  # the task's own field


def test_several_samplers_and_temperatures_take_turns():
    seen = Counter()

    def script(messages, **settings):
        seen[settings["temperature"], answer_fields(messages)[0]] += 1
        return fields(messages, {"reasoning": "x", "answer": "1", "shouted": "1"})

    from selftaught.programs.reason import Reasoned

    task = "question -> answer"
    run(script, samples=8, sampler=[Predict(task), Reasoned(task)], temperature=[0.5, 0.5, 0.9, 0.9])
    assert set(seen.values()) == {2}


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"examples": [{"question": "x"}]}, DataError),
        ({"hints": "prefix"}, DataError),
        ({"hints": "luck"}, SettingError),
        ({"verify": "vote", "hints": "answer"}, SettingError),
        ({"verify": "truth"}, SettingError),
        ({"band": (0.5, 0.2)}, SettingError),
        ({"keep": "some"}, SettingError),
        ({"samples": 0}, SettingError),
    ],
)
def test_bad_settings_are_refused_before_anything_is_paid(settings, error):
    with pytest.raises(error):
        SampleVerifyKeep(**{"examples": SUMS, **settings})


def test_the_cost_is_that_of_the_calls():
    lm = FakeLM(saying("7", hinted=telling("7")))
    pipeline = SampleVerifyKeep(SUMS[:1], samples=4, hints=["answer"], tries=3)
    with dspy.context(lm=lm):
        pipeline.run(progress=False)
    assert (pipeline.cost().at_least, pipeline.cost().at_most) == (4, 7)
    assert lm.calls == 7
