"""Valid files with something changed: each loads, or is refused with an ArtifactError; what loads can be looked at and saved again."""

import random

import dspy
import pytest

import selftaught as st
from selftaught.artifact import load, read, save
from selftaught.errors import ArtifactError
from selftaught.testing.mutations import mutated
from selftaught.testing.samples import Shout, Survey

ROUNDS = 150


def plain():
    """A program of one step."""
    program = st.Predict(Survey, temperature=0.3)
    program.demos = [dspy.Example(text="Ulm.", tags=["x"], mood="good", score=1, sure=True, place={"town": "Ulm", "people": 1})]
    return program


def refine():
    """A program of three steps, with a judge that knows something."""
    return st.programs.SelfRefine(Shout)


def judged():
    """A program with a judge that has learned something."""
    judge = st.judges.Checklist(Shout)
    judge.lists = {"tree": ["Is every letter a capital?"]}
    return st.programs.BestOf(Shout, judge=judge)


@pytest.mark.parametrize("make", [plain, refine, judged])
def test_a_changed_file_loads_or_is_refused_with_a_typed_error(make, tmp_path):
    content = save(make(), tmp_path / "good.st").read_bytes()
    path, draw = tmp_path / "changed.st", random.Random(make.__name__)
    loaded = 0
    for _ in range(ROUNDS):
        path.write_bytes(mutated(content, draw))
        try:
            program = load(path)
        except ArtifactError as error:
            assert "changed.st" in str(error)
        else:
            loaded += 1
            read(save(program, tmp_path / "again.st"))
    assert 0 < loaded < ROUNDS, "some changes must matter, and some must not"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["again.st", "changed.st", "good.st"]
