"""The judge of verifiable constraints (184, MathIF): the contract of judges, and what the paper's card says must hold."""

import copy

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftaught import scope
from selftaught.artifact import load, save
from selftaught.errors import InputError, SettingError
from selftaught.ledger import Ledger
from selftaught.programs.judge.constraints import Constraints, constraint
from selftaught.programs.judge.constraints.judge import readings
from selftaught.testing import FakeLM, JudgeContract
from selftaught.testing.samples import Shout, Survey
from tests.judges.constraints.examples import EXAMPLES

LOUD, SHORT = (
    constraint("change_case:english_capital"),
    constraint("length_constraints:number_words", num_words=2, relation="at most"),
)
TEXTS = [text for _, good, bad in EXAMPLES.values() for text in (*good, *bad)]


class TestConstraints(JudgeContract):
    method = "mathif"

    def make(self, task):
        return Constraints(task, [LOUD, SHORT])

    def test_its_calls_count_as_the_judges(self):
        ledger, lm = Ledger(), FakeLM(lambda messages, **settings: "never asked")
        with dspy.context(lm=lm), scope.scoped(ledgers=(ledger,)):
            self.make(Shout)(word="tree", shouted="TREE")
        assert (lm.calls, ledger.usage.calls) == (0, 0)
        assert (self.make(Shout).cost().at_least, self.make(Shout).cost().at_most) == (0, 0)


class TestLooseHardConstraints(TestConstraints):
    method = ""

    def make(self, task):
        return Constraints(task, [LOUD.to_dict(), SHORT], hard=True, loose=True)


def verdict(shouted, constraints=(LOUD, SHORT), **settings):
    return Constraints(Shout, constraints, **settings)(word="tree", shouted=shouted).verdict


@pytest.mark.parametrize(
    ("shouted", "share"), [("TREE", 1.0), ("tree", 0.5), ("A BIG TREE", 0.5), ("a big tree", 0.0), ("", 0.0)]
)
def test_the_score_is_the_share_satisfied_and_hard_is_all_or_nothing(shouted, share):
    soft, hard = verdict(shouted), verdict(shouted, hard=True)
    assert (soft.score, soft.passed) == (share, share == 1.0)
    assert (hard.score, hard.passed) == (float(share == 1.0), share == 1.0)
    assert [criterion.name for criterion in soft.criteria] == [LOUD.describe(), SHORT.describe()]


@given(st.lists(st.sampled_from(sorted(EXAMPLES)), min_size=1, max_size=3, unique=True), st.sampled_from(TEXTS), st.booleans())
def test_soft_is_never_below_hard_and_loose_never_below_strict(chosen, text, loose):
    constraints = [constraint(kind, **EXAMPLES[kind][0]) for kind in chosen]
    try:
        soft, hard = (verdict(text, constraints, hard=hard, loose=loose).score for hard in (False, True))
    except SettingError as error:
        assert "can satisfy both" in str(error)
        return
    assert soft >= hard
    assert verdict(text, constraints, loose=True).score >= verdict(text, constraints).score


def test_the_feedback_says_what_to_mend():
    found = Constraints(Shout, [LOUD, SHORT]).metric(
        dspy.Example(word="tree").with_inputs("word"), dspy.Prediction(shouted="A BIG TREE")
    )
    assert "It has 3 words; at most 2 were asked." in found.feedback
    assert LOUD.describe() not in found.feedback


def test_the_loose_reading_drops_outer_lines_and_asterisks():
    assert verdict("Here it is:\n\n**TREE**\n\nAnything else?", loose=True).passed is True
    assert verdict("Here it is:\n\n**TREE**\n\nAnything else?").passed is False
    assert readings("a\n*b*\nc") == ["a\n*b*\nc", "*b*\nc", "a\n*b*", "*b*", "a\nb\nc", "b\nc", "a\nb", "b"]
    assert readings("*a*") == ["*a*", "a"]


class Obey(dspy.Signature):
    """Answer as the rules say."""

    question: str = dspy.InputField()
    rules: list[dict] = dspy.InputField()
    answer: str = dspy.OutputField()


def test_an_input_may_bring_its_own_constraints():
    judge = Constraints(Obey, constraints_field="rules")
    strict = Constraints(Obey, [SHORT], constraints_field="rules")
    given_rules = [LOUD.to_dict(), {"kind": "punctuation:no_comma"}]
    assert judge(question="?", rules=given_rules, answer="YES, TREE").verdict.score == 0.5
    assert strict(question="?", rules=given_rules, answer="YES, BIG TREE").verdict.score == pytest.approx(1 / 3)
    assert strict(question="?", rules=[], answer="YES").verdict.score == 1.0


@pytest.mark.parametrize("rules", [[], "no comma", 3, None])
def test_an_input_without_constraints_is_an_error_not_a_pass(rules):
    with pytest.raises(InputError, match="at least one"):
        Constraints(Obey, constraints_field="rules")(question="?", rules=rules, answer="yes")


@pytest.mark.parametrize("rules", [[{"kind": "no_comma"}], ["no comma"], [{"num_words": 3}]])
def test_an_input_with_something_else_is_an_error(rules):
    with pytest.raises(SettingError):
        Constraints(Obey, constraints_field="rules")(question="?", rules=rules, answer="yes")


@pytest.mark.parametrize(
    ("task", "arguments", "said"),
    [
        (Shout, {}, "without criteria would pass everything"),
        (Shout, {"constraints": []}, "without criteria"),
        (Shout, {"constraints_field": "wrod"}, "did you mean 'word'"),
        (Shout, {"constraints": [LOUD], "field": "shout"}, "did you mean 'shouted'"),
        (Shout, {"constraints": ["loud"]}, "'loud' is no constraint"),
        (Shout, {"constraints": [LOUD, constraint("change_case:english_lowercase")]}, "No answer can satisfy both"),
        (Survey, {"constraints": [LOUD]}, "say which one to check"),
    ],
)
def test_what_cannot_be_judged_is_refused_before_any_answer(task, arguments, said):
    with pytest.raises(SettingError, match=said):
        Constraints(task, **arguments)


def test_one_field_of_several_is_checked():
    judge = Constraints("question -> title: str, body: str", [LOUD], field="title")
    assert judge(question="?", title="LOUD", body="quiet").verdict.passed is True


def test_a_saved_judge_and_a_copy_keep_everything(tmp_path):
    judge = Constraints(Obey, [LOUD, SHORT], constraints_field="rules", hard=True, loose=True)
    save(judge, tmp_path / "judge.st")
    for twin in (load(tmp_path / "judge.st"), copy.deepcopy(judge)):
        assert twin.constraints == judge.constraints
        assert (twin.hard, twin.loose, twin.field, twin.constraints_field) == (True, True, "answer", "rules")
