"""Multi-hop questions: which questions and documents a row cites, and that every passage is needed."""

import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis.documents import pieces
from selftaught.programs.synthesis.multi_hop import MultiHop, grouped, spread
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.scripts import answering, requests, run

NAMES = ["Ulm", "Bern", "Graz", "Linz", "Basel", "Passau"]
DOCUMENTS = [
    {"id": name, "text": f"{name} lies on a river. {name} was founded in {800 + number}."} for number, name in enumerate(NAMES)
]


def name_in(text):
    return next(name for name in NAMES if name in text)


def merging(**more):
    fields = {
        "questions": lambda text, number: [f"In which year was {name_in(text)} founded?", f"Where does {name_in(text)} lie?"],
        "rationale": "It says so.", "answer": lambda text, number: f"answer {number}", "reasoning": "Both facts.",
        "merged_question": lambda text, number: f"Merged{number} " + " ".join(f"w{number}x{place}" for place in range(6)),
        "merged_answer": lambda text, number: f"together {number}", "correct": True, "enough": False,
    }  # fmt: skip
    return answering(**{**fields, **more})


class TestMultiHop(SynthesisContract):
    method = "mimg"

    def make(self):
        return MultiHop(DOCUMENTS, group=3, batch=1)

    def script(self, messages, **settings):
        return merging()(messages, **settings)


@pytest.mark.parametrize("hops", [2, 3, 4])
def test_a_row_cites_as_many_questions_as_it_has_hops_and_none_twice(hops):
    found, _ = run(MultiHop(DOCUMENTS, hops=hops, group=3), merging())
    assert {row["hops"] for row in found.rows} == set(range(2, hops + 1))
    for row in found.rows:
        assert len(set(row["cites"])) == len(row["cites"]) == row["hops"]
        assert (row["kind"] == "inter") == (len(row["documents"]) > 1)
        assert all(passage in row["input"] for passage in row["passages"])
        assert {name_in(passage) for passage in row["passages"]} == set(row["documents"])
    assert {row["kind"] for row in found.rows} == {"inter", "intra"}


def test_no_pair_is_merged_twice():
    found, lm = run(MultiHop(DOCUMENTS, group=6, starts=100, near=20), merging())
    pairs = [frozenset(row["cites"]) for row in found.rows]
    assert len(pairs) == len(set(pairs)) == 12 * 11 / 2
    assert len(requests(lm, "merged_question")) == len(pairs)


def test_what_one_passage_is_enough_for_is_dropped():
    found, lm = run(MultiHop(DOCUMENTS, group=3), merging(enough=lambda text, number: "Ulm" in text and number % 2 == 0))
    assert found.rejected["leave one out", "one passage is not needed"] > 0
    for prompt in requests(lm, "enough"):
        assert sum(name in prompt for name in NAMES) == 1  # one of the two passages is missing
    kept, _ = run(MultiHop(DOCUMENTS, group=3, leave_out=False), merging(enough=True))
    assert kept.rows
    assert {row["kind"] for row in run(MultiHop(DOCUMENTS, group=3), merging(enough=True))[0].rows} == {"intra"}


def test_unverified_rows_and_questions_that_lean_are_dropped():
    found, _ = run(MultiHop(DOCUMENTS, group=3), merging(correct=False))
    assert not found.rows
    found, lm = run(MultiHop(DOCUMENTS, group=3), merging(questions=["What does the text say?"]))
    assert set(found.rejected) == {("single hops", "fewer than two questions")}
    assert not requests(lm, "answer")


def test_a_merge_that_cannot_be_read_is_skipped():
    def script(messages, **settings):
        text = str(messages[-1]["content"])
        return "garbage" if "other_question" in text and "Graz" in text else merging()(messages, **settings)

    found, _ = run(MultiHop(DOCUMENTS, group=6), script)
    assert found.rows
    assert not any("Graz" in row["documents"] for row in found.rows)


def test_a_merge_that_is_one_of_its_questions_is_none():
    first = merging(merged_question=lambda text, number: text.partition("question: ")[2].splitlines()[0])
    found, _ = run(MultiHop(DOCUMENTS, group=6), first)
    assert set(found.rejected) == {("merge", "no merge")}


def test_questions_with_the_same_answer_are_not_merged():
    found, _ = run(MultiHop(DOCUMENTS, group=6), merging(answer="the same"))
    assert set(found.rejected) == {("merge", "no merge")}


def test_groups_hold_every_document_once_and_like_ones_together():
    texts = [
        {"document": str(n), "text": word * 3}
        for n, word in enumerate(["river bank water ", "code loop array ", "river water fish ", "array code list "])
    ]
    groups = grouped(texts, 2, None)
    assert sorted(one["document"] for group in groups for one in group) == ["0", "1", "2", "3"]
    assert [[one["document"] for one in group] for group in groups] == [["0", "2"], ["1", "3"]]


def test_a_long_document_is_asked_about_a_few_pieces():
    text = "One sentence stands here. " * 50_000
    found = spread(text, 500, 8)
    assert len(found) == 8
    assert set(found) <= set(pieces(text, 500))


def test_settings_that_are_none_are_refused():
    for settings in ({"hops": 1}, {"group": 0}, {"questions": 0}):
        with pytest.raises(SettingError):
            MultiHop(DOCUMENTS, **settings)
