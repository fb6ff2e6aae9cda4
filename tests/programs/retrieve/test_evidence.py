"""Evidence: the contracts; what is marked, what is left, and that naming nothing changes nothing."""

import re
from itertools import pairwise

import dspy
import pytest

from selftaught.errors import CallError, ConnectionFailed, SettingError
from selftaught.programs import Predict, Reasoned
from selftaught.programs.retrieve.evidence import Evidence
from selftaught.programs.retrieve.marks import MARKS
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.fake import answer_fields
from selftaught.testing.samples import Survey, obliging

TASK = dspy.Signature("context, question -> answer")
CONTEXT = "Ulm lies on the Danube.  It has a minster.\nBread is baked daily. The tower is 161 m high."
SENTENCES = ["Ulm lies on the Danube.", "It has a minster.", "Bread is baked daily.", "The tower is 161 m high."]
GIVEN = {"context": CONTEXT, "question": "How high is it?"}


class TestSelfElicit(ProgramContract):
    method = "selfelicit"

    def make(self, task):
        return Evidence(task, show="marked")

    def inputs(self, task):
        return {"word": "A tree. A house."} if task is not Survey else super().inputs(task)


class TestEvidenceOnly(ProgramContract):
    method = "stm-mrc"

    def make(self, task):
        return Evidence(task, show="only")


class TestEvidenceOfSeveralSamples(ProgramContract):
    def make(self, task):
        return Evidence(task, samples=3)


def naming(*draws, answer="161 m", sentences=SENTENCES):
    """A model that copies these sentences (by number, from 1), the i-th draw the i-th list, and answers."""

    def script(messages, **settings):
        if answer_fields(messages) != ["quotes"]:
            return {"answer": answer}
        number = re.search(r"draw(\d+)", str(settings.get("rollout_id")))
        named = draws[int(number[1]) if number else 0]
        if named is None:
            return "garbage"
        return {"quotes": [sentences[number - 1] if number <= len(sentences) else "Zebras gallop." for number in named]}

    return FakeLM(script)


def run(lm, given=GIVEN, task=TASK, **settings):
    with dspy.context(lm=lm):
        return Evidence(task, samples=settings.pop("samples", 1), **settings)(**given)


def seen(lm):
    """What the answering step was asked."""
    return lm.requests[-1][-1]["content"]


def plain(given=GIVEN, task=TASK):
    lm = FakeLM(lambda messages, **settings: {"answer": "161 m"})
    with dspy.context(lm=lm):
        Predict(task)(**given)
    return lm.requests


def test_the_evidence_is_marked_in_its_place_and_without_marks_the_context_is_unchanged():
    lm = naming([4, 2])
    found = run(lm)
    assert found.evidence == ["It has a minster.", "The tower is 161 m high."]
    assert "<key>It has a minster.</key>\nBread is baked daily. <key>The tower is 161 m high.</key>" in seen(lm)
    assert MARKS.sub("", seen(lm)) == plain()[0][-1]["content"]
    assert "<key>" in lm.requests[-1][0]["content"], "the marks are explained"


def test_evidence_is_verbatim_and_sentences_that_do_not_exist_are_nothing():
    found = run(naming([99, 1]))
    assert found.evidence == [SENTENCES[0]]
    assert all(sentence in CONTEXT for sentence in found.evidence)
    assert len(found.scores) == len(SENTENCES)


@pytest.mark.parametrize("named", [[], [99], None])
def test_nothing_named_is_the_plain_program(named):
    lm = naming(named, named)
    found = run(lm)
    assert found.evidence == []
    assert lm.requests[-1:] == plain()


@pytest.mark.parametrize(("show", "shown"), [("marked", "<key>One only.</key>"), ("only", "One only.")])
def test_a_context_of_one_sentence_is_evidence_without_a_call(show, shown):
    lm = naming([1])
    found = run(lm, {"context": "One only.", "question": "?"}, show=show)
    assert (lm.calls, found.evidence) == (1, ["One only."])
    assert shown in seen(lm)


def test_alpha_0_takes_all_without_asking_and_alpha_1_only_the_most_named():
    lm = naming([1])
    assert run(lm, alpha=0.0).evidence == SENTENCES
    assert lm.calls == 1
    draws = [[1, 2], [1, 2], [1, 3], [4, 1]]
    assert run(naming(*draws), samples=4, alpha=1.0).evidence == SENTENCES[:1]


def test_raising_alpha_never_adds_evidence():
    draws = [[1, 2], [1, 2], [1, 3], [4, 1]]
    kept = [set(run(naming(*draws), samples=4, alpha=alpha).evidence) for alpha in (0.0, 0.25, 0.5, 0.6, 1.0)]
    assert [len(one) for one in kept] == [4, 4, 2, 1, 1]
    assert all(more >= fewer for more, fewer in pairwise(kept))


def test_a_failed_sample_is_missing_and_no_sample_left_names_nothing():
    found = run(naming([1], None, [1]), samples=3)
    assert (found.evidence, found.scores) == (SENTENCES[:1], [1.0, 0.0, 0.0, 0.0])
    assert run(naming(None, None), samples=2).evidence == []


def test_a_model_that_is_gone_is_no_empty_selection():
    def gone(messages, **settings):
        if answer_fields(messages) == ["quotes"]:
            raise ConnectionFailed("nobody")
        return {"answer": "x"}

    with pytest.raises(CallError):
        run(FakeLM(gone, retries=0))


def test_no_mark_is_in_the_answer():
    assert run(naming([1], answer="<key>161 m</KEY>")).answer == "161 m"
    task = dspy.Signature("context, question -> tags: list[str], answer: str")
    said = {"quotes": SENTENCES[:1], "tags": ["<key>a", "b"], "answer": "x"}
    lm = FakeLM(lambda messages, **settings: {name: said[name] for name in answer_fields(messages)})
    assert run(lm, task=task).tags == ["a", "b"]


def test_a_context_that_has_the_marks_itself_is_left_as_it_is():
    given = {"context": "A <key>b</key>. C d.", "question": "?"}
    lm = naming([1], answer="<key>b</key>", sentences=["C d."])
    assert run(lm, given).answer == "<key>b</key>"
    assert lm.requests[-1:] == plain(given)


def test_a_copy_need_not_be_exact_and_several_sentences_may_be_in_one():
    sloppy = ["ulm lies at the danube. It has the minster", "The tower is 161"]
    found = run(naming([1, 2], sentences=sloppy))
    assert found.evidence == [SENTENCES[0], SENTENCES[1], SENTENCES[3]]


def test_the_evidence_is_asked_for_with_the_input_as_it_came():
    lm = naming([1])
    run(lm)
    assert lm.requests[0][-1]["content"] == plain()[0][-1]["content"]


def test_only_the_evidence_is_shown_in_the_order_of_the_context():
    lm = naming([4, 1])
    run(lm, show="only")
    assert seen(lm) == "context: Ulm lies on the Danube. The tower is 161 m high.\nquestion: How high is it?"


def test_passages_without_evidence_are_left_out():
    task = dspy.Signature("passages: list[str], question -> answer")
    given = {"passages": ["Some trees. Two apples.", "One zebra.", "Many cats. Two bears."], "question": "?"}
    lm = naming([1, 2], sentences=["two apples.", "two bears."])
    assert run(lm, given, task, show="only").evidence == ["Two apples.", "Two bears."]
    assert '["Two apples.", "Two bears."]' in seen(lm)
    assert "zebra" not in seen(lm)


def test_the_evidence_alone_goes_to_any_program():
    lm = FakeLM(obliging)
    with dspy.context(lm=lm):
        found = Evidence(TASK, show="only", generate=Reasoned(TASK))(**GIVEN)
    assert (found.answer, found.reasoning if "reasoning" in found else None) == ("yes", None)


def test_the_cost_is_the_samples_and_none_where_all_is_evidence():
    assert (Evidence(TASK, samples=3).cost().at_least, Evidence(TASK, samples=3).cost().at_most) == (1, 4)
    assert Evidence(TASK, alpha=0.0).cost().at_most == 1


@pytest.mark.parametrize("settings", [{"alpha": 1.5}, {"show": "none"}, {"samples": 0}, {"context": "answer"}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        Evidence(TASK, **settings)
