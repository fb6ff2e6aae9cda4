"""PEER (175): plan, edit, explain, repeat."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.refine import GivenDraft, Peer
from selftaught.testing import ProgramContract
from selftaught.testing.samples import Shout, Survey

from .scripts import Scores, line, prompts, says

EDIT = "text, notes: list[str] -> better"


class TestPeer(ProgramContract):
    method = "peer"

    def make(self, task):
        return Peer(task)


class TestPeerWithPlans(ProgramContract):
    def make(self, task):
        return Peer(task, plans=["Make it louder.", "And louder."], explain=False)


def edited(texts, planned=(), **settings):
    """Edit with a model that writes these texts, and plans these edits; an empty plan is none."""
    lm = says(
        better=list(texts), plan=list(planned), finished=lambda text: False, explanation="It was wrong.",
        sources=lambda text: [2, 7, 2, 0]
    )  # fmt: skip
    with dspy.context(lm=lm):
        return Peer(EDIT, **settings)(text="a", notes=["x", "y"]), lm


def test_it_stops_when_the_edit_changes_nothing_and_explains_no_such_edit():
    found, lm = edited(["a", "b", "b", "c"], ["one", "two", "three"], rounds=5)
    assert (found.better, found.stopped_by, found.rounds) == ("b", "unchanged", 2)
    assert len(prompts(lm, "explanation")) == 1
    assert [edit["plan"] for edit in found.history] == ["one"]


def test_it_stops_when_no_edit_is_planned():
    found, lm = edited(["a", "b"], ["one", " "], rounds=5)
    assert (found.better, found.stopped_by) == ("b", "acceptable")
    assert len(prompts(lm, "better")) == 2


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_there_are_never_more_edits(rounds):
    found, lm = edited("abcdefgh", ["more"] * 9, rounds=rounds)
    assert (len(found.history), lm.calls) == (rounds, 1 + 3 * rounds)


def test_a_plan_of_the_user_is_used_as_it_is_and_none_is_asked_for_in_its_round():
    found, lm = edited("abc", ["from the model"], plans=["  Cut the end!"], rounds=2)
    assert [edit["plan"] for edit in found.history] == ["Cut the end!", "from the model"]
    assert "Cut the end!" in prompts(lm, "better")[1]
    assert [line(prompt, "draft") for prompt in prompts(lm, "finished")] == ["b"]


def test_the_editor_sees_this_rounds_plan_only():
    _, lm = edited("abc", ["plan one", "plan two"], rounds=2)
    assert "plan one" not in line(prompts(lm, "better")[2], "problems")
    assert "plan two" in line(prompts(lm, "better")[2], "problems")


def test_citations_are_numbers_of_the_given_documents():
    found, _ = edited("ab", ["one"], rounds=1, documents="notes")
    assert found.history == [{"plan": "one", "edited_text": "b", "explanation": "It was wrong.", "cited_docs": [2]}]


def test_the_last_edit_of_the_history_is_what_is_returned():
    for texts in ("abcd", "abbb"):
        found, _ = edited(texts, ["more"] * 3)
        assert found.history[-1]["edited_text"] == found.better


def test_a_gate_keeps_what_is_better_and_the_plan_is_tried_again():
    order = "zab"
    found, lm = edited(
        "azb", ["skipped"], plans=["one", "two"], rounds=2, accept=Scores(EDIT, lambda text: order.index(text) / 9)
    )
    assert (found.better, [edit["plan"] for edit in found.history]) == ("b", ["one"])
    assert all("one" in line(prompt, "problems") for prompt in prompts(lm, "better")[1:])


def test_a_given_text_is_edited_and_none_is_written():
    lm = says(better=["b"], plan="one", finished=False, explanation="So.")
    with dspy.context(lm=lm):
        program = Peer("text -> better", rounds=1, generate=GivenDraft("text -> better", start="text"))
        assert program(text="a").better == "b"
    assert line(prompts(lm, "better")[0], "draft") == "a"
    assert (lm.calls, program.cost().at_most) == (3, 3)


@pytest.mark.parametrize("start", ["tags", "place", "nothing"])
def test_a_given_draft_is_an_input_of_the_outputs_type(start):
    with pytest.raises(SettingError, match="start"):
        GivenDraft(Survey, start=start)


@pytest.mark.parametrize("documents", ["text", "nothing"])
def test_documents_are_an_input_that_is_a_list(documents):
    with pytest.raises(SettingError, match="documents"):
        Peer(EDIT, documents=documents)


def test_plans_are_texts():
    with pytest.raises(SettingError, match="plans"):
        Peer(Shout, plans=[3])


def test_a_given_draft_that_is_left_out_is_the_inputs_default():
    class Mend(dspy.Signature):
        """Mend the text."""

        topic: str = dspy.InputField()
        text: str = dspy.InputField(default="nothing yet")
        better: str = dspy.OutputField()

    assert GivenDraft(Mend, start="text")(topic="trees").better == "nothing yet"
    assert GivenDraft(Mend, start="text")(topic="trees", text="some").better == "some"
