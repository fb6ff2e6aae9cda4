"""The step judge (100, 155), self-validated critiques (155) and step pairs (051)."""

import asyncio
import copy
import json

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftaught.artifact import load, save
from selftaught.errors import AnswerError, DataError, SettingError, TaskError
from selftaught.programs.judge import FunctionJudge
from selftaught.programs.judge.chain import grouped, steps_of
from selftaught.programs.judge.self_validated import SelfValidated
from selftaught.programs.judge.step_pairs import StepPairs, best_step
from selftaught.programs.judge.steps import StepJudge, first_wrong
from selftaught.programs.refine import Refine
from selftaught.testing import FakeLM, JudgeContract, answer_fields
from selftaught.testing.samples import Shout, obliging


class Sum(dspy.Signature):
    """Add the numbers."""

    question: str = dspy.InputField()
    steps: list[str] = dspy.OutputField()
    answer: str = dspy.OutputField()


class Add(dspy.Signature):
    """Add the numbers."""

    question: str = dspy.InputField()
    answer: str = dspy.OutputField()


QUESTION = "1 + 2 + 3"
RIGHT = ["1 + 2 = 3", "3 + 3 = 6"]
WRONG = ["1 + 2 = 3", "3 + 3 = 7", "So it is 7"]


def with_steps(script, number=0):
    known = {"first_wrong": number, "analysis": ["Capitals decide."]}

    def answers(messages, **settings):
        said = script(messages, **settings)
        return {name: known.get(name, value) for name, value in said.items()} if isinstance(said, dict) else said

    return answers


class OfSteps(JudgeContract):
    def use(self, script=obliging, **settings):
        return super().use(with_steps(script), **settings)


class TestEachStep(OfSteps):
    method = "critique-in-the-loop"

    def make(self, task):
        return StepJudge(task, ask="each", reason=True)


class TestFirstWrongStep(OfSteps):
    def make(self, task):
        return StepJudge(task, ask="first", partial=True)


class TestWithAReference(OfSteps):
    """The reference comes from the examples' labels, so the tests that call the judge alone give it."""

    method = "scrit"

    def make(self, task):
        return _Given(task, ask="first", reference=True)

    def test_answers_alike_after_saving_and_loading(self, tmp_path):
        judge = StepJudge(Shout, ask="first", reference=True)
        save(judge, tmp_path / "judge.st")
        with dspy.context(lm=self.use()):
            verdicts = [one(word="a", shouted="A", reference="A").verdict for one in (judge, load(tmp_path / "judge.st"))]
        assert verdicts[0] == verdicts[1]


class _Given(StepJudge):
    """A step judge that has learned its reference by heart, so that the contract need not give one."""

    def accepts(self):
        return {**super().accepts(), "reference": False}

    async def verdict(self, inputs, outputs):
        return await super().verdict({"reference": "TREE", **inputs}, outputs)


# -------------------------------------------------------------------------------------------- cutting


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (["a", " ", "b "], ["a", "b"]),
        ("1. Read it.\n2. Add 3.5 and 1.\n   Carry.\n3) Done.", ["Read it.", "Add 3.5 and 1. Carry.", "Done."]),
        ("Let us see.\nStep 1: one\nStep 2: two", ["Let us see.", "one", "two"]),
        ("**Step 1:** one\n**Step 2:** two", ["one", "two"]),
        ("- one\n* two\n\n\u2022 three", ["one", "two", "three"]),
        ("4 + 4 = 8\n8 - 3 = 5", ["4 + 4 = 8", "8 - 3 = 5"]),
        ("-3 is below 0\n-2 too", ["-3 is below 0", "-2 too"]),
        (
            "He has 3.5 apples, e.g. red ones. Then 2 more. So 5.5.",
            ["He has 3.5 apples, e.g. red ones.", "Then 2 more.", "So 5.5."],
        ),
        ("Step 2 follows from above\nthe end", ["Step 2 follows from above", "the end"]),
        ("only this", ["only this"]),
        ("...", ["..."]),
        (" \n", []),
        ([], []),
    ],
)
def test_an_answer_is_cut_into_its_steps(text, steps):
    assert steps_of(text) == steps


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_no_step_is_blank_and_none_is_invented(text):
    found = steps_of(text)
    assert all(step.strip() == step and step for step in found)
    assert set("".join(found)) <= set(text) | {" "}


@given(st.lists(st.text("ab", min_size=1), max_size=30), st.integers(1, 9))
def test_grouping_keeps_every_step_in_order_and_evenly(steps, most):
    found = grouped(steps, most)
    assert " ".join(found) == " ".join(steps)
    assert len(found) == min(len(steps), most)
    sizes = [len(group.split()) for group in found]
    assert not sizes or max(sizes) - min(sizes) <= 1


# -------------------------------------------------------------------------------------------- one call for each step


def true(step):
    left, _, right = step.partition(" = ")
    return not right or sum(map(int, left.split(" + "))) == int(right)


def field_of(messages, name):
    return next(line.removeprefix(f"{name}: ") for line in messages[-1]["content"].splitlines() if line.startswith(f"{name}: "))


def adder(chances=None, unreadable=""):
    """A critic that adds up the step it is shown; `chances` of its being right, by step; garbage where a text is in the step."""

    def script(messages, **settings):
        step = field_of(messages, "step")
        if unreadable and unreadable in step:
            return "garbage"
        right = true(step)
        if chances is None:
            return {"correct": right}
        return {"correct": chances[step] >= 0.5}, {"correct": {"true": chances[step], "false": 1 - chances[step]}}

    return FakeLM(script)


def judged(lm, steps, task=Add, **settings):
    with dspy.context(lm=lm):
        outputs = {"steps": steps, "answer": "6"} if task is Sum else {"answer": "\n".join(steps)}
        return StepJudge(task, **settings)(question=QUESTION, **outputs).verdict


@pytest.mark.parametrize(("steps", "wrong"), [(RIGHT, 0), (WRONG, 2), (["1 + 2 = 4", "4 + 3 = 8", "x"], 1)])
@pytest.mark.parametrize("task", [Sum, Add])
def test_every_step_gets_one_label_and_the_first_wrong_one_is_named(task, steps, wrong):
    lm = adder()
    verdict = judged(lm, steps, task, steps_from="steps" if task is Sum else None)
    assert [criterion.passed for criterion in verdict.criteria] == [true(step) for step in steps]
    assert lm.calls == len(steps)
    assert first_wrong(verdict) == wrong
    assert (verdict.passed, verdict.score) == (wrong == 0, float(wrong == 0))
    assert (f"Step {wrong} is the first wrong one." in verdict.reasons) == (wrong > 0)


def test_each_call_sees_the_steps_before_and_none_after():
    lm = adder()
    judged(lm, WRONG)
    prompts = sorted((m[-1]["content"] for m in lm.requests), key=len)
    assert [[step in prompt for step in WRONG] for prompt in prompts] == [
        [True, False, False], [True, True, False], [True, True, True],
    ]  # fmt: skip


def test_the_score_is_the_chance_of_the_weakest_step():
    chances = dict(zip(WRONG, (0.9, 0.6, 0.7), strict=True))
    verdict = judged(adder(chances), WRONG)
    assert verdict.score == pytest.approx(0.6)
    assert verdict.passed
    assert [criterion.score for criterion in verdict.criteria] == pytest.approx([0.9, 0.6, 0.7])


def test_a_partial_score_is_the_expected_share_before_the_first_wrong_step():
    assert judged(adder(), WRONG, partial=True).score == pytest.approx(1 / 3)
    chances = dict(zip(WRONG, (0.9, 0.5, 0.2), strict=True))
    assert judged(adder(chances), WRONG, partial=True).score == pytest.approx((0.9 + 0.45 + 0.09) / 3)


@pytest.mark.parametrize(("unreadable", "passed", "wrong"), [("1 + 2", False, 2), ("3 + 3", None, None)])
def test_an_unreadable_step_has_no_label(unreadable, passed, wrong):
    verdict = judged(adder(unreadable=unreadable), WRONG)
    assert [criterion.passed for criterion in verdict.criteria].count(None) == 1
    assert verdict.passed is passed
    assert verdict.confidence == pytest.approx(2 / 3)
    assert first_wrong(verdict) == wrong


def test_nothing_readable_at_all_is_a_failed_call():
    with pytest.raises(AnswerError):
        judged(FakeLM(lambda messages, **settings: "garbage"), RIGHT)


def test_an_answer_without_steps_is_undetermined_and_costs_nothing():
    lm = adder()
    verdict = judged(lm, [])
    assert (verdict.score, verdict.passed, lm.calls) == (None, None, 0)
    assert first_wrong(verdict) is None


def test_a_long_answer_costs_no_more_than_promised():
    lm = FakeLM(lambda messages, **settings: {"correct": True})
    verdict = judged(lm, [f"line {number}" for number in range(25)])
    assert lm.calls == len(verdict.criteria) == 9 == StepJudge(Add).cost().at_most


# -------------------------------------------------------------------------------------------- one call for the first wrong step


def finder(number, odds=None):
    return FakeLM(
        lambda messages, **settings: ({"first_wrong": number}, {"first_wrong": odds}) if odds else {"first_wrong": number}
    )


@pytest.mark.parametrize(
    ("number", "labels", "partial"), [(0, [True] * 3, 1.0), (1, [False], 0.0), (3, [True, True, False], 2 / 3)]
)
def test_the_first_wrong_step_is_named_in_one_call(number, labels, partial):
    lm = finder(number)
    verdict = judged(lm, WRONG, ask="first")
    assert [criterion.passed for criterion in verdict.criteria] == labels
    assert (verdict.score, verdict.passed) == (float(number == 0), number == 0)
    assert first_wrong(verdict) == number
    assert judged(finder(number), WRONG, ask="first", partial=True).score == pytest.approx(partial)
    assert lm.calls == 1
    assert "1. 1 + 2 = 3" in lm.requests[0][-1]["content"]


def test_the_score_is_the_chance_that_no_step_is_wrong():
    odds = {"0": 0.5, "2": 0.3, "3": 0.1, "8": 0.1}  # there is no eighth step
    assert judged(finder(0, odds), WRONG, ask="first").score == pytest.approx(0.5 / 0.9)
    partial = judged(finder(0, odds), WRONG, ask="first", partial=True).score
    assert partial == pytest.approx((0.5 + 0.3 / 3 + 0.1 * 2 / 3) / 0.9)


def test_a_step_that_is_not_there_leaves_the_verdict_undetermined():
    verdict = judged(finder(7), WRONG, ask="first")
    assert (verdict.score, verdict.passed) == (None, None)
    assert "step 7 of 3" in verdict.reasons


# -------------------------------------------------------------------------------------------- with a reference


def contrastive(number=2):
    def script(messages, **settings):
        return {"analysis": ["3 and 6 decide."]} if answer_fields(messages) == ["analysis"] else {"first_wrong": number}

    return FakeLM(script)


def test_the_reference_is_analysed_once_for_all_answers_and_the_critic_reads_both():
    lm = contrastive()
    with dspy.context(lm=lm):
        judge = StepJudge(Add, ask="first", reference=True)

        async def several():
            await asyncio.gather(*(judge.acall(question=QUESTION, answer=a, reference="GOLD") for a in ("a\nb", "c\nd", "e\nf")))
            await judge.acall(question="other", answer="a\nb", reference="GOLD")

        asyncio.run(several())
    analyses = [m for m in lm.requests if answer_fields(m) == ["analysis"]]
    critics = [m[-1]["content"] for m in lm.requests if answer_fields(m) != ["analysis"]]
    assert (len(analyses), len(critics)) == (2, 4)
    assert all("GOLD" in m[-1]["content"] for m in analyses)
    assert all("3 and 6 decide." in text and "GOLD" in text for text in critics)
    assert copy.deepcopy(judge).analyses.values == judge.analyses.values


def test_a_failed_analysis_is_not_kept():
    answers = iter(["garbage", "garbage", "fine"])

    def script(messages, **settings):
        if answer_fields(messages) == ["analysis"]:
            said = next(answers)
            return said if said == "garbage" else {"analysis": [said]}
        return {"first_wrong": 0}

    with dspy.context(lm=FakeLM(script)):
        judge = StepJudge(Add, ask="first", reference=True)
        with pytest.raises(AnswerError):
            judge(question=QUESTION, answer="a", reference="r")
        assert judge(question=QUESTION, answer="a", reference="r").passed


def test_without_a_reference_none_is_asked_for():
    lm = finder(0)
    judged(lm, RIGHT, ask="first")
    assert "analysis" not in str(lm.requests)
    assert StepJudge(Add).reads_reference == "no"


def test_nonsense_is_refused():
    with pytest.raises(SettingError, match=r"steps_from='stepz'.*did you mean 'steps'"):
        StepJudge(Sum, steps_from="stepz")
    with pytest.raises(SettingError, match="'each' or 'first'"):
        StepJudge(Sum, ask="last")
    with pytest.raises(TaskError, match="'step'"):
        StepJudge("step -> answer")


def test_as_a_critic_it_tells_the_reviser_which_steps_are_wrong():
    def script(messages, **settings):
        asked = answer_fields(messages)
        if asked == ["correct"]:
            return {"correct": true(field_of(messages, "step"))}
        return {"answer": "\n".join(RIGHT if "problems" in messages[-1]["content"] else WRONG)}

    lm = FakeLM(script)
    with dspy.context(lm=lm):
        found = Refine(Add, rounds=1, critic=StepJudge(Add))(question=QUESTION)
    revisions = [m[-1]["content"] for m in lm.requests if "problems" in m[-1]["content"]]
    assert found.answer == "\n".join(RIGHT)
    assert len(revisions) == 1
    assert "Is step 2 right? 3 + 3 = 7" in revisions[0] and "Is step 1 right?" not in revisions[0]


# -------------------------------------------------------------------------------------------- self-validation


def scrit(number, correction, first=False):
    """Names a step as the first wrong one and writes a correction."""

    def script(messages, **settings):
        asked = answer_fields(messages)
        if asked == ["analysis"]:
            return {"analysis": ["It is six."]}
        return {"reason": "Because.", "first_wrong": number} if "first_wrong" in asked else {"answer": correction}

    return FakeLM(script)


def validated(lm, rows):
    labelled = [dspy.Example(question=QUESTION, answer=answer, reference="6", **more) for answer, more in rows]
    with dspy.context(lm=lm):
        return SelfValidated(Add).validated(labelled)


@pytest.mark.parametrize(
    ("answer", "number", "correction", "kept", "why"),
    [
        ("7", 1, "6", True, ""),
        ("7", 1, "8", False, "its correction is not right"),
        ("7", 0, "6", False, "it passes a wrong answer"),
        ("6", 0, "8", True, ""),
        ("6", 1, "6", False, "it blames a right answer"),
        ("7", 9, "6", False, "the critique is undetermined"),
    ],
)
def test_a_critique_is_kept_only_if_it_fits_and_its_correction_reaches_the_gold(answer, number, correction, kept, why):
    row = validated(scrit(number, correction), [(answer, {})]).rows[0]
    assert (row.kept, row.why) == (kept, why)
    assert row.correction == {"answer": correction if number == 1 else answer}


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["6", "7", "8"]), st.integers(0, 2), st.sampled_from(["6", "7"])), min_size=1, max_size=6)
)
def test_no_kept_row_misses_the_gold_or_shows_the_reference(rows):
    told = {f"q{n}": (number, correction) for n, (_, number, correction) in enumerate(rows)}

    def script(messages, **settings):
        asked, text = answer_fields(messages), messages[-1]["content"]
        number, correction = told[next(q for q in told if f"{q}." in text)]
        if asked == ["analysis"]:
            return {"analysis": ["What decides."]}
        return {"reason": "Because.", "first_wrong": number} if "first_wrong" in asked else {"answer": correction}

    labelled = [dspy.Example(question=f"q{n}.", answer=row[0], reference="6") for n, row in enumerate(rows)]
    with dspy.context(lm=FakeLM(script)):
        found = SelfValidated(Add).validated(labelled)
    assert len(found.rows) == len(rows)
    for row in found.kept:
        assert row.correction == {"answer": "6"}
        assert row.verdict.passed == row.good == (row.draft["answer"] == "6")
    assert all("reference" not in row.inputs for row in found.rows)


def test_the_correction_is_written_without_the_reference_and_says_what_is_wrong():
    lm = scrit(1, "6")
    with dspy.context(lm=lm):
        SelfValidated(Add)(question=QUESTION, answer="7", reference="GOLD 6")
    reviser = next(m[-1]["content"] for m in lm.requests if answer_fields(m) == ["answer"])
    assert "GOLD" not in reviser
    assert "This step is wrong: 7" in reviser and "Because." in reviser


def test_rates_are_counted_for_right_and_wrong_answers_apart_and_failures_apart():
    rows = [("7", {}), ("7", {}), ("6", {}), ("boom", {})]
    answers = scrit(1, "6").backend.function

    def script(messages, **settings):
        return "garbage" if "boom" in messages[-1]["content"] else answers(messages, **settings)

    found = validated(FakeLM(script), rows)
    assert (found.rate(False), found.rate(True), found.failed) == (1.0, 0.0, 1)
    assert validated(scrit(1, "6"), [("7", {})]).rate(True) is None


def test_a_given_label_counts_more_than_the_comparison():
    assert validated(scrit(0, "6"), [("7", {"good": True})]).rows[0].why == "its correction is not right"


def test_another_judge_may_say_what_is_right():
    def has_six(example, prediction):
        assert example.answer == "6"
        return "6" in prediction.answer

    with dspy.context(lm=scrit(1, "It is 6")):
        found = SelfValidated(Add, right=FunctionJudge(Add, has_six, reference=True))(
            question=QUESTION, answer="7", reference="6"
        )
    assert found.kept


def test_incomplete_rows_are_refused():
    with pytest.raises(DataError, match="no answers"):
        SelfValidated(Add).validated([])
    with pytest.raises(DataError, match="'reference'"):
        SelfValidated(Add).validated([dspy.Example(question="q", answer="a")])


# -------------------------------------------------------------------------------------------- step pairs


def chooser(prefers, odds=False):
    def script(messages, **settings):
        said = prefers(field_of(messages, "first_draft"), field_of(messages, "second_draft"))
        return (
            ({"better": said}, {"better": {said: 0.9, "second" if said == "first" else "first": 0.1}})
            if odds
            else {"better": said}
        )

    return FakeLM(script)


def later(first, second):
    return "first" if first > second else "second"


def chosen(lm, candidates, prefix=("so far",)):
    with dspy.context(lm=lm):
        return asyncio.run(best_step(StepPairs(Add), {"question": QUESTION}, prefix, candidates))


@pytest.mark.parametrize("odds", [False, True])
def test_the_step_with_most_wins_is_the_best(odds):
    found = chosen(chooser(later, odds), ["b", "d", "a", "c"])
    assert (found.best, found.worst, found.wins) == (1, 2, (1, 3, 0, 2))
    assert found.decided == sum(found.wins) == 6


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=5), st.sampled_from(["first", "second", "later", "odd"]))
def test_wins_are_the_decided_comparisons_and_ties_make_no_pair(candidates, kind):
    def prefers(first, second):
        return (
            later(first, second)
            if kind == "later" or (kind == "odd" and "a" in (first, second))
            else "first"
            if kind == "odd"
            else kind
        )

    found = chosen(chooser(prefers), candidates)
    assert sum(found.wins) == found.decided
    if kind in ("first", "second") or len(set(candidates)) == 1:
        assert (found.best, found.worst, found.decided) == (None, None, 0)
    if found.best is not None:
        assert candidates[found.best] != candidates[found.worst]


def test_all_candidates_are_compared_after_the_same_prefix():
    lm = chooser(later)
    chosen(lm, ["a", "b", "c"], ["one", "two"])
    assert len(lm.requests) == 6
    assert {'steps_before: ["one", "two"]' in json.dumps(m[-1]["content"]).replace('\\"', '"') for m in lm.requests} == {True}


def test_an_unreadable_comparison_is_counted_and_wins_nothing():
    found = chosen(chooser(lambda first, second: "%%" if "c" in (first, second) else later(first, second)), ["a", "b", "c"])
    assert (found.failed, found.wins) == (2, (0, 1, 0))


def test_no_candidates_are_refused():
    with pytest.raises(DataError, match="no candidate"):
        chosen(chooser(later), [])
