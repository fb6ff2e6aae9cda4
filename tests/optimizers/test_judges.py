"""Tuning a judge on pairs whose label is known by construction (159), and with a meta-judge (054)."""

import asyncio
import random
from collections import Counter

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.artifact import load, save
from selftaught.budget import Budget
from selftaught.errors import DataError, SettingError
from selftaught.optimizers.judged import Agrees, Preferring, pairs_of, turned_round
from selftaught.optimizers.judgements import draw_judgements
from selftaught.optimizers.strategies.judges import TuneJudge
from selftaught.optimizers.strategy import Problem
from selftaught.programs import Predict
from selftaught.programs.judge import Checklist, Pairwise, Rating, Verify
from selftaught.run import Run
from selftaught.testing import FakeLM, OptimizerContract, answer_fields
from selftaught.testing.samples import Shout, Speak, obliging, words


def field(text, name):
    return next((line.split(": ", 1)[1] for line in text.splitlines() if line.startswith(f"{name}: ")), "")


def skill_of(messages):
    demos = sum(message["role"] == "assistant" for message in messages)
    return 0.1 + 0.15 * min(demos, 4) + 0.4 * ("capital" in str(messages[0]["content"]).lower())


def judging(messages, **settings):
    """Sees a wrong answer the more often the more demonstrations it has, and where its instruction speaks of capitals."""
    asked, text = answer_fields(messages), str(messages[-1]["content"])
    if asked == ["instruction"]:
        draws = random.Random(str(settings.get("rollout_id")))
        return {"instruction": draws.choice(["Look for capital letters.", "Look twice.", "Judge the word."])}
    if "first_judgement" in text:
        return {"better": "first" if "SHARP" in text.split("second_judgement")[0] else "second"}
    right = field(text, "word").upper()
    sees = random.Random(f"{text} {settings.get('rollout_id')}").random() < skill_of(messages)
    if "better" in asked:
        truth = "first" if field(text, "first_draft") == right else "second"
        return {"better": truth if sees else "first"}
    good = not sees or field(text, "draft") == right
    mark = random.Random(f"{settings.get('rollout_id')}").choice(["SHARP", "dull"])
    known = {"score": 9 if good else 2, "reasons": mark, "reason": mark, "correct": good, "wrong": not good}
    return {name: known[name] for name in asked}


class JudgeTuned(OptimizerContract):
    """A judge is tuned on solved examples, without a metric."""

    ceilings = (320, 450, 700)

    def compile(self, run_dir, *, script=judging, calls=1200, metric=None, **settings):
        if script.__qualname__.startswith("_until"):  # the contract's plug, on a model of ours
            script = plugged(script)
        lm, data = self.use(script), words(48)
        with dspy.context(lm=lm):
            tuned = self.make().compile(
                self.program(), trainset=data[:8], valset=data[8:], metric=metric, budget=Budget(calls=calls),
                run_dir=run_dir, progress=False, **settings,
            )  # fmt: skip
        return tuned, lm

    def test_returns_the_baseline_where_nothing_helps(self, tmp_path):
        def hopeless(messages, **settings):
            text = str(messages[-1]["content"])
            if answer_fields(messages) == ["instruction"]:
                return judging(messages, **settings)
            said = random.Random(text).random() < 0.5
            known = {
                "score": 9 if said else 2,
                "reasons": "x",
                "better": "first" if said else "second",
                "correct": said,
                "wrong": not said,
            }
            return {name: known[name] for name in answer_fields(messages)}

        tuned, _ = self.compile(tmp_path / "run", script=hopeless)
        assert not tuned.tuning.confirmed
        before = self.program()
        assert [p.signature.instructions for p in tuned.predictors()] == [p.signature.instructions for p in before.predictors()]
        assert all(not p.demos for p in tuned.predictors())

    def test_failing_calls_are_missing_data(self, tmp_path):
        def shaky(messages, **settings):
            return "garbage" if "word: word1" in str(messages[-1]["content"]) else judging(messages, **settings)

        tuned, _ = self.compile(tmp_path / "run", script=shaky)
        assert tuned.tuning.baseline.failed + tuned.tuning.baseline.n == 20


def plugged(until):
    """Pull the plug where the contract's script does, and answer as our model until then."""
    left = until.__closure__[0].cell_contents

    def script(messages, **settings):
        if left[0] == 0:
            return until(messages, **settings)
        left[0] -= 1
        return judging(messages, **settings)

    return script


class TestSelfTaughtEvaluator(JudgeTuned):
    method = "self-taught-evaluator-tuned"

    def make(self):
        return TuneJudge()

    def program(self):
        return Pairwise(Speak)


class TestMetaRewardedJudge(JudgeTuned):
    method = "meta-rewarded-judge-tuned"

    def make(self):
        return TuneJudge(meta=True, samples=3)

    def program(self):
        return Rating(Speak)


# Pairs


SOLVED = hyp.lists(hyp.text("abcdefgh", min_size=1, max_size=4), min_size=2, max_size=12, unique=True)


@given(SOLVED, hyp.integers(0, 5))
def test_a_pair_holds_the_own_answer_and_a_fault_each_example_once_and_the_sides_in_turn(texts, seed):
    rows = [dspy.Example(word=text, shouted=text.upper()).with_inputs("word") for text in texts]
    found = pairs_of(Shout, rows, ("swapped", "truncated"), seed)
    assert [pair.word for pair in found] == texts
    assert all(pair[pair.better] == {"shouted": pair.word.upper()} for pair in found)
    assert all(pair.first != pair.second for pair in found)
    sides = Counter(pair.better for pair in found)
    assert abs(sides["first"] - sides["second"]) <= 1


def test_given_pairs_count_once_whatever_their_order_and_ties_do_not():
    rows = [
        dspy.Example(word="a", first="A", second="B", better="first").with_inputs("word", "first", "second"),
        dspy.Example(word="a", first="B", second="A", better="second").with_inputs("word", "first", "second"),
        dspy.Example(word="b", first="B", second="C", better="tie").with_inputs("word", "first", "second"),
    ]
    (pair,) = pairs_of(Shout, rows)
    assert (pair.word, pair[pair.better]) == ("a", {"shouted": "A"})
    assert turned_round(turned_round(pair)) == pair
    with pytest.raises(DataError, match="tie"):
        pairs_of(Shout, rows[2:])


def test_pairs_that_cannot_be_made_are_refused():
    with pytest.raises(DataError, match="no examples"):
        pairs_of(Shout, [])
    with pytest.raises(DataError, match="shouted"):
        pairs_of(Shout, [dspy.Example(word="a").with_inputs("word")])
    with pytest.raises(SettingError, match="sawpped"):
        pairs_of(Shout, words(4), ("sawpped",))


@pytest.mark.parametrize(("said", "score"), [("first", 1.0), ("second", 0.0), ("tie", 0.5)])
def test_agreement_counts_a_tie_half(said, score):
    pair = pairs_of(Shout, words(2))[0]
    assert asyncio.run(Agrees().score(pair, [dspy.Prediction(better=said)])).value == score


# Judgements


def judgements(judge, script, samples=2, count=6, meta=False):
    pairs, program = pairs_of(Shout, words(count)), Preferring(judge)
    lm = FakeLM(script)
    problem = Problem(program, program.task, pairs, 10, [], random.Random(0), Agrees())
    with dspy.context(lm=lm):
        return asyncio.run(draw_judgements(problem, pairs, samples, 0.7, meta=meta)), lm


@pytest.mark.parametrize("both_orders", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_kept_comparisons_agree_with_the_label_and_say_first_as_often_as_second(seed, both_orders):
    def unsure(messages, **settings):
        text = str(messages[-1]["content"])
        truth = "first" if field(text, "first_draft") == field(text, "word").upper() else "second"
        return {"better": truth if random.Random(f"{seed} {text} {settings.get('rollout_id')}").random() < 0.6 else "first"}

    found, _ = judgements(Pairwise(Shout, both_orders=both_orders), unsure)
    said = [one for demos in found.kept for one in demos["judge.choose"]]
    assert said
    for one in said:
        right = "first_draft" if one["better"] == "first" else "second_draft"
        assert one[right] == one["word"].upper()
    assert Counter(one["better"] for one in said)["first"] * 2 == len(said)
    assert len(found.kept) + len(found.wrong) == found.pairs == 6


@pytest.mark.parametrize("said", ["tie", "first", "%% no json"])
def test_ties_and_unreadable_or_one_sided_judgements_are_never_kept(said):
    found, _ = judgements(Pairwise(Shout, ties=True), lambda m, **s: {"better": said} if said[0] != "%" else said)
    assert found.kept == []
    assert len(found.wrong) == 6


@pytest.mark.parametrize(
    ("judge", "step", "verdict"), [(Rating(Shout), "judge.rate", "score"), (Verify(Shout), "judge.verify", "correct")]
)
def test_kept_grades_are_of_the_good_and_the_bad_answer_alike_and_tell_them_apart(judge, step, verdict):
    def sharp(messages, **settings):
        text = str(messages[-1]["content"])
        good = field(text, "draft") == field(text, "word").upper()
        known = {"score": 9 if good else 2, "reasons": "x", "correct": good, "wrong": not good}
        return {name: known[name] for name in answer_fields(messages)}

    found, lm = judgements(judge, sharp, samples=1)
    for demos in found.kept:
        good, bad = sorted(demos[step], key=lambda one: -float(one[verdict]))
        assert (good["draft"], float(good[verdict]) > float(bad[verdict])) == (good["word"].upper(), True)
    assert len(found.kept) == 6
    assert len({str(messages) for messages in lm.requests}) == 6 * 2 * len(
        judge.predictors()
    )  # the other order asks for nothing new


def test_a_judgement_whose_words_contradict_the_label_is_not_shown_even_where_the_odds_agree():
    def yes_sayer(messages, **settings):
        text = str(messages[-1]["content"])
        chance = 0.9 if field(text, "draft") == field(text, "word").upper() else 0.6
        name = answer_fields(messages)[0]
        yes = chance if name == "correct" else 1 - chance
        return {name: yes > 0.5}, {name: {"true": yes, "false": 1 - yes}}

    found, _ = judgements(Verify(Shout), yes_sayer, samples=1)
    assert found.kept == []


def test_the_label_never_comes_from_the_judge():
    """A judge that always prefers the bad answer changes no label, and nothing of it is kept."""

    def contrary(messages, **settings):
        text = str(messages[-1]["content"])
        return {"better": "second" if field(text, "first_draft") == field(text, "word").upper() else "first"}

    found, _ = judgements(Pairwise(Shout), contrary)
    assert found.kept == []
    assert all(pair[pair.better] == {"shouted": pair.word.upper()} for pair in found.wrong)


def test_the_meta_judge_chooses_among_right_judgements_and_none_meets_its_equal():
    """It prefers sharp reasons; dull judgements are shown only where there is no sharp one."""

    def script(messages, **settings):
        text = str(messages[-1]["content"])
        if "first_judgement" in text:
            one, other = text.split("first_judgement:")[1].split("second_judgement:")
            assert one.strip() != other.strip()
            return {"better": "first" if "SHARP" in one else "second"}
        good = field(text, "draft") == field(text, "word").upper()
        sharp = str(settings.get("rollout_id") or "").endswith("2")
        return {"reasons": "SHARP" if sharp else "dull", "score": 9 if good else 2}

    chosen, lm = judgements(Rating(Shout, expect=False), script, samples=3, meta=True)
    assert {one["reasons"] for demos in chosen.kept for one in demos["judge.rate"]} == {"SHARP"}
    assert sum("first_judgement" in str(messages[-1]["content"]) for messages in lm.requests) == 6 * 2 * 2
    at_random, _ = judgements(Rating(Shout, expect=False), script, samples=3)
    assert {one["reasons"] for demos in at_random.kept for one in demos["judge.rate"]} == {"SHARP", "dull"}


# The optimizer


def tuned_judge(tmp_path, judge, script=judging, calls=2000, **knobs):
    data, lm = words(60), FakeLM(script)
    with dspy.context(lm=lm):
        found = TuneJudge(**knobs).compile(
            judge, trainset=data[:10], valset=data[10:], budget=Budget(calls=calls), run_dir=tmp_path / "run", progress=False
        )
    return found, lm


def test_a_tuned_judge_is_a_judge_again_without_the_trust_of_the_old_one_and_is_saved(tmp_path):
    judge = Rating(Speak)
    labelled = [
        dspy.Example(word=f"w{i}", shouted=f"W{i}" if i % 2 else "X", good=bool(i % 2)).with_inputs("word", "shouted")
        for i in range(12)
    ]
    with dspy.context(lm=FakeLM(judging)):
        judge.trust(labelled)
    found, _ = tuned_judge(tmp_path, judge)
    assert found.tuning.confirmed, found.tuning.reason
    assert isinstance(found, Rating)
    assert found.trusted is None
    assert judge.trusted is not None
    save(found, tmp_path / "judge.st")
    loaded = load(tmp_path / "judge.st")
    assert loaded.rate.signature.instructions == found.rate.signature.instructions
    assert len(loaded.rate.demos) == len(found.rate.demos) > 0


def test_new_instructions_keep_the_task_they_are_about(tmp_path):
    tuned_judge(tmp_path, Pairwise(Speak), shots=0)
    with Run(tmp_path / "run") as run:
        asked = [trial["candidate"]["tunings"] for _, data in run.events("asked") for trial in data["trials"]]
    texts = [one["judge.choose"]["instruction"] for one in asked if one]
    assert texts
    assert all(text.endswith(f"\n\nThe task: {Speak.instructions}") for text in texts)


def test_each_step_of_a_judge_gets_demonstrations_of_its_own(tmp_path):
    found, _ = tuned_judge(tmp_path, Verify(Speak), proposals=0)
    assert found.tuning.confirmed
    assert all("correct" in demo for demo in found.verify.demos)
    assert all("wrong" in demo for demo in found.refute.demos)
    assert Counter(demo["correct"] for demo in found.verify.demos)[True] * 2 == len(found.verify.demos) > 0


def test_a_judge_of_several_steps_is_tuned_too(tmp_path):
    def script(messages, **settings):
        if answer_fields(messages) in (["requirements"], ["satisfied"]):
            return obliging(messages)
        return judging(messages, **settings)

    found, _ = tuned_judge(tmp_path, Checklist(Speak), script)
    assert not found.tuning.confirmed


def test_a_judge_that_guesses_gives_no_demonstrations_and_a_stuck_proposer_ends_the_search(tmp_path):
    def blind(messages, **settings):
        return {"instruction": ""} if answer_fields(messages) == ["instruction"] else {"better": "first"}

    found, _ = tuned_judge(tmp_path, Pairwise(Speak), blind)
    assert found.tuning.ended == "the strategy has nothing left to try"
    assert found.tuning.reasons == ["judgements that agree with the label in both orders: on 0 of 10 pairs"]


def test_what_a_run_would_spend_is_told_of_the_judge_and_its_pairs():
    with dspy.context(lm=FakeLM(judging)):
        expected = TuneJudge().estimate(Rating(Speak), trainset=words(10), valset=words(50)[10:], budget=Budget(calls=9999))
    assert expected.least_calls == 2 * (20 + 2 * 20 + 20)  # two answers to each pair are graded


def test_what_cannot_be_tuned_is_refused(tmp_path):
    with pytest.raises(SettingError, match="no judge"):
        tuned_judge(tmp_path, Predict(Speak))
    with pytest.raises(SettingError, match="reads the right answer"):
        tuned_judge(tmp_path, Verify(Speak, reference=True))
    with pytest.raises(SettingError, match="meta"):
        tuned_judge(tmp_path, Pairwise(Speak), meta=True)


@pytest.mark.parametrize("knobs", [{"shots": 1}, {"samples": 0}, {"sets": 0, "proposals": 0}, {"temperature": 0.0}, {"block": 0}])
def test_bad_knobs_are_refused(knobs):
    with pytest.raises(SettingError, match="at least"):
        TuneJudge(**knobs)
