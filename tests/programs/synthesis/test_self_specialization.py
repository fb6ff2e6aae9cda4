"""Self-Specialization and Ada-Instruct: answers from documents; sampled instructions unlike the seeds, in the form of answers."""

import re

import numpy as np

from selftaught.programs.judge.function import FunctionJudge
from selftaught.programs.synthesis.ada_instruct import AdaInstruct
from selftaught.programs.synthesis.self_specialization import ANSWER, SelfSpecialization
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.instruct_scripts import by_fields, made, said, words

SEEDS = [
    {"instruction": "Say which organ the text is about.", "input": "It pumps blood.", "output": "the heart"},
    {"instruction": "List the drugs in the text.", "input": "She took aspirin.", "output": "aspirin"},
]
DOCUMENTS = [f"Passage {i}: enzyme e{i} splits sugar s{i}." for i in range(6)]


def copying(messages, **_):
    """Answer with the passages that were shown."""
    return " ".join(re.findall(r"enzyme e\d", said(messages))) or "nothing shown"


def script(messages, **settings):
    ask = {
        "instruction": lambda messages, number, **_: words(number),
        "input": lambda messages, number, **_: f"About e{number % 6}?",
    }
    return by_fields(ask, {"output": copying})(messages, **settings)


class TestSelfSpecialization(SynthesisContract):
    method = "self-specialization-data"

    def make(self):
        return SelfSpecialization(SEEDS, documents=DOCUMENTS, batch=3)

    def script(self, messages, **settings):
        return script(messages, **settings)


def test_every_answer_was_written_from_the_passages_whose_numbers_it_keeps():
    found, _ = made(SelfSpecialization(SEEDS, documents=DOCUMENTS, most=2, batch=4), script, 6)
    for row in found.rows:
        assert len(row["passages"]) == 2
        assert row["output"] == " ".join(f"enzyme e{one}" for one in row["passages"])
        assert set(row.values) == {"instruction", "input", "output", "passages"}


def test_without_passages_it_is_plain_self_instruction():
    plain, _ = made(SelfSpecialization(SEEDS, batch=4), script, 4)
    none, _ = made(SelfSpecialization(SEEDS, documents=DOCUMENTS, most=0, batch=4), script, 4)
    assert [dict(row.values) for row in plain.rows] == [dict(row.values) for row in none.rows]
    assert all(row["passages"] == [] for row in plain.rows)


def test_no_seed_comes_out_again_and_a_judge_has_the_last_word():
    def parrot(messages, **settings):
        return by_fields({"instruction": SEEDS[0]["instruction"], "input": "x"}, {"output": "y"})(messages, **settings)

    assert not made(SelfSpecialization(SEEDS, batch=2), parrot, 3, patience=2)[0].rows
    judge = FunctionJudge(ANSWER, lambda example, prediction, trace=None: 0.0)
    found, _ = made(SelfSpecialization(SEEDS, documents=DOCUMENTS, judge=judge, batch=2), script, 3, patience=2)
    assert ("judge", "score below 0.5") in found.rejected


def sampled(answer="42", ask=lambda messages, number, **_: words(number) + "?"):
    return by_fields({"instruction": ask}, {"reasoning": "So it is.", "output": answer})


class TestAdaInstruct(SynthesisContract):
    method = "ada-instruct"

    def make(self):
        return AdaInstruct(SEEDS, batch=3)

    def script(self, messages, **settings):
        return sampled()(messages, **settings)


def encoder(texts):
    """Put texts on axes by their last digit: same digit, same place."""
    return np.eye(10)[[int((re.findall(r"\d", one) or ["0"])[-1]) for one in texts]]


def test_kept_instructions_are_far_from_every_seed_and_from_one_another():
    found, _ = made(AdaInstruct(["Seed number 3?"], batch=20, encoder=encoder), sampled(), 20, patience=3)
    places = encoder([row["instruction"] for row in found.rows])
    assert len({int(one.argmax()) for one in places}) == len(found.rows) <= 9
    assert 3 not in {int(one.argmax()) for one in places}


def test_malformed_instructions_and_answers_never_come_out():
    assert not made(AdaInstruct(SEEDS, ending="!"), sampled(), 2, patience=2)[0].rows
    wordy, _ = made(AdaInstruct(SEEDS, numeric=True), sampled("about forty"), 2, patience=2)
    assert not wordy.rows
    assert any(reason == "no number" for _, reason in wordy.rejected)
    assert made(AdaInstruct(SEEDS, numeric=True, ending="?"), sampled("$1,200.50"), 2)[0].rows
    empty, _ = made(AdaInstruct(SEEDS), sampled("  "), 2, patience=2)
    assert not empty.rows


def test_verification_drops_what_fails_and_without_it_nothing_is_dropped():
    task = "instruction -> output"
    odd = FunctionJudge(task, lambda example, prediction, trace=None: float(len(example.instruction) % 2))
    whole, _ = made(AdaInstruct(SEEDS, batch=12, most=1.0), sampled(), 12)
    checked, _ = made(AdaInstruct(SEEDS, batch=12, most=1.0, verify=odd), sampled(), 3)
    assert all(len(row["instruction"]) % 2 for row in checked.rows)
    assert len(whole) == 12


def test_the_generators_set_is_the_preamble_and_a_seed_and_labels_are_shown_the_demonstration():
    shown = []

    def script(messages, **settings):
        shown.append(str(messages))
        return sampled()(messages, **settings)

    worked = {"instruction": "What is 1 + 1?", "reasoning": "One more than one.", "output": "2"}
    pipeline = AdaInstruct(SEEDS, preamble="Write a riddle.", demonstration=worked)
    assert pipeline.generator_rows()[0] == {"prompt": "Write a riddle.", "completion": SEEDS[0]["instruction"]}
    made(pipeline, script, 1)
    assert any("One more than one." in one for one in shown)
    assert not any(SEEDS[0]["instruction"] in one for one in shown), "the generator is given the preamble alone"
