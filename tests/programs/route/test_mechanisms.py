"""Adaptive mechanisms: the contract; when the loop stops, what is used, and what the answer is told."""

import dspy
import pytest

from selftaught.artifact import load, save
from selftaught.errors import ArtifactError, SettingError, TaskError
from selftaught.programs import Predict
from selftaught.programs.route import AdaptiveMechanisms
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.fake import answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Shout, obliging

SOLVED = [dspy.Example(word="oak tree", shouted="OAK TREE"), dspy.Example(word="trumpet", shouted="TRUMPET")]
DOCUMENTS = ["Trees have roots.", "A trumpet is made of brass."]


class TestAlama(ProgramContract):
    method = "alama"

    def make(self, task):
        return AdaptiveMechanisms(task)


class TestAlamaWithEverything(ProgramContract):
    def make(self, task):
        solved = SOLVED if task is Shout else [{**SURVEY_INPUT, **SURVEY_ANSWER, "text": "Bonn."}]
        return AdaptiveMechanisms(task, turns=5, examples=solved, documents=DOCUMENTS)


def choosing(*names, acceptable=False):
    """A model that names these mechanisms one after another."""
    left = list(names)

    def script(messages, **settings):
        said = {
            "choice": left.pop(0) if left and answer_fields(messages) == ["choice"] else "finish",
            "thoughts": "trees are tall", "goals": ["look", "shout"], "query": "what trees have", "shouted": "TREE",
            "problems": ["too quiet"], "acceptable": acceptable,
        }  # fmt: skip
        return {name: said[name] for name in answer_fields(messages)} if said["choice"] is not None else "garbage"

    return FakeLM(script)


def run(lm, **settings):
    with dspy.context(lm=lm):
        return AdaptiveMechanisms(Shout, **{"examples": SOLVED, "documents": DOCUMENTS, **settings})(word="tree")


def test_mechanisms_are_used_in_the_order_named_until_it_finishes():
    lm = choosing("plan", "reason", "finish")
    found = run(lm)
    assert found.mechanisms == ["plan", "reason"]
    assert found.notes == ["plan: look; shout", "reason: trees are tall"]
    assert [answer_fields(messages)[0] for messages in lm.requests] == [
        "choice",
        "goals",
        "choice",
        "thoughts",
        "choice",
        "shouted",
    ]
    assert "plan: look; shout" in lm.requests[2][-1]["content"], "the next choice sees what is known"
    assert "trees are tall" in lm.requests[-1][-1]["content"]


def test_it_stops_after_the_turns():
    lm = choosing("plan", "reason", "external", "memory")
    assert run(lm, turns=2).mechanisms == ["plan", "reason"]
    assert [answer_fields(messages)[0] for messages in lm.requests].count("choice") == 2


@pytest.mark.parametrize("named", [["plan", "plan"], ["plan", "finish"], ["plan", "dance"]])
def test_repeating_or_an_unknown_mechanism_finishes(named):
    found = run(choosing(*named))
    assert (found.mechanisms, found.shouted) == (["plan"], "TREE")


@pytest.mark.parametrize("settings", [{"turns": 0}, {"mechanisms": []}])
def test_without_turns_or_mechanisms_it_is_the_plain_program(settings):
    lm, plain = choosing(), choosing()
    run(lm, **settings)
    with dspy.context(lm=plain):
        Predict(Shout)(word="tree")
    assert lm.requests == plain.requests


def test_finishing_at_once_answers_plainly():
    lm, plain = choosing("finish"), choosing()
    assert run(lm).notes == []
    with dspy.context(lm=plain):
        Predict(Shout)(word="tree")
    assert lm.requests[1:] == plain.requests


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("reason", ["thoughts"]),
        ("plan", ["goals"]),
        ("memory", []),
        ("external", ["query"]),
        ("reflection", ["shouted", "problems"]),
    ],
)
def test_a_forced_run_uses_only_the_forced_mechanism_and_costs_what_it_says(name, asked):
    lm = choosing()
    with dspy.context(lm=lm):
        program = AdaptiveMechanisms(Shout, [name], examples=SOLVED, documents=DOCUMENTS)
        found = program(word="tree")
    assert found.mechanisms == [name]
    assert [answer_fields(messages)[0] for messages in lm.requests] == [*asked, "shouted"]
    assert program.cost().at_most == len(lm.requests)
    assert program.cost().at_least == len(lm.requests) - (name == "reflection")


def test_memory_shows_solved_cases_and_external_what_documents_say():
    assert "Output: OAK TREE" in run(choosing(), mechanisms=["memory"]).notes[0]
    assert run(choosing(), mechanisms=["external"]).notes[0].startswith("external: what trees have: Trees have roots.")


def test_a_function_of_the_user_is_looked_up_in_and_cannot_be_saved(tmp_path):
    with dspy.context(lm=choosing()):
        program = AdaptiveMechanisms(Shout, ["external"], look_up=lambda query: f"<{query}>")
        assert program(word="tree").notes == ["external: what trees have: <what trees have>"]
    with pytest.raises(ArtifactError):
        save(program, tmp_path / "p.st")


def test_reflection_tells_what_is_wrong_and_an_answer_with_nothing_wrong_is_kept():
    assert run(choosing(), mechanisms=["reflection"]).notes == ["reflection: Not good enough: TREE\nProblems: too quiet"]
    lm = choosing("plan", "reflection", "reason", acceptable=True)
    found = run(lm)
    assert (found.mechanisms, found.shouted) == (["plan", "reflection"], "TREE")
    assert [answer_fields(messages)[0] for messages in lm.requests][-2:] == ["shouted", "problems"]


def test_a_mechanism_that_says_nothing_readable_leaves_no_note():
    def script(messages, **settings):
        return "garbage" if answer_fields(messages) == ["goals"] else obliging(messages, **settings)

    found = run(FakeLM(script), mechanisms=["plan"])
    assert (found.mechanisms, found.notes, found.shouted) == (["plan"], [], "TREE")


def test_solved_cases_and_documents_are_saved(tmp_path):
    program = AdaptiveMechanisms(Shout, examples=SOLVED, documents=DOCUMENTS)
    save(program, tmp_path / "p.st")
    again = load(tmp_path / "p.st")
    assert list(again.mechanisms) == list(program.mechanisms) == ["reason", "plan", "reflection", "memory", "external"]
    assert again.look_up("roots of trees") == program.look_up("roots of trees")


@pytest.mark.parametrize("mechanisms", [["memory"], ["external"], ["dance"]])
def test_a_mechanism_that_cannot_be_used_is_refused(mechanisms):
    with pytest.raises(SettingError, match=mechanisms[0]):
        AdaptiveMechanisms(Shout, mechanisms)


def test_a_task_with_notes_of_its_own_is_refused():
    with pytest.raises(TaskError, match="notes"):
        AdaptiveMechanisms("notes -> answer")
