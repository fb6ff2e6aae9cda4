"""Knowledge-Instruct: what every row can be traced to, and what never gets through."""

import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis.knowledge_instruct import KnowledgeInstruct
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.scripts import answering, run

DOCUMENTS = ["Ulm lies on the Danube. Its founding was in 854. Karl likes Ulm.", {"text": "Bern lies on the Aare.", "id": "bern"}]


def entity_of(text):
    return next(line for line in text.splitlines() if line.startswith("entity: ")).removeprefix("entity: ")


def extracting(**more):
    fields = {
        "entities": lambda text, number: [name for name in ("Ulm", "Karl", "Bern") if name in text],
        "facts": ["It lies there.", "It was founded."],
        "fact": lambda text, number: f"{entity_of(text)} is known: {text.rpartition('said: ')[2].strip()}",
        "wordings": lambda text, number: [f"{entity_of(text)} in wording {number} and {place}." for place in range(3)],
        "correct": True,
    }  # fmt: skip
    return answering(**{**fields, **more})


class TestKnowledgeInstruct(SynthesisContract):
    method = "knowledge-instruct"

    def make(self):
        return KnowledgeInstruct(DOCUMENTS, batch=1)

    def script(self, messages, **settings):
        return extracting()(messages, **settings)


def test_as_many_rows_as_facts_times_paraphrases_and_all_can_be_traced():
    found, _ = run(KnowledgeInstruct(DOCUMENTS), extracting())
    facts = {row["fact_id"] for row in found.rows}
    assert len(facts) == 3 * 2  # three entities of two facts
    assert len(found.rows) == len(facts) * 3
    for row in found.rows:
        assert row["document"] in ("0", "bern")
        assert row["entity"] in row["instruction"]
        assert row["entity"] in row["fact"]
    assert {(row["fact_id"], row["paraphrase"]) for row in found.rows} == {(fact, place) for fact in facts for place in range(3)}


def test_a_fact_that_the_document_does_not_say_is_dropped():
    found, _ = run(
        KnowledgeInstruct(DOCUMENTS), extracting(correct=lambda text, number: "It lies" in text.rpartition("draft: ")[2])
    )
    assert {row["fact"] for row in found.rows} == {f"{name} is known: It lies there." for name in ("Ulm", "Karl", "Bern")}
    assert found.rejected["support", "score below 0.5"] == 3


def test_a_fact_of_an_entity_comes_once():
    found, _ = run(
        KnowledgeInstruct([DOCUMENTS[0], DOCUMENTS[0]]), extracting(facts=["It lies there.", "It lies there", "it LIES there."])
    )
    assert len({(row["entity"], row["fact"]) for row in found.rows}) == len({row["entity"] for row in found.rows}) == 2
    assert found.rejected["repeated", "repeats an earlier row"] == 2 * 2 * 3 - 2


def test_what_does_not_stand_alone_never_gets_through():
    found, _ = run(KnowledgeInstruct(DOCUMENTS), extracting(fact="It lies on the river."))
    assert not found.rows
    assert set(found.rejected) == {("stands alone", "begins with a pronoun")}


def test_an_entity_that_the_text_does_not_name_is_dropped_before_it_costs():
    found, lm = run(KnowledgeInstruct(DOCUMENTS), extracting(entities=["Atlantis"]))
    assert found.rejected == {("not in the text", "not in the text"): 2}
    assert lm.calls == 2


def test_wordings_that_are_too_few_are_asked_for_again_and_fail_alone():
    found, _ = run(
        KnowledgeInstruct(DOCUMENTS[1:]),
        extracting(wordings=lambda text, number: ["Bern."] if "lies" in text else ["Bern a.", "Bern b.", "Bern c."]),
    )
    assert len(found.rows) == 3
    assert found.rejected["paraphrase", "failed: AnswerError"] == 1


def test_templates_take_turns_and_need_their_mark():
    found, _ = run(KnowledgeInstruct(DOCUMENTS), extracting())
    by_fact = {}
    for row in found.rows:
        by_fact.setdefault(row["fact_id"], set()).add(row["instruction"])
    assert all(len(one) == 3 for one in by_fact.values())
    for templates in ([], ["no mark"]):
        with pytest.raises(SettingError):
            KnowledgeInstruct(DOCUMENTS, templates=templates)
