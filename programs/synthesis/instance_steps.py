"""The steps that make instances of an instruction, each with demonstrations of our own.

Without them, a small model calls every task a classification and gives the task itself as its input.
"""

from __future__ import annotations

from typing import Annotated, Any

import dspy
from pydantic import Field

from selftaught.programs.step import Step, step_with

LABELS = 4


def _task(name: str, instruction: str, given: dict[str, str], asked: dict[str, tuple[Any, Any]]) -> Any:
    return dspy.make_signature(
        {**{one: (str, dspy.InputField(desc=about)) for one, about in given.items()}, **asked}, instruction, name
    )


_SHORT = Annotated[str, Field(max_length=40)]
LABELS_OF = _task(
    "Labels", "List the labels that answers to the task can have. Do not answer it.", {"instruction": "a task"},
    {"choices": (list[_SHORT], dspy.OutputField(min_length=2, max_length=LABELS))},
)  # fmt: skip
INPUT_FOR = _task(
    "Fill", "Write an input to the task for which the given label is the right answer. Do not name the label.",
    {"instruction": "a task", "label": "the answer that the input must have"},
    {"input": (str, dspy.OutputField(desc="the text that the task is about", max_length=600))},
)  # fmt: skip
INSTANCE_OF = _task(
    "Instance", "Think of one input to the task, and write the right output. Leave the input empty where the task needs none.",
    {"instruction": "a task"},
    {"input": (str, dspy.OutputField(desc="empty, or the text that the task is about", max_length=600)), "output": (str, dspy.OutputField(max_length=800))},
)  # fmt: skip
CLASSIFY = dspy.make_signature(
    {"instruction": (str, dspy.InputField()), "classification": (bool, dspy.OutputField(desc="the answer is one of a few fixed labels"))},
    "Say whether the task is a classification: whether its answer is one of a few labels, such as yes or no.", "Classify",
)  # fmt: skip
_CLASSIFICATIONS = {
    "Say whether the review is positive or negative.": True,
    "Write a letter to a friend who has moved away.": False,
    "Decide whether the two sentences mean the same.": True,
    "List some ways to save water at home.": False,
    "Translate the sentence into French.": False,
    "Name the topic of the article: politics, sports or science.": True,
    "Explain how a bicycle stays upright.": False,
}
SHOWN_CLASSIFICATIONS = [{"instruction": one, "classification": found} for one, found in _CLASSIFICATIONS.items()]
SHOWN_LABELS = [{"instruction": "Decide whether the two sentences mean the same.", "choices": ["yes", "no"]}]
SHOWN_INPUTS = [
    {
        "instruction": "Decide whether the two sentences mean the same.", "label": "no",
        "input": "1. The shop opens at nine.\n2. The shop closes at nine.",
    },
    {
        "instruction": "Say whether the review is positive or negative.", "label": "positive",
        "input": "I read it in one night and was sorry when it ended.",
    },
]  # fmt: skip
_INSTANCES = (
    (
        "List some ways to save water at home.", "",
        "Take short showers, mend dripping taps, and water plants with rain from the roof.",
    ),
    ("Make the sentence more polite.", "Send me the file.", "Could you please send me the file?"),
    ("Write two lines of a poem about autumn.", "", "The leaves let go and learn to fly,\nthe geese write letters on the sky."),
    ("Name the main topic of the text.", "The council will plant four hundred trees along the river before winter.", "Planting trees"),
    (
        "Explain why the sea is salty.", "",
        "Rain washes salts out of rocks, and rivers carry them to the sea, where they stay when water evaporates.",
    ),
)  # fmt: skip
SHOWN_INSTANCES = [dict(zip(("instruction", "input", "output"), one, strict=True)) for one in _INSTANCES]


def classify() -> Step:
    """Return the step that says whether an `instruction` asks for a `classification`."""
    return step_with(CLASSIFY, SHOWN_CLASSIFICATIONS)


def label() -> Step:
    """Return the step that names the labels of a classification: `instruction` -> `choices`."""
    return step_with(LABELS_OF, SHOWN_LABELS)


def fill() -> Step:
    """Return the step that writes the input of a label: `instruction`, `label` -> `input`."""
    return step_with(INPUT_FOR, SHOWN_INPUTS)


def solve() -> Step:
    """Return the step that writes an instance: `instruction` -> `input`, `output`."""
    return step_with(INSTANCE_OF, SHOWN_INSTANCES)
