"""Answers from documents: the contract; which passages are shown, and that none is plain answering."""

import dspy
import pytest

from selftaught.artifact import load, save
from selftaught.errors import SettingError
from selftaught.programs import Predict
from selftaught.programs.retrieve.grounded import Grounded
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.fake import answer_fields
from selftaught.testing.samples import Shout, obliging

DOCUMENTS = ["Trees have roots.", "A trumpet is made of brass.", "Old trees have many rings.", "Rain falls."]


class TestSelfSpecialization(ProgramContract):
    method = "self-specialization"

    def make(self, task):
        return Grounded(task, DOCUMENTS, most=2)


def copying(messages, **settings):
    return dict.fromkeys(answer_fields(messages), messages[-1]["content"])


def test_the_likest_passages_are_given_and_named():
    lm = FakeLM(copying)
    with dspy.context(lm=lm):
        found = Grounded(Shout, DOCUMENTS, most=2)(word="old trees")
    assert found.passages == [2, 0]
    assert all(DOCUMENTS[number] in found.shouted for number in found.passages), "the answer was written from them"
    assert "brass" not in found.shouted


def test_every_answer_has_a_passage_where_there_are_documents():
    with dspy.context(lm=FakeLM(obliging)):
        assert len(Grounded(Shout, DOCUMENTS, most=1)(word="zzz").passages) == 1


@pytest.mark.parametrize("settings", [{"most": 0, "documents": DOCUMENTS}, {"documents": []}])
def test_without_passages_it_is_the_plain_program(settings):
    lm, plain = FakeLM(obliging), FakeLM(obliging)
    with dspy.context(lm=lm):
        assert Grounded(Shout, **settings)(word="tree").passages == []
    with dspy.context(lm=plain):
        Predict(Shout)(word="tree")
    assert lm.requests == plain.requests


def test_a_tuned_instruction_reaches_the_grounded_step(tmp_path):
    program = Grounded(Shout, DOCUMENTS)
    program.generate.signature = program.generate.signature.with_instructions("Whisper.")
    save(program, tmp_path / "p.st")
    lm = FakeLM(obliging)
    with dspy.context(lm=lm):
        program(word="tree")
        load(tmp_path / "p.st")(word="tree")
    assert lm.requests[0] == lm.requests[1]
    assert lm.requests[0][0]["content"].startswith("Whisper.\n\n")


def test_documents_are_texts():
    with pytest.raises(SettingError, match="documents"):
        Grounded(Shout, [1])
