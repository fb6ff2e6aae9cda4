"""The imitation audit: ability is told from style by the examples that the imitated data does not cover."""

import dspy
import pytest

import selftaught as st
from selftaught.errors import DataError, ImitationOnly, InputError, SettingError
from selftaught.programs.diagnose.imitated import WHO, closed
from selftaught.programs.diagnose.style import style_of
from selftaught.testing import FakeLM, answer_fields

TASK = "question -> answer"
INSIDE = [f"What is the capital of country number {number}?" for number in range(12)]
OUTSIDE = [f"Add {number} and {number} together, please" for number in range(12)]
DATA = [dspy.Example(question=one, answer="right").with_inputs("question") for one in (*INSIDE, *OUTSIDE)]


class Speaker(dspy.Module):
    """Answers by a rule; None fails."""

    def __init__(self, rule):
        super().__init__()
        self.rule = rule

    async def aforward(self, question):
        said = self.rule(question)
        if said is None:
            raise st.errors.CallError("no answer")
        return dspy.Prediction(answer=said)


def right(gold, found, trace=None):
    return float("right" in found.answer)


def prefers(style):
    """A judge that likes a way of beginning."""

    def script(messages, **settings):
        text = str(messages[-1]["content"])
        first, second = text.index("first"), text.index("second")
        one, other = text[first:second], text[second:]
        better = "first" if one.count(style) >= other.count(style) else "second"
        return dict.fromkeys(answer_fields(messages), better)

    return script


def base(question):
    return "wrong"


def teacher(question):
    return "Certainly! It is right."


def stylist(question):
    return "Certainly! It is right." if "capital" in question else "Certainly! It is wrong."


def able(question):
    return "right"


def found(student, *, of=base, like=teacher, data=DATA, imitated=INSIDE, support=0.7, **settings):
    speakers = [Speaker(one) for one in (of, student, like)]
    judge = st.judges.Pairwise(TASK, odds=False)
    with dspy.context(lm=FakeLM(prefers("Certainly"))):
        audit = st.synthesis.ImitationAudit(TASK, metric=right, judge=judge, support=support)
        return audit.run(*speakers, data, imitated=imitated, **settings)


def test_a_student_that_copies_style_is_found_out_where_the_data_does_not_reach():
    audit = found(stylist)
    assert audit.verdict == "style only"
    assert (audit.covered.gap_closed.value, audit.outside.gap_closed.value) == (1.0, 0.0)
    assert audit.preferred == {"student": 1.0, "base": 0.0}
    assert audit.style["teacher's openings"].moved == 1.0
    with pytest.raises(ImitationOnly, match="style only"):
        audit.gate()


def test_a_student_that_learned_passes_however_it_sounds():
    audit = found(able)
    assert audit.verdict == "ability"
    assert audit.gate() is audit
    assert audit.outside.gap_closed.value == 1.0
    assert audit.preference.value == 0.0


def test_a_student_equal_to_its_base_has_closed_nothing():
    audit = found(base)
    assert (audit.covered.gap_closed.value, audit.outside.gap_closed.value) == (0.0, 0.0)
    assert audit.verdict in ("no gain", "undetermined")
    assert {one.moved for one in audit.style.values() if one.moved is not None} == {0.0}


def test_a_gain_that_few_examples_cannot_show_is_not_called_style():
    half = lambda question: able(question) if question == OUTSIDE[0] else stylist(question)  # noqa: E731
    audit = found(half, data=[*DATA[:12], *DATA[12:15]])
    assert audit.outside.gap_closed.value == pytest.approx(1 / 3)
    assert audit.preference.better
    assert audit.verdict == "undetermined"
    with pytest.raises(ImitationOnly, match="Nothing shows"):
        audit.gate()


def test_a_teacher_no_better_than_the_base_leaves_the_gap_undetermined():
    audit = found(stylist, like=base)
    assert audit.outside.gap_closed.value is None
    assert "does not lead" in str(audit)
    assert audit.style["words"].moved is None


def test_support_is_by_the_data_and_not_by_name():
    none = found(stylist, imitated=["Something else altogether"])
    assert none.covered is None
    assert none.outside.gap_closed.value == 0.5
    every = found(stylist, imitated=[*INSIDE, *OUTSIDE])
    assert (every.outside, every.verdict) == (None, "undetermined")
    rows = found(stylist, imitated=[{"question": one, "output": "x"} for one in INSIDE])
    assert rows.outside.gap_closed == found(stylist).outside.gap_closed


def test_what_one_of_the_three_failed_at_is_left_out_of_all():
    audit = found(lambda question: None if "number 3" in question else able(question))
    assert audit.failed == 1
    assert audit.covered.gain.n == 11
    with pytest.raises(DataError):
        found(lambda question: None)


def test_an_audit_again_pays_nothing(tmp_path):
    first = found(stylist, run_dir=tmp_path / "run")
    assert str(found(stylist, run_dir=tmp_path / "run")) == str(first)


def test_the_interval_of_the_gap_is_that_of_the_gain_over_the_lead():
    scores = {"base": [0.0] * 10, "student": [1.0] * 5 + [0.0] * 5, "teacher": [1.0] * 10}
    part = closed(scores, range(10))
    assert part.gap_closed.value == 0.5
    assert part.gap_closed.interval == part.gain.interval
    assert closed(scores, []) is None
    assert closed({**scores, "teacher": [0.5] * 10}, range(10)).gap_closed.value == 1.0


def test_style_is_counted():
    style = style_of(
        {"base": ["No. It is so."], "student": ["Sure, it may be so.\n- one\n- two"], "teacher": ["Sure, it may be so."]}
    )
    assert style["list lines"].student == 2.0
    assert style["hedges"].moved == 1.0
    assert style["teacher's openings"].moved == 1.0
    assert style_of({who: [""] for who in WHO})["words"].moved is None


def test_settings_that_are_none_are_refused():
    for given in ("one text", 5, [5]):
        with pytest.raises(SettingError, match="imitated"):
            found(able, imitated=given)
    with pytest.raises(InputError, match="question"):
        found(able, imitated=[{"text": "x"}])
    with pytest.raises(SettingError, match="support"):
        found(able, support=2)
