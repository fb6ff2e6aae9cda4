"""Constraint checks (013, 023, 120): the single constraints of a request, each checked on its own, some of them by code."""

import asyncio

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftaught.errors import AnswerError, ConnectionFailed
from selftaught.programs.judge import FunctionJudge
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.constraint_checks import ConstraintChecks
from selftaught.programs.refine import Refine
from selftaught.signatures import Criterion, Verdict
from selftaught.testing import FakeLM, JudgeContract, answer_fields
from selftaught.testing.samples import Shout, obliging

CONSTRAINTS = ["All letters are capitals.", "It is the same word."]
QUESTIONS = ["Are all letters capitals?", "Is it the same word?"]


def with_constraints(script):
    def answers(messages, **settings):
        said = script(messages, **settings)
        if not isinstance(said, dict):
            return said
        known = {"constraints": ["It is loud.", "It is one word."], "question": f"Is it so that {messages[-1]['content']}"}
        return {name: known.get(name, value) for name, value in said.items()}

    return answers


class OfConstraints(JudgeContract):
    def use(self, script=obliging, **settings):
        return super().use(with_constraints(script), **settings)


class TestUltraIF(OfConstraints):
    method = "ultraif"

    def make(self, task):
        return ConstraintChecks(task, hard=True)


class TestSelfSupervised(OfConstraints):
    method = "self-supervised-if-rl"

    def make(self, task):
        return ConstraintChecks(task)


class TestDecrim(OfConstraints):
    method = "decrim"

    def make(self, task):
        return ConstraintChecks(task, hard=True, both_ways=False)


def checker(constraints=CONSTRAINTS, questions=QUESTIONS, odds=None):
    """Takes these constraints out, asks these questions, and answers them truly."""

    def script(messages, **more):
        asked, text = answer_fields(messages), messages[-1]["content"]
        if asked == ["constraints"]:
            return {"constraints": constraints}
        if asked == ["question"]:
            return {"question": questions[constraints.index(text)]}
        if asked != ["satisfied"]:
            return {"shouted": "TREE"} if "problems" in text else {"shouted": "tree"}
        draft = next(line.removeprefix("draft: ") for line in text.splitlines() if line.startswith("draft: "))
        true = draft.isupper() if "capitals" in text else draft.lower() == "tree"
        yes = "yes" if true != ("breaks the requirement" in messages[0]["content"]) else "no"
        return (
            {"satisfied": yes}
            if odds is None
            else ({"satisfied": yes}, {"satisfied": {yes: odds, "no" if yes == "yes" else "yes": 1 - odds}})
        )

    return FakeLM(script)


def judged(shouted, lm=None, **more):
    with dspy.context(lm=lm or checker()):
        return ConstraintChecks(Shout, **more)(word="tree", shouted=shouted).verdict


class ByCode(Judge):
    """Says these criteria, without a call."""

    def __init__(self, task, *passed, error=None):
        super().__init__(task)
        self.passed, self.error = passed, error

    async def verdict(self, inputs, outputs):
        if self.error:
            raise self.error
        criteria = tuple(Criterion(name=f"code {number}", passed=passed) for number, passed in enumerate(self.passed))
        return Verdict(score=None, criteria=criteria)

    def cost(self):
        from selftaught.programs import Calls

        return Calls(0, 0)


@pytest.mark.parametrize(("shouted", "share"), [("TREE", 1.0), ("tree", 0.5), ("WOOD", 0.5), ("wood", 0.0)])
def test_each_constraint_has_its_question_and_the_score_is_their_mean(shouted, share):
    verdict = judged(shouted)
    assert [criterion.name for criterion in verdict.criteria] == QUESTIONS
    assert (verdict.score, verdict.passed) == (share, share == 1.0)
    assert judged(shouted, hard=True).score == float(share == 1.0)


def test_with_odds_the_score_is_the_mean_chance():
    assert judged("tree", checker(odds=0.8)).score == pytest.approx((0.2 + 0.8) / 2)
    assert judged("tree", checker(odds=0.8), odds=False).score == 0.5


def test_constraints_are_taken_out_once_per_input_and_never_from_an_answer():
    lm = checker()
    with dspy.context(lm=lm):
        judge = ConstraintChecks(Shout)

        async def several():
            await asyncio.gather(*(judge.acall(word="tree", shouted=text) for text in ("TREE", "SECRET", "tree")))

        asyncio.run(several())
        judge(word="tree", shouted="SECRET")
    written = [m for m in lm.requests if answer_fields(m) in (["constraints"], ["question"])]
    assert len(written) == 1 + len(CONSTRAINTS)
    assert "SECRET" not in str(written)
    assert list(judge.lists.values()) == [QUESTIONS]


def test_a_question_is_written_from_its_own_constraint_alone():
    lm = checker()
    judged("TREE", lm)
    assert sorted(m[-1]["content"] for m in lm.requests if answer_fields(m) == ["question"]) == sorted(CONSTRAINTS)


@pytest.mark.parametrize("empty", ["", "  ", "None"])
def test_an_empty_question_is_dropped(empty):
    verdict = judged("TREE", checker(questions=[QUESTIONS[0], empty]))
    assert [criterion.name for criterion in verdict.criteria] == QUESTIONS[:1]


def test_constraints_that_stand_twice_or_are_blank_are_asked_about_once():
    lm = checker([CONSTRAINTS[0], " ", CONSTRAINTS[0] + " "], [QUESTIONS[0], "x", "x"])
    assert [criterion.name for criterion in judged("TREE", lm).criteria] == QUESTIONS[:1]


def test_without_any_constraint_the_verdict_is_undetermined_and_no_pass():
    lm = checker([], [])
    with dspy.context(lm=lm):
        judge = ConstraintChecks(Shout)
        for _ in range(2):
            verdict = judge(word="tree", shouted="TREE").verdict
            assert (verdict.score, verdict.passed, verdict.criteria) == (None, None, ())
            assert "No constraint was found" in verdict.reasons
    assert lm.calls == 1


def test_a_list_that_cannot_be_read_is_a_failed_call_and_not_kept():
    with dspy.context(lm=FakeLM(lambda messages, **more: "garbage")):
        judge = ConstraintChecks(Shout)
        with pytest.raises(AnswerError):
            judge(word="tree", shouted="TREE")
    assert judge.lists == {}


@pytest.mark.parametrize("blank", ["", " \n"])
def test_a_blank_answer_scores_zero_without_a_call(blank):
    lm = checker()
    verdict = judged(blank, lm)
    assert (verdict.score, verdict.passed, lm.calls) == (0.0, False, 0)


def test_an_unreadable_check_is_named():
    said = checker().backend.function
    lm = FakeLM(lambda messages, **more: "garbage" if "same word?" in messages[-1]["content"] else said(messages))
    verdict = judged("TREE", lm)
    assert (verdict.score, verdict.passed, verdict.confidence) == (0.5, False, 0.5)


# -------------------------------------------------------------------------------------------- with code


@settings(max_examples=30, deadline=None)
@given(st.lists(st.booleans(), max_size=4), st.sampled_from(["TREE", "tree", "wood"]))
def test_what_code_found_counts_like_any_other_constraint(passed, shouted):
    verdict = judged(shouted, code=ByCode(Shout, *passed))
    labels = [shouted.isupper(), shouted.lower() == "tree", *passed]
    assert [criterion.passed for criterion in verdict.criteria] == labels
    assert verdict.score == pytest.approx(sum(labels) / len(labels))
    assert verdict.passed == all(labels)
    assert judged(shouted, code=ByCode(Shout, *passed), hard=True).score == float(all(labels))


def test_code_alone_is_enough():
    verdict = judged("TREE", checker([], []), code=ByCode(Shout, True, False))
    assert (verdict.score, [criterion.name for criterion in verdict.criteria]) == (0.5, ["code 0", "code 1"])


def test_a_judge_that_gives_only_a_score_is_one_constraint():
    verdict = judged("TREE", code=FunctionJudge(Shout, lambda example, prediction: 0.25))
    assert verdict.criteria[-1] == Criterion(name="FunctionJudge", passed=False, score=0.25)
    assert verdict.score == pytest.approx(2.25 / 3)


def test_an_unreadable_answer_of_the_other_judge_is_not_fulfilled_but_a_lost_connection_is_an_error():
    verdict = judged("TREE", code=ByCode(Shout, error=AnswerError("unreadable")))
    assert verdict.criteria[-1] == Criterion(name="ByCode", reason="no readable answer")
    assert verdict.score == pytest.approx(2 / 3)
    with pytest.raises(ConnectionFailed):
        judged("TREE", code=ByCode(Shout, error=ConnectionFailed("gone")))


def test_only_with_code_the_model_is_told_to_leave_counting_alone():
    told = []
    for code in (None, ByCode(Shout, True)):
        lm = checker()
        judged("TREE", lm, code=code)
        told.append("a program checks these" in lm.requests[0][0]["content"])
    assert told == [False, True]


def test_a_reference_goes_to_the_code_that_reads_it_and_to_no_prompt():
    lm = checker()
    code = FunctionJudge(Shout, lambda example, prediction: float(example.shouted == prediction.shouted), reference=True)
    with dspy.context(lm=lm):
        verdict = ConstraintChecks(Shout, code=code)(word="tree", shouted="TREE", reference="GOLD").verdict
    assert verdict.criteria[-1].score == 0.0
    assert "GOLD" not in str(lm.requests)


# -------------------------------------------------------------------------------------------- as the critic of a refine program (120)


def refined(lm, rounds=2, draft=None):
    with dspy.context(lm=lm):
        return Refine(Shout, rounds=rounds, critic=ConstraintChecks(Shout))(word="tree")


def test_the_reviser_is_told_exactly_the_constraints_that_were_missed():
    lm = checker()
    found = refined(lm)
    revisions = [m[-1]["content"] for m in lm.requests if "problems" in m[-1]["content"]]
    assert (found.shouted, found.rounds, len(revisions)) == ("TREE", 1, 1)
    assert QUESTIONS[0] in revisions[0] and QUESTIONS[1] not in revisions[0]
    assert sum(answer_fields(m) == ["constraints"] for m in lm.requests) == 1


def test_a_draft_that_satisfies_everything_is_returned_as_it_is():
    found = refined(checker(CONSTRAINTS[1:], QUESTIONS[1:]))
    assert (found.shouted, found.rounds) == ("tree", 0)
