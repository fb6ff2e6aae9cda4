"""Trust on graded answers: what is said of a judge follows from labels, with intervals and chance."""

import json
import random
import warnings

import dspy
import numpy as np
import pytest

from selftaught.artifact import load, save
from selftaught.errors import AnswerError, DataError, SelfJudgedWarning, SettingError, UntrustedJudge
from selftaught.programs.judge import Verify, label_by_construction
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.trust import Trust, advice, labels_needed, same_model
from selftaught.signatures import Criterion, Verdict
from selftaught.testing import FakeLM, answer_fields
from selftaught.testing.samples import Shout, obliging, words


class Oracle(Judge):
    """Right with a given probability."""

    def __init__(self, task, right=1.0):
        super().__init__(task)
        self.right = right

    async def verdict(self, inputs, outputs):
        good = outputs["shouted"] == inputs["word"].upper()
        sure = random.Random(str(inputs) + str(outputs)).random() < self.right
        return Verdict(score=float(good == sure), passed=good == sure)


class Silent(Judge):
    async def verdict(self, inputs, outputs):
        return Verdict(score=None)


class Scripted(Judge):
    """Gives the score that a function of the answer says; None is no verdict, an exception a failed call."""

    def __init__(self, task, script, criteria=()):
        super().__init__(task)
        self.script, self.criteria = script, criteria

    async def verdict(self, inputs, outputs):
        score = self.script(inputs["word"], outputs["shouted"])
        return Verdict(score=score, passed=score is not None and score >= 0.5, criteria=self.criteria)


def answers(labels, **more):
    """Return one answer a label; the number in its word tells which it is."""
    return [
        dspy.Example(word=f"w{number}", shouted=f"W{number}", good=label, **{name: found[number] for name, found in more.items()})
        for number, label in enumerate(labels)
    ]


def measured(scores, labels, *, criteria=(), settings=None, **more):
    """Return the trust in a judge that gives these scores to answers with these labels."""
    judge = Scripted(Shout, lambda word, shouted: scores[int(word[1:])], criteria)
    return judge.trust(answers(labels, **more), **(settings or {}))


def labelled(count=20):
    return label_by_construction(Shout, words(count))


def test_an_oracle_is_informative_and_passes_the_gate():
    trust = Oracle(Shout).trust(labelled())
    assert (trust.accuracy, trust.auroc, trust.n, trust.failed) == (1.0, 1.0, 40, 0)
    assert trust.gate() is trust


def test_a_coin_has_no_information_and_is_refused():
    judge = Oracle(Shout, right=0.5)
    trust = judge.trust(labelled())
    assert not trust.informative
    assert "no information" in str(trust)
    with pytest.raises(UntrustedJudge, match="cannot serve as a metric"):
        trust.gate()


def test_a_liar_is_not_informative():
    assert not Oracle(Shout, right=0.0).trust(labelled()).informative


def test_one_class_of_labels_is_undetermined():
    good = [example for example in labelled() if example.good]
    trust = Oracle(Shout).trust(good)
    assert trust.auroc is None
    assert "undetermined" in str(trust)
    assert not trust.informative


def test_undetermined_verdicts_are_missing_not_wrong():
    trust = Silent(Shout).trust(labelled())
    assert (trust.n, trust.accuracy) == (0, None)


def test_the_accuracy_of_a_constant_equals_chance():
    rows = [dspy.Example(word="a", shouted="B", good=i < 15) for i in range(20)]
    trust = Oracle(Shout).trust(rows)
    assert trust.chance == 0.75
    assert trust.accuracy == 0.25


def test_data_without_labels_is_refused():
    with pytest.raises(DataError):
        Oracle(Shout).trust([])
    with pytest.raises(SettingError, match="good"):
        Oracle(Shout).trust(words(3))


def test_labels_by_construction_hold_each_answer_once_right_and_once_wrong():
    rows = labelled(5)
    assert [row.good for row in rows] == [True, False] * 5
    assert all((row.shouted == row.word.upper()) == row.good for row in rows)


def test_equal_answers_make_no_wrong_one():
    same = [dspy.Example(word=f"w{i}", shouted="SAME").with_inputs("word") for i in range(4)]
    with pytest.raises(DataError, match="same answer"):
        label_by_construction(Shout, same)


def test_every_figure_is_there_with_its_interval_and_chance():
    trust = measured([0.9, 0.8, 0.7, 0.2] * 10, [True, True, False, False] * 10)
    assert trust.figure("accuracy").value == trust.accuracy == 0.75
    assert trust.figure("balanced_accuracy").value == 0.75
    assert trust.figure("kappa").value == pytest.approx(0.5)
    assert trust.figure("auroc").value == 1.0
    assert (trust.figure("says_good").value, trust.figure("says_good").chance) == (0.75, 0.5)
    assert trust.figure("brier").value == pytest.approx(np.mean([0.01, 0.04, 0.49, 0.04]))
    assert trust.figure("brier").chance == 0.25
    assert sum(one.count for one in trust.bins) == 40
    for name, figure in trust.figures.items():
        assert (figure.value is None) == bool(figure.why), name
        assert (figure.value is None) == (figure.interval is None), name


@pytest.mark.parametrize("name", ["spearman", "pearson", "alpha", "people_alpha", "consistency", "self_preference"])
def test_what_the_data_cannot_tell_is_undetermined_with_a_reason(name):
    figure = measured([0.9, 0.1] * 5, [True, False] * 5).figure(name)
    assert figure.value is None
    assert figure.why


def test_a_random_judge_is_called_informative_at_most_one_time_in_twenty():
    draws, called = random.Random(7), 0
    for _ in range(100):
        labels = [draws.random() < 0.5 for _ in range(24)]
        called += measured([draws.choice([0.0, 0.25, 0.5, 0.75, 1.0]) for _ in labels], labels).informative
    assert called <= 100 * 0.05 + 5  # more than two standard deviations above


def test_a_random_judge_of_ratings_is_called_informative_at_most_one_time_in_twenty():
    draws, called = random.Random(8), 0
    for _ in range(60):
        labels = [draws.choice([0.0, 0.2, 0.4, 0.6, 0.8]) for _ in range(12)]
        called += measured([draws.random() for _ in labels], labels).informative
    assert called <= 60 * 0.05 + 4


def test_an_inverted_judge_is_told_to_be_turned_round():
    trust = measured([0.1, 0.9] * 20, [True, False] * 20)
    assert (trust.auroc, trust.accuracy, trust.informative) == (0.0, 0.0, False)
    assert "prefers the worse answers" in str(trust)


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_a_constant_judge_has_no_information(score):
    trust = measured([score] * 20, [True, False] * 10)
    assert trust.constant
    assert "no information beyond chance" in str(trust)
    assert "says the same of every answer" in str(trust)
    assert trust.figure("kappa").value == 0.0


def test_a_judge_that_says_yes_to_almost_everything_is_called_so():
    labels = [True] * 20 + [False] * 20
    trust = measured([1.0] * 37 + [0.0] * 3, labels)
    assert trust.figure("says_good").value == 0.925
    assert "It says yes to 92 % of the answers; 50 % are good." in str(trust)


def test_a_judge_that_never_parses_is_undetermined_and_refused():
    def fails(word, shouted):
        raise AnswerError("no verdict in it", raw="garbage")

    trust = Scripted(Shout, fails).trust(answers([True, False] * 4))
    assert (trust.n, trust.failed, trust.accuracy, trust.interval) == (0, 8, None, (0.0, 1.0))
    assert "undetermined: 0 verdicts, none readable out of 8" in str(trust)
    with pytest.raises(UntrustedJudge):
        trust.gate()


def test_a_judge_that_parses_half_the_time_is_measured_on_that_half():
    trust = measured([0.9, None, 0.1, None] * 10, [True, False, False, True] * 10)
    assert (trust.n, trust.failed, trust.auroc) == (20, 20, 1.0)
    assert "20 without a verdict" in str(trust)


def test_fewer_than_two_answers_tell_nothing():
    trust = measured([0.9], [True])
    assert not trust.informative
    assert "undetermined" in str(trust)


def test_too_few_labels_are_named_as_such_and_counted():
    trust = measured([0.9, 0.6, 0.4, 0.7, 0.5, 0.1], [True, True, True, False, False, False])
    assert not trust.informative
    needed = labels_needed(trust)
    assert needed > 6
    assert f"about {needed - 6} more labels" in advice(trust)
    bigger = measured(
        [0.9, 0.6, 0.4, 0.7, 0.5, 0.1] * (needed // 6 + 1), [True, True, True, False, False, False] * (needed // 6 + 1)
    )
    assert bigger.figure("auroc").interval[0] > 0.5


def test_plenty_of_labels_on_a_coin_are_enough_to_say_so():
    draws = random.Random(0)
    labels = [draws.random() < 0.5 for _ in range(600)]
    trust = measured([draws.random() for _ in labels], labels)
    assert "hardly better than a coin" in advice(trust)
    assert labels_needed(measured([0.5, 0.5], [True, False])) is None


def test_a_judge_that_favours_length_is_caught_at_equal_worth():
    draws, rows, scores = random.Random(1), [], {}
    for number in range(80):
        size = draws.randint(1, 60)
        rows.append(dspy.Example(word=f"w{number}", shouted="W" * size, good=draws.random() < 0.5))
        scores[f"w{number}"] = size / 60
    judge = Scripted(Shout, lambda word, shouted: scores[word])
    trust = judge.trust(rows)
    assert trust.figure("length_bias").value == pytest.approx(1.0, abs=0.02)
    assert "favours longer answers" in str(trust)


def test_good_answers_that_are_longer_make_no_length_bias():
    rows = [dspy.Example(word=f"w{i}", shouted="W" * (40 + i % 7 if i % 2 else 2 + i % 5), good=bool(i % 2)) for i in range(80)]
    draws = random.Random(2)
    scores = {row.word: (0.7 if row.good else 0.3) + draws.uniform(-0.2, 0.2) for row in rows}
    trust = Scripted(Shout, lambda word, shouted: scores[word]).trust(rows)
    assert trust.figure("length_bias").differs == 0
    assert "longer" not in str(trust)


def test_it_ranks_well_but_is_badly_calibrated():
    trust = measured([0.95, 0.8] * 40, [True, False] * 40)
    assert trust.figure("calibration_error").value == pytest.approx((0.05 + 0.8) / 2)
    assert "call judge.calibrate(labelled)" in str(trust)


def test_contradictions_are_counted_and_unreadable_answers_are_not():
    criteria = (
        Criterion(name="a", passed=True),
        Criterion(name="b", passed=None, reason="contradicts itself when asked the other way round"),
        Criterion(name="c", passed=None, reason="no readable answer"),
    )
    trust = measured([0.9, 0.1] * 10, [True, False] * 10, criteria=criteria)
    assert trust.consistency == 0.5
    assert "contradicts itself on 50 %" in str(trust)


def test_numeric_ratings_give_rank_correlations():
    scores = [0.1, 0.2, 0.4, 0.3, 0.5, 0.6, 0.7, 0.9, 0.8, 1.0]
    trust = measured(scores, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], settings={"scale": (1, 10)})
    assert trust.figure("spearman").value == pytest.approx(1 - 6 * 4 / (10 * 99))
    assert trust.auroc == pytest.approx(43 / 45)
    assert trust.informative


def test_several_people_give_the_ceiling():
    people = [[1, 1, 2], [2, 2, 2], [3, 3, 4], [4, 4, 5], [5, 5, 5], [1, 2, 1], [3, None, 3], [5, 4, 5]]
    scores = [np.mean([(one - 1) / 4 for one in many if one is not None]) for many in people]
    trust = measured(scores, people, settings={"scale": (1, 5)})
    assert trust.figure("alpha").value == pytest.approx(1.0)
    assert 0.6 < trust.figure("people_alpha").value < 1.0
    assert trust.figure("people_alpha").n == 8


@pytest.mark.parametrize("label", [2, -0.1, "yes", None, [], [None, None], [0.5, 3]])
def test_labels_that_make_no_sense_are_refused(label):
    with pytest.raises(SettingError, match="Labelled answer 1"):
        measured([0.5, 0.5], [True, label])


def test_own_answers_scored_too_well_are_a_self_preference():
    class Named(Scripted):
        def predictors(self):
            return [step]

    step, labels = dspy.Predict("a -> b"), [True, False] * 20
    step.lm = FakeLM(obliging, name="openai/mine")
    sources = ["mine"] * 20 + ["other"] * 20
    judge = Named(Shout, lambda word, shouted: 0.9 if int(word[1:]) < 20 else 0.4)
    trust = judge.trust(answers(labels, source=sources))
    assert trust.figure("self_preference").value == pytest.approx(0.5)
    assert trust.figure("self_preference").differs == 1
    assert "own model" in str(trust)
    assert not trust.warnings
    with pytest.warns(SelfJudgedWarning, match="openai/mine"):
        trust = judge.trust(answers(labels, source=["mine"] * 40))
    assert trust.figure("self_preference").value is None
    assert "writes itself" in trust.warnings[0]
    family = judge.trust(answers(labels, source=sources, family=["MINE"] * 20 + ["else"] * 20)).figure("family_preference")
    assert family.value == pytest.approx(0.5)


def test_models_are_the_same_wherever_they_run():
    assert same_model("openai/gpt-4o", "GPT-4o")
    assert same_model("http://127.0.0.1:9/v1#qwen", "/models/qwen.gguf")
    assert not same_model("gpt-4o", "gpt-4o-mini")
    assert not same_model("", "")


def test_the_gate_takes_any_figure():
    trust = measured([0.95, 0.8] * 40, [True, False] * 40)
    assert trust.gate(0.9) is trust
    with pytest.raises(UntrustedJudge, match=r"at most 0\.1"):
        trust.gate(0.1, "calibration_error")
    assert trust.gate(0.5, "calibration_error") is trust
    with pytest.raises(UntrustedJudge, match=r"accuracy of at least 0\.6"):
        trust.gate(0.6, "accuracy")
    with pytest.raises(UntrustedJudge, match="undetermined"):
        trust.gate(0.6, "spearman")
    with pytest.raises(SettingError, match="did you mean 'auroc'"):
        trust.gate(0.6, "auroq")


def test_trust_survives_json_and_the_artifact(tmp_path):
    trust = measured([0.9, None, 0.3, 0.4] * 6, [True, True, False, True] * 6)
    assert Trust.from_dict(json.loads(json.dumps(trust.to_dict()))) == trust
    lm = FakeLM(obliging)
    with dspy.context(lm=lm):
        judge = Verify(Shout)
        judge.trusted = trust
        save(judge, tmp_path / "judge.st")
        again = load(tmp_path / "judge.st").trusted
    assert again == trust
    assert str(again) == str(trust)


def test_made_labels_say_that_they_are_a_lower_bound():
    trust = Oracle(Shout).trust(labelled())
    assert trust.by_construction
    assert "only a lower bound" in str(trust)
    assert "fails on real answers too" in str(Oracle(Shout, right=0.5).trust(labelled()))


TEXT = ["the 3 big dogs ran 12 miles", "a cat saw 40 birds today", "no numbers in this one"]


def texts():
    return [dspy.Example(word=f"w{i}", shouted=text).with_inputs("word") for i, text in enumerate(TEXT)]


def test_each_kind_of_fault_is_what_it_says():
    made = label_by_construction(Shout, texts(), kinds=("swapped", "truncated", "numbers", "shuffled"), seed=1)
    for row in made:
        own = TEXT[int(row.word[1:])]
        assert (row.shouted == own) == row.good == (row.corruption == "")
        if row.corruption == "truncated":
            assert own.startswith(row.shouted)
        if row.corruption == "shuffled":
            assert sorted(row.shouted.split()) == sorted(own.split())
        if row.corruption == "numbers":
            changed = [(a, b) for a, b in zip(own.split(), row.shouted.split(), strict=True) if a != b]
            assert len(changed) == 1
            assert all(a.isdigit() and b.isdigit() for a, b in changed)
    counts = [row.corruption for row in made]
    assert [counts.count(kind) for kind in ("", "swapped", "truncated", "numbers", "shuffled")] == [3, 3, 3, 2, 3]


def test_faults_repeat_with_the_seed_and_unknown_kinds_are_refused():
    def made(seed):
        return [row.shouted for row in label_by_construction(Shout, texts(), kinds=("shuffled",), seed=seed)]

    assert made(1) == made(1) != made(2)
    with pytest.raises(SettingError, match="did you mean 'shuffled'"):
        label_by_construction(Shout, texts(), kinds=("shufled",))
    with pytest.raises(DataError, match="no wrong answers"):
        label_by_construction(Shout, words(2)[:1], kinds=("shuffled",))


def test_a_judge_of_the_models_own_answers_gives_a_warning_when_it_tunes():
    from selftaught.programs import Predict
    from selftaught.programs.judge.trust import warn_if_same

    def told(judge, program):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warn_if_same(judge, program)
        return [one.category for one in caught]

    one, other = FakeLM(obliging, name="one"), FakeLM(obliging, name="other")
    with dspy.context(lm=one):
        judge, program = Verify(Shout), Predict(Shout)
        assert told(judge, program) == told(judge.as_metric(), program) == [SelfJudgedWarning]
        judge.set_lm(other)
        for silent in (judge, Oracle(Shout), lambda example, prediction: 1.0):
            assert told(silent, program) == []
        program.set_lm(other)
        assert told(judge, program) == [SelfJudgedWarning]


def test_tuning_against_the_answering_model_as_judge_warns(tmp_path):
    from selftaught.budget import Budget
    from selftaught.optimizers import APE
    from selftaught.programs import Predict

    def script(messages, **settings):
        asked = answer_fields(messages)
        return {"correct": True} if asked == ["correct"] else {"wrong": True} if asked == ["wrong"] else obliging(messages)

    with dspy.context(lm=FakeLM(script)), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        APE(metric=Verify(Shout), allow_untrusted=True).compile(
            Predict(Shout), trainset=words(8), valset=words(28)[8:], budget=Budget(calls=300), run_dir=tmp_path, progress=False
        )
    told = [one for one in caught if one.category is SelfJudgedWarning]
    assert len(told) == 1
    assert "judges answers that it writes itself" in str(told[0].message)
