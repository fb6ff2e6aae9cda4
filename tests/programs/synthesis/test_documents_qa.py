"""Questions from documents, and the papers that go on from them: the contract, what the student may see, gaps, replay."""

import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis import Row
from selftaught.programs.synthesis.autonomous_learning import AutonomousLearning, gap_share
from selftaught.programs.synthesis.documents_qa import DocumentQuestions
from selftaught.programs.synthesis.self_evolution import SelfEvolution, replay, training_set
from selftaught.testing import SynthesisContract, answer_fields
from tests.programs.synthesis.scripts import answering, requests, run

DOCUMENTS = [f"Fact {number}: the town of Number{number} has {number} bridges over its river." for number in range(4)]


def learning(**more):
    def question(text, number):
        return [
            f"How many bridges has Number{text.partition('Number')[2][:1]} in case {number} and {place}?" for place in range(2)
        ]

    return answering(
        **{
            "questions": question,
            "output": lambda text, number: f"There are {number % 7} bridges.",
            "correct": True,
            "agree": False,
            **more,
        }
    )


class TestPromptDistillation(SynthesisContract):
    method = "prompt-distillation"

    def make(self):
        return DocumentQuestions(DOCUMENTS, questions=8, temperature=1.5, batch=2)


class TestAutonomousLearning(SynthesisContract):
    method = "autonomous-learning"

    def make(self):
        return AutonomousLearning(DOCUMENTS, batch=2)

    def script(self, messages, **settings):
        return learning()(messages, **settings)


class TestSelfEvolution(SynthesisContract):
    method = "self-evolution-domain-qa"

    def make(self):
        return SelfEvolution(DOCUMENTS, rounds=2, batch=2)


def test_the_student_never_sees_the_passage_and_the_teacher_does():
    found, lm = run(DocumentQuestions(DOCUMENTS), learning())
    assert len(found.rows) == 8
    texts = {row["document"]: row["text"] for row in found.rows}
    assert texts == {str(number): one for number, one in enumerate(DOCUMENTS)}
    assert not any(row["text"] in row["instruction"] for row in found.rows)
    assert all(any(text in prompt for text in DOCUMENTS) for prompt in requests(lm, "output"))


def test_with_the_document_open_the_instruction_holds_the_passage():
    found, _ = run(DocumentQuestions(DOCUMENTS, closed=False), learning())
    assert all(row["instruction"].startswith(row["text"]) for row in found.rows)


def test_unsupported_answers_are_dropped_and_questions_that_lean_cost_no_answer():
    found, _ = run(DocumentQuestions(DOCUMENTS), learning(correct=False))
    assert not found.rows
    assert set(found.rejected) == {("support", "score below 0.5")}
    found, lm = run(DocumentQuestions(DOCUMENTS), learning(questions=["What does the text say?"]))
    assert set(found.rejected) == {("self-contained", "points at the text")}
    assert not requests(lm, "output")


def test_a_question_is_asked_once_and_further_passes_ask_again():
    found, _ = run(DocumentQuestions(DOCUMENTS), learning(questions=["How many bridges has Ulm?"]))
    assert len(found.rows) == 1
    found, _ = run(DocumentQuestions(DOCUMENTS[:1], passes=3, questions=2), learning())
    assert len({row["instruction"] for row in found.rows}) == 6


def closed_or_open(messages, **settings):
    """Knows the town with an even number by heart."""
    answer, text = learning()(messages, **settings), str(messages[-1]["content"])
    if "output" in answer_fields(messages):
        number = int(text.rpartition("Number")[2][0])
        answer["output"] = "open" if "Fact" in text else ("open" if number % 2 == 0 else "a guess")
    return answer


def test_what_the_model_recalls_is_dropped_and_gaps_are_pairs():
    found, lm = run(AutonomousLearning(DOCUMENTS), closed_or_open)
    assert {row["document"] for row in found.rows} == {"1", "3"}
    assert all((row["chosen"], row["rejected"]) == ("open", "a guess") for row in found.rows)
    assert "output" not in found.rows[0].values
    assert found.rejected["gap", "known"] == 4
    assert gap_share(found) == 0.5
    assert len(requests(lm, "agree")) == 4  # answers of the same words agree without a call


def test_the_closed_prompt_holds_no_passage():
    _, lm = run(AutonomousLearning(DOCUMENTS), closed_or_open)
    closed = [prompt for prompt in requests(lm, "output") if "Fact" not in prompt]
    assert len(closed) == 8
    assert not any(text in prompt for prompt in closed for text in DOCUMENTS)


def test_answers_that_agree_by_the_models_word_are_known_too():
    found, _ = run(AutonomousLearning(DOCUMENTS), learning(agree=True))
    assert not found.rows
    assert gap_share(found) == 0.0


def scored(count=10, rounds=3):
    return [
        Row({"round": one, "score": number / 10, "instruction": f"{one} {number}"})
        for one in range(rounds)
        for number in range(count)
    ]


def test_replay_takes_only_earlier_rounds_and_the_first_has_none():
    rows = scored()
    assert replay(rows, 0) == []
    for mode in ("hard", "easy", "even", "random", "all"):
        assert all(row["round"] < 2 for row in replay(rows, 2, 7, mode))
        assert len(replay(rows, 2, 7, mode)) == (20 if mode == "all" else 7)
        assert replay(rows, 2, 99, mode) == replay(rows, 2, 20, "all")


def test_hard_takes_the_highest_scores_and_easy_the_lowest():
    rows = scored()
    assert [row["score"] for row in replay(rows, 1, 3, "hard")] == [0.9, 0.8, 0.7]
    assert [row["score"] for row in replay(rows, 1, 3, "easy")] == [0.2, 0.1, 0.0]
    assert [row["score"] for row in replay(rows, 1, 5, "even")] == [0.9, 0.7, 0.5, 0.3, 0.1]
    assert replay(rows, 1, 0, "hard") == replay(rows, 1, 0, "even") == replay(rows, 1, 0, "easy") == []
    unknown = Row({"round": 0, "score": None, "instruction": "unknown"})
    assert replay([*rows, unknown], 1, 1)[0] is unknown  # a missing score counts as 1
    with pytest.raises(SettingError):
        replay(rows, 1, 3, "other")


def test_rounds_ask_each_piece_once_and_training_adds_the_replay():
    found, _ = run(SelfEvolution(DOCUMENTS, rounds=3, scorer=lambda row: len(row["instruction"])), learning(questions=lambda text, number: [f"What is in case {number}?"]))  # fmt: skip
    assert [row["round"] for row in found.rows] == [0] * 4 + [1] * 4 + [2] * 4
    assert all(row["score"] == len(row["instruction"]) for row in found.rows)
    assert training_set(found.rows, 0) == found.rows[:4]
    assert len(training_set(found.rows, 2, 5)) == 4 + 5


def test_without_a_scorer_there_is_no_score_and_the_document_may_stay_open():
    one = learning(questions=["What is in the case of Ulm?"])
    assert run(SelfEvolution(DOCUMENTS, rounds=1), one)[0].rows[0]["score"] is None
    (row,) = run(SelfEvolution(DOCUMENTS, rounds=1, closed=False), one)[0].rows
    assert row["text"] in row["instruction"]
