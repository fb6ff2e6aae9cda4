"""The reflect core: the contract, and what If-or-Else says must hold (033)."""

import dspy
import pytest

from selftaught.errors import CallError, SettingError, TaskError
from selftaught.programs import Step
from selftaught.programs.judge import Pairwise, Verify
from selftaught.programs.reason import Reasoned
from selftaught.programs.reflect import LookAgain
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Shout, Survey
from tests.programs.reflect.scripts import Passes, run, telling


class TestIfOrElse(ProgramContract):
    method = "if-or-else"

    def make(self, task):
        return LookAgain(task)


class TestThreeLooksWithReasoning(ProgramContract):
    def make(self, task):
        return LookAgain(task, rounds=3, reasoning=True, style="neutral")


class TestLooksDecidedByAJudge(ProgramContract):
    def make(self, task):
        return LookAgain(task, rounds=2, decide=Pairwise(task))


def looking(first, *seconds, decision="best"):
    """A model with a first answer, further looks, and a decision; None stands for garbage."""
    said = [{"shouted": one} if one is not None else "garbage" for one in (first, *seconds)]
    return telling(first_draft={"shouted": decision}, shouted_draft=said[1:], shouted=said[0])


def test_equal_answers_take_exactly_two_calls_and_the_second_is_returned():
    lm = looking("TREE", "tree.")
    found = run(LookAgain(Shout), lm)
    assert (lm.calls, found.shouted, found.first, found.second) == (2, "tree.", "TREE", "tree.")
    assert (found.decided_by, found.revised) == ("second", False)


def test_different_answers_take_exactly_three_and_the_decision_is_returned():
    lm = looking("TREE", "WOOD", decision="BUSH")
    found = run(LookAgain(Shout), lm)
    assert (lm.steps, found.shouted, found.decided_by) == (["shouted", "shouted_draft", "first_draft"], "BUSH", "decision")
    assert found.revised
    seen = lm.requests[2][-1]["content"]
    assert "first_draft: TREE" in seen
    assert "second_draft: WOOD" in seen


def test_numbers_are_compared_by_value():
    lm = FakeLM(lambda messages, **settings: {"answer": "18.0" if "draft:" in messages[-1]["content"] else "18"})
    assert run(LookAgain("question -> answer"), lm, question="?").decided_by == "second"
    assert lm.calls == 2


@pytest.mark.parametrize(("first", "second", "decision", "outcome"), [
    ("RIGHT", "RIGHT", None, "RIGHT"), ("WRONG", "WRONG", None, "WRONG"),
    ("RIGHT", "WRONG", "RIGHT", "RIGHT"), ("WRONG", "RIGHT", "RIGHT", "RIGHT"),
])  # fmt: skip
def test_each_of_the_four_outcomes(first, second, decision, outcome):
    assert run(LookAgain(Shout), looking(first, second, decision=decision)).shouted == outcome


def test_a_model_that_always_keeps_its_answer_returns_the_first_unchanged():
    def script(messages, **settings):
        keeps = messages[-1]["content"].rpartition("draft: ")[2] if "draft: " in messages[-1]["content"] else "Tree!"
        return {"shouted": keeps}

    lm = FakeLM(script)
    assert run(LookAgain(Shout, rounds=4), lm).shouted == "Tree!"
    assert lm.calls == 2


@pytest.mark.parametrize("word", ["wrong", "mistake", "error", "problem", "incorrect", "false", "fix", "correct"])
@pytest.mark.parametrize("style", ["if_or_else", "neutral"])
def test_the_review_claims_no_error(style, word):
    lm = looking("A", "A")
    run(LookAgain(Shout, style=style), lm)
    assert word not in lm.requests[1][0]["content"].lower()


def test_the_critical_style_does_presume_one():
    lm = looking("A", "A")
    run(LookAgain(Shout, style="critical"), lm)
    assert "mistakes" in lm.requests[1][0]["content"]


def test_the_second_look_sees_the_first_answer():
    lm = looking("FIRST", "A")
    run(LookAgain(Shout), lm)
    assert "draft: FIRST" in lm.requests[1][-1]["content"]


def test_a_second_answer_that_cannot_be_read_counts_as_different_and_is_never_returned():
    found = run(LookAgain(Shout), looking("TREE", None, decision="BEST"))
    assert (found.shouted, found.second, found.decided_by) == ("BEST", None, "decision")
    found = run(LookAgain(Shout, decide="second"), looking("TREE", None))
    assert (found.shouted, found.decided_by, found.revised) == ("TREE", "first", False)
    judge = Passes(Shout, len)
    assert run(LookAgain(Shout, decide=judge), looking("TREE", None)).shouted == "TREE"
    assert judge.asked == []


def test_a_first_answer_that_cannot_be_read_is_an_error():
    with pytest.raises(CallError):
        run(LookAgain(Shout), looking(None, "A"))


def test_the_second_can_be_taken_without_a_decision():
    lm = looking("TREE", "WOOD")
    assert run(LookAgain(Shout, decide="second"), lm).shouted == "WOOD"
    assert lm.calls == 2


@pytest.mark.parametrize(("scores", "kept"), [((0.2, 0.9), "WOOD"), ((0.9, 0.2), "TREE"), ((0.5, 0.5), "TREE")])
def test_a_judge_keeps_the_better_and_the_earlier_of_equals(scores, kept):
    judge = Passes(Shout, dict(zip(("TREE", "WOOD"), scores, strict=True)).get)
    assert run(LookAgain(Shout, decide=judge), looking("TREE", "WOOD")).shouted == kept


@pytest.mark.parametrize(("score", "calls"), [(1.0, 1), (None, 1), (0.0, 2)])
def test_only_an_answer_that_the_verifier_fails_is_looked_at_again(score, calls):
    lm = looking("TREE", "TREE")
    found = run(LookAgain(Shout, verifier=Passes(Shout, lambda text: score)), lm)
    assert (lm.calls, found.rounds) == (calls, calls - 1)


def test_looking_goes_on_until_two_answers_agree():
    lm = looking("A", "B", "C", "C", "D")
    found = run(LookAgain(Shout, decide="second", rounds=5), lm)
    assert (found.shouted, found.rounds, lm.calls) == ("C", 3, 4)


@pytest.mark.parametrize("rounds", [0, 1, 2, 4])
def test_there_are_never_more_looks_than_rounds_even_if_no_two_agree(rounds):
    lm = looking("first", *(f"look{i}" for i in range(9)))
    program = LookAgain(Shout, decide="second", rounds=rounds)
    assert run(program, lm).rounds == rounds
    assert lm.calls == 1 + rounds == program.cost().at_most


def test_structured_answers_are_shown_field_by_field_and_compared_whole():
    def script(messages, **settings):
        looks = "draft:" in messages[-1]["content"]
        return SURVEY_ANSWER | ({"place": {"town": "Ulm", "people": 8}} if looks else {})

    lm = FakeLM(script)
    found = run(LookAgain(Survey, decide="second"), lm, **SURVEY_INPUT)
    assert (found.place.people, found.revised) == (8, True)
    assert '"people": 7' in lm.requests[1][-1]["content"]


def test_reasoning_is_shown_and_told_but_not_compared():
    def script(messages, **settings):
        return {"reasoning": f"thought {len(lm.requests)}", "shouted": "TREE"}

    lm = FakeLM(script)
    found = run(LookAgain(Shout, reasoning=True), lm)
    assert (lm.calls, found.reasoning) == (2, "thought 2")
    assert "thought 1" in lm.requests[1][-1]["content"]


def test_any_module_may_give_the_first_answer():
    lm = telling(reasoning={"reasoning": "r", "shouted": "A"}, shouted_draft={"shouted": "A"})
    assert run(LookAgain(Shout, generate=Reasoned(Shout)), lm).shouted == "A"
    assert answer_fields(lm.requests[0]) == ["reasoning", "shouted"]


def test_unknown_settings_and_taken_names_are_refused():
    for settings in ({"style": "kind"}, {"decide": "first"}, {"decide": Step(Shout)}, {"rounds": -1}, {"verifier": len}):
        with pytest.raises(SettingError, match=next(iter(settings))):
            LookAgain(Shout, **settings)
    with pytest.raises(SettingError, match="right answer"):
        LookAgain(Shout, verifier=Verify(Shout, reference=True))
    with pytest.raises(TaskError, match="draft"):
        LookAgain("draft -> answer")


def test_its_instructions_can_be_tuned():
    program = LookAgain(Shout)
    assert {name for name, _ in program.named_predictors()} == {"generate", "again", "decision"}
    assert all(isinstance(one, dspy.Predict) for one in program.predictors())
