"""Inspecting shows all that a saved program holds, whether it loads or not; comparing names each thing that differs."""

import json

import dspy
import pytest

import selftaught as st
from selftaught.artifact import save
from selftaught.cli.exporting import inspected_text
from selftaught.errors import ArtifactError
from selftaught.inspection import difference, inspected, printable
from selftaught.testing.samples import Shout
from tests.test_artifact import forge, parts_of, tuned


@pytest.fixture
def saved(tmp_path):
    program = tuned()
    program.provenance = {
        "made_by": "Ada",
        "tuning": {
            "baseline": {"metric": "exact", "score": 0.5, "interval": [0.4, 0.6], "n": 40},
            "tuned": {"score": 0.75, "interval": [0.6, 0.9], "n": 40},
        },
    }
    return save(program, tmp_path / "program.st")


def test_it_shows_everything(saved):
    found = inspected(saved)
    assert found["class"].endswith(":SelfRefine")
    assert "self-refine" in found["method"]
    assert (found["loads"], found["signed"], found["calls"]) == ("yes", False, {"at_least": 2, "at_most": 4})
    assert found["scores"]["tuned"] == {"score": 0.75, "interval": [0.6, 0.9], "n": 40}
    assert found["steps"]["generate"]["demos"] == [{"word": "a", "shouted": "A"}]
    assert found["sizes"]["demonstrations"] == 1
    assert found["sizes"]["bytes"] == saved.stat().st_size
    text = inspected_text(found)
    for part in (
        "SelfRefine",
        "word -> shouted",
        "grüß Gott",
        '"word": "a"',
        "0.750 (0.600 to 0.900), n=40",
        "made_by",
        "temperature",
        "2 to 4",
    ):
        assert part in text


def test_the_knobs_of_parts_are_shown_by_their_path(tmp_path):
    judge = st.judges.Checklist(Shout)
    found = inspected(save(st.programs.BestOf(Shout, judge=judge, samples=3), tmp_path / "x.st"))
    assert found["knobs"]["samples"] == 3
    assert found["knobs"]["judge"] == "Checklist"


def test_a_program_that_no_longer_fits_is_shown_with_the_reason(saved, tmp_path):
    parts = parts_of(saved)
    parts["program.json"]["arguments"]["loudness"] = 3
    found = inspected(forge(tmp_path / "misfit.st", parts))
    assert "loudness" in found["loads"]
    assert found["calls"] is None
    assert "grüß Gott" in inspected_text(found)


@pytest.mark.parametrize(
    "tuning",
    [
        None,
        7,
        {"tuned": 3},
        {"tuned": {"score": "x", "interval": "y"}},
        {"tuned": {"score": None}},
        {"baseline": {"score": 1, "interval": [1]}},
    ],
)
def test_whatever_the_provenance_holds_it_is_shown(tuning, tmp_path):
    program = st.Predict(Shout)
    program.provenance = {"tuning": tuning}
    assert inspected_text(inspected(save(program, tmp_path / "x.st")))


def test_a_broken_file_is_an_error(tmp_path):
    (tmp_path / "x.st").write_text("x")
    for use in (lambda: inspected(tmp_path / "x.st"), lambda: difference(tmp_path / "x.st", tmp_path / "x.st")):
        with pytest.raises(ArtifactError):
            use()


def test_the_same_program_does_not_differ_from_itself(saved, tmp_path):
    found = difference(saved, save(tuned(), tmp_path / "other.st"))
    assert not found
    assert found.lines == []


def test_each_thing_that_differs_is_named_and_nothing_else(saved, tmp_path):
    program = tuned()
    first, critic, _ = program.predictors()
    first.signature = first.signature.with_instructions("Shout it from the Watzmann: grüß Gott!")
    critic.demos = [dspy.Example(word="b", draft="B", problems=[], acceptable=True)]
    critic.config = {"temperature": 0.9}
    found = difference(saved, save(program, tmp_path / "other.st"))
    assert list(found.changed) == ["generate: instruction", "critic: demonstrations", "critic: settings"]
    assert "-Shout it from the Zugspitze: grüß Gott!" in found.lines
    assert "+Shout it from the Watzmann: grüß Gott!" in found.lines
    assert json.loads(json.dumps(found.to_dict()))["differ"] is True


def test_knobs_and_classes_differ_too(saved, tmp_path):
    other = save(st.programs.SelfRefine(Shout, rounds=2), tmp_path / "other.st")
    assert "program" in difference(saved, other).changed
    plain = difference(saved, save(st.Predict(Shout), tmp_path / "plain.st"))
    assert {"self: instruction", "generate: instruction"} <= set(plain.changed)


def test_what_a_terminal_would_obey_is_shown_as_text():
    assert printable("a\x1b[2Jb\x9bc\u202ed\r\n\te") == "a\\x1b[2Jb\\x9bc\\u202ed\\r\n\te"
    assert printable("grüß 😀 中\ud800") == "grüß 😀 中\\ud800"
