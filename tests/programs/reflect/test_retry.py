"""Reflect and retry: the contract, and what 104 and 153 say must hold."""

import dspy
import pytest

from selftaught import scope
from selftaught.errors import InputError, SettingError, TaskError
from selftaught.ledger import Ledger
from selftaught.programs.judge import Verify
from selftaught.programs.reflect import ReflectAndRetry
from selftaught.programs.reflect.notes import KINDS, MASK
from selftaught.programs.reflect.retry import IT_FAILED
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Shout, Survey
from tests.programs.reflect.scripts import Passes, run, telling

SECTIONS = {
    "explanation": "TREE is too short.",
    "keywords": ["length"],
    "solution": "Shout it.",
    "directions": ["Read."],
    "advice": "Be loud.",
}


class TestReflectRetryReward(ProgramContract):
    method = "reflect-retry-reward"

    def make(self, task):
        return ReflectAndRetry(task)


class TestSelfReflectionTypes(ProgramContract):
    method = "self-reflection-types"

    def make(self, task):
        return ReflectAndRetry(task, kind="composite", shown=False)


def failing_first(lesson="Be loud.", second="TREE!", first="tree", note=None):
    return telling(lesson={"lesson": lesson}, explanation=note or SECTIONS, shouted_draft={"shouted": second},
                   shouted_note={"shouted": second}, shouted={"shouted": first})  # fmt: skip


def loud(text):
    return float(text.endswith("!"))


def retry(lm, score=loud, **settings):
    judge = Passes(Shout, score)
    return run(ReflectAndRetry(Shout, verifier=judge, **settings), lm), judge


def test_a_first_answer_that_passes_takes_one_call_and_no_reflection():
    found, _ = retry(lm := failing_first(first="TREE!"))
    assert (lm.calls, found.shouted, found.reflection, found.passed, found.tries) == (1, "TREE!", None, True, 1)


@pytest.mark.parametrize(("second", "passed"), [("TREE!", True), ("WOOD", False)])
def test_a_failure_takes_three_calls_and_exactly_one_retry(second, passed):
    found, judge = retry(lm := failing_first(second=second))
    assert lm.steps == ["shouted", "lesson", "shouted_draft"]
    assert (found.shouted, found.passed, found.tries, found.reflection) == (second, passed, 2, "Be loud.")
    assert judge.asked == ["tree", second]


def test_the_reflection_sees_that_it_failed_and_the_retry_sees_the_reflection():
    retry(lm := failing_first(lesson="Say it with force."))
    assert IT_FAILED in lm.requests[1][-1]["content"]
    assert "draft: tree" in lm.requests[1][-1]["content"]
    assert "Say it with force." in lm.requests[2][-1]["content"]


def test_with_an_empty_reflection_it_equals_the_plain_retry():
    retry(empty := failing_first(lesson=""))
    retry(plain := failing_first(), kind="retry")
    assert plain.steps == ["shouted", "shouted_draft"]
    assert empty.requests[2] == plain.requests[1]


def test_a_reflection_that_cannot_be_read_leaves_a_plain_retry():
    def script(messages, **settings):
        return (
            "garbage"
            if answer_fields(messages) == ["lesson"]
            else {"shouted": "TREE!" if "note:" in messages[-1]["content"] else "tree"}
        )

    found, _ = retry(FakeLM(script))
    assert (found.shouted, found.reflection, found.tries) == ("TREE!", None, 2)


def test_a_second_answer_that_cannot_be_read_leaves_the_first():
    lm = telling(lesson={"lesson": "Be loud."}, shouted_draft="garbage", shouted={"shouted": "tree"})
    found, _ = retry(lm)
    assert (found.shouted, found.second, found.passed, found.tries) == ("tree", None, False, 2)


@pytest.mark.parametrize(
    ("scores", "kept"), [((0.4, 0.1), "tree"), ((0.1, 0.4), "wood"), ((0.4, 0.4), "wood"), ((0.4, 0.9), "wood")]
)
def test_a_retry_that_is_scored_below_the_first_answer_is_not_returned(scores, kept):
    found, _ = retry(failing_first(second="wood"), score=dict(zip(("tree", "wood"), scores, strict=True)).get)
    assert found.shouted == kept
    assert found.passed == (scores[1] >= 0.5)


def test_a_retry_that_differs_only_in_form_is_checked_on_its_own():
    found, _ = retry(failing_first(second="TREE"), score=lambda text: float(text == "TREE"))
    assert (found.shouted, found.passed) == ("TREE", True)


def test_an_undetermined_check_is_no_failure():
    found, _ = retry(lm := failing_first(), score=lambda text: None)
    assert (lm.calls, found.passed, found.tries) == (1, None, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_what_passes_at_first_is_never_retried_whatever_the_kind(kind):
    _, judge = retry(lm := failing_first(first="TREE!"), kind=kind, shown=False)
    assert (lm.calls, judge.asked) == (1, ["TREE!"])


def test_the_control_has_no_note_and_no_reflection_and_composite_has_all_five():
    found, _ = retry(lm := failing_first(), kind="retry", shown=False)
    assert (found.reflection, lm.calls, lm.requests[1][-1]["content"]) == (None, 2, "word: tree\nnote: ")
    found, _ = retry(failing_first(), kind="composite", shown=False)
    assert all(said in found.reflection for said in ("too short", "length", "Shout it", "Read", "Be loud"))


def test_the_failed_answer_can_be_hidden_from_the_retry():
    retry(lm := failing_first(), kind="advice", shown=False)
    assert "draft" not in lm.requests[2][-1]["content"]
    retry(lm := failing_first(), kind="advice")
    assert "draft: tree" in lm.requests[2][-1]["content"]


def test_with_the_right_answer_known_it_is_the_check_and_is_seen_by_the_reflection_alone():
    lm = failing_first(second="TREE", first="WOOD")
    program = ReflectAndRetry(Shout, kind="composite", reference=True)
    found = run(program, lm, word="tree", reference="TREE")
    assert (found.shouted, found.passed) == ("TREE", True)
    assert ["reference" in messages[-1]["content"] for messages in lm.requests] == [False, True, False]
    lm = failing_first(first="TREE")
    assert run(program, lm, word="tree", reference="TREE").tries == 1
    assert lm.calls == 1
    with pytest.raises(InputError, match="reference"):
        run(program, lm, word="tree")


def test_the_right_answer_does_not_survive_in_the_note_unless_nothing_is_hidden():
    for kind, survives in (("composite", False), ("explanation", False), ("unredacted", True)):
        lm = failing_first(first="WOOD", second="TREE")
        found = run(ReflectAndRetry(Shout, kind=kind, reference=True, shown=False), lm, word="tree", reference="TREE")
        assert ("TREE" in found.reflection) is survives
        assert (MASK in found.reflection) is not survives
        assert ("TREE is too short" in lm.requests[2][-1]["content"]) is survives


class Quiz(dspy.Signature):
    """Choose."""

    question: str = dspy.InputField()
    options: list[str] = dspy.InputField()
    answer: str = dspy.OutputField()


@pytest.mark.parametrize("options", [["red fox", "owl"], "A) red fox\nB) owl"])
def test_the_listed_choices_and_their_letters_are_hidden(options):
    task = Quiz if isinstance(options, list) else "question, options -> answer"
    note = SECTIONS | {"explanation": "B is right: an owl, no red fox."}
    lm = telling(explanation=note, answer_note={"answer": "B"}, answer={"answer": "A"})
    program = ReflectAndRetry(task, verifier=Passes(task, lambda text: 0.0), kind="explanation", choices="options", shown=False)
    found = run(program, lm, question="Who?", options=options)
    assert "B" not in found.reflection.replace(MASK, "")
    if isinstance(options, list):
        assert found.reflection == f"Why it was wrong: {MASK} is right: an {MASK}, no {MASK}."


def test_the_values_of_a_literal_are_hidden():
    def script(messages, **settings):
        return SECTIONS | {"explanation": "The mood is bad."} if "advice" in answer_fields(messages) else SURVEY_ANSWER

    program = ReflectAndRetry(Survey, verifier=Passes(Survey, lambda text: 0.0), kind="explanation")
    found = run(program, FakeLM(script), **SURVEY_INPUT)
    assert found.reflection == f"Why it was wrong: The mood is {MASK}."


def test_the_plain_retry_always_stands_beside_the_kinds_of_a_study():
    study = ReflectAndRetry.study(Shout, ["advice", "solution"], verifier=Passes(Shout, loud))
    assert list(study) == ["retry", "advice", "solution"]
    assert [program.kind for program in study.values()] == list(study)
    assert list(ReflectAndRetry.study(Shout)) == list(KINDS)


@pytest.mark.parametrize("kind", ["lesson", *KINDS])
@pytest.mark.parametrize("second", ["TREE!", "WOOD"])
def test_the_cost_of_a_failure_is_the_most(kind, second):
    program, ledger = ReflectAndRetry(Shout, verifier=Passes(Shout, loud), kind=kind), Ledger()
    with scope.scoped(ledgers=(ledger,)):
        run(program, failing_first(second=second))
    assert (program.cost().at_least, program.cost().at_most) == (1, ledger.usage.calls)


def test_unknown_settings_and_taken_names_are_refused():
    for settings, said in (({"kind": "hint"}, "kind"), ({"choices": "options"}, "choices"), ({"verifier": loud}, "verifier"),
                           ({"verifier": Verify(Shout, reference=True)}, "right answer")):  # fmt: skip
        with pytest.raises(SettingError, match=said):
            ReflectAndRetry(Shout, **settings)
    with pytest.raises(TaskError, match="note"):
        ReflectAndRetry("note -> answer", kind="retry")
