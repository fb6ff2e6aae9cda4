"""SELF-GUIDE: inputs, then outputs; noise, lengths, labels and given inputs are kept out."""

from typing import Literal

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis.noise import LengthRange, noise
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.self_guide import SelfGuide
from selftaught.signatures import as_task
from selftaught.testing import SynthesisContract, answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Survey
from tests.programs.synthesis.instruct_scripts import by_fields, made, said, words


class Mood(dspy.Signature):
    """Say whether the review is good or bad."""

    review: str = dspy.InputField()
    mood: Literal["good", "bad"] = dspy.OutputField()


GOLD = [
    {"review": "I liked all of this very much indeed.", "mood": "good"},
    {"review": "Not a good film, sad to say so.", "mood": "bad"},
    {"review": "It made my whole long day much better.", "mood": "good"},
]
ASK = {"review": lambda messages, number, **_: words(number, 7)}


def label(messages, number, **_):
    return "good" if number % 2 else "bad"


class TestSelfGuide(SynthesisContract):
    method = "self-guide"

    def make(self):
        return SelfGuide(GOLD, task=Mood, batch=3)

    def script(self, messages, **settings):
        return by_fields(ASK, {"mood": label})(messages, **settings)


def guided(ask=ASK, answer=label, count=6, task=Mood, examples=GOLD, **settings):
    return made(SelfGuide(examples, task=task, **{"batch": 6, **settings}), by_fields(ask, {"mood": answer}), count, patience=2)


def test_the_label_that_an_input_was_asked_for_with_is_forgotten():
    asked, answered = [], []

    def ask(messages, number, **_):
        asked.append(said(messages))
        return words(number, 7)

    def answer(messages, number, **_):
        answered.append(str(messages))
        return "bad"

    found, _ = guided({"review": ask}, answer)
    assert any("label: good" in one for one in asked)
    assert any("label: bad" in one for one in asked)
    assert not any("label:" in one for one in answered)
    assert all(dict(row.values).keys() == {"review", "mood"} and row["mood"] == "bad" for row in found.rows)


def test_every_output_is_asked_for_with_all_examples_shown():
    seen = []
    guided(answer=lambda messages, number, **_: seen.append(messages) or "good")
    assert all(sum(one["role"] == "assistant" for one in messages) == len(GOLD) for messages in seen)


def test_no_given_input_comes_out_and_none_twice():
    texts = iter(
        [GOLD[0]["review"].upper(), *(["the very same review comes again here"] * 9), *(words(i, 7) for i in range(100))]
    )
    found, _ = guided({"review": lambda messages, **_: next(texts)}, count=4)
    reviews = [row["review"] for row in found.rows]
    assert len(set(reviews)) == 4
    assert not {one["review"].lower() for one in GOLD} & {one.lower() for one in reviews}


def test_outputs_of_a_classification_are_labels_or_the_row_is_dropped():
    task = as_task("review -> mood")
    found, _ = guided(answer=lambda messages, number, **_: "Good." if number % 2 else "so-so", task=task, labels=["good", "bad"])
    assert found.rows
    assert {row["mood"] for row in found.rows} == {"Good."}
    assert any(one == ("labels", "no label of the task") for one in found.rejected)
    typed, _ = guided(answer="so-so")
    assert not typed.rows, "an answer outside of the Literal does not parse"


def test_without_filters_there_are_only_more_rows():
    kinds = [
        lambda n: words(n, 7),
        lambda n: "too short",
        lambda n: f"I'm sorry, I cannot help with thing {n} today",
        lambda n: "x " * 300,
    ]
    ask = {"review": lambda messages, number, **_: kinds[number % 4](number)}
    # one round each: what is shown does not depend on what was kept
    some, _ = made(SelfGuide(GOLD, task=Mood, batch=40), by_fields(ask, {"mood": label}), 1)
    whole, _ = made(SelfGuide(GOLD, task=Mood, batch=40, filters=False), by_fields(ask, {"mood": label}), 40, patience=1)
    assert len(whole.rows) > len(some.rows) > 0
    assert {row["review"] for row in some.rows} <= {row["review"] for row in whole.rows}


def test_lengths_far_from_those_of_the_examples_are_dropped():
    rows = [Row({"text": "a b c d"}), Row({"text": "a b c d e f"})]
    kept = LengthRange(rows, ["text"], 2.0, "length")
    assert (kept.low, kept.high) == (2.5, 7.5)
    assert not kept.outside(Row({"text": "a b c"}))
    assert kept.outside(Row({"text": "a b"}))
    assert kept.outside(Row({"text": "a b c d e f g h"}))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"), ("As an AI, I think", "a refusal"), ("Fine.\nInput 3: more", "left-over words of a prompt"), ("a b c " * 9, "repeats itself"),
        ("ha" + "a" * 40, "repeats itself"), ("!" * 12, "repeats itself"), ("An ordinary text, it is. It is, it is!", ""), ("今日は良い天気です", ""),
    ],
)  # fmt: skip
def test_noise_is_told_by_name(text, why):
    assert noise([text]) == why


def test_held_out_labels_are_never_needed():
    found, _ = guided(examples=GOLD[:1])
    assert found.rows
    with pytest.raises(SettingError, match="lacks 'mood'"):
        SelfGuide([{"review": "x"}], task=Mood)
    with pytest.raises(SettingError, match="at least one"):
        SelfGuide([], task=Mood)
    with pytest.raises(SettingError, match="examples"):
        SelfGuide([{"examples": "x", "y": "z"}], task="examples -> y")


def test_a_task_with_structured_fields_makes_a_training_set_of_its_own_type():
    def script(messages, **settings):
        asked = answer_fields(messages)
        number = len(str(messages)) + len(str(settings.get("rollout_id")))
        return {"text": f"{words(number, 3)}", "tags": ["a", "b"]} if "tags" in asked else SURVEY_ANSWER

    found, _ = made(SelfGuide([{**SURVEY_INPUT, **SURVEY_ANSWER}], task=Survey, batch=4), script, 1)
    (example,) = found.examples(Survey)
    assert example.place["town"] == "Ulm" if isinstance(example.place, dict) else example.place.town == "Ulm"
