"""Styles of instructions (021): how to ask for each, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dspy

from selftaught.optimizers.proposer import Proposer
from selftaught.optimizers.strategy import Problem
from selftaught.signatures import list_of, proposal_of


@dataclass(frozen=True, slots=True)
class Style:
    """A way to instruct. `request`: what is asked for; `shown`: what comes of it, on a task of our own (a list for steps)."""

    request: str
    shown: str | list[str]


def joined(said: Any) -> str:
    """Return a proposal as one text; steps in a row, "" where there is none."""
    return " ".join(map(str, said)) if isinstance(said, list) else str(said or "")


def styled_proposer(problem: Problem, name: str) -> Proposer:
    """Return what asks for instructions in a style; it takes a `seed` instruction and `examples`."""
    style = STYLES[name]
    if isinstance(style.shown, list):
        asked = list_of("Propose", style.request, GIVEN, "instruction", "the steps, one short sentence each", at_most=4)
    else:
        asked = proposal_of("Propose", style.request, GIVEN, described="the instruction")
    return Proposer(problem, asked, name=f"style {name} ")


def shown_in(name: str) -> dspy.Example:
    """Return an example of what is asked in a style and what comes of it. Without, a very small model repeats the seed; with it, leans on it."""
    return dspy.Example(**SHOWN, instruction=STYLES[name].shown)


GIVEN = {"seed": "an instruction for the task, perhaps a poor one", "examples": "inputs and their right outputs"}
SHOWN = {
    "seed": "Answer.",
    "examples": "Input: banana\nOutput: yellow\n\nInput: grass\nOutput: green\n\nInput: snow\nOutput: white",
}
STYLES = {
    "sentence": Style(
        "Write a better instruction for the task that the examples show. Use one short sentence.",
        "Name the colour of the thing.",
    ),
    "paragraph": Style(
        "Write a better instruction for the task that the examples show. Use three or four sentences with all details.",
        "You are given the name of a thing. Think of the colour that it mostly has. Answer with that colour. Use one word.",
    ),
    "steps": Style(
        "Write down, step by step, how to get from the input to the output in the examples. Each step is a command.",
        ["Picture the thing.", "Find the colour that it mostly has.", "Write that colour."],
    ),
    "explained": Style(
        "Find out why each output in the examples is right. Write an instruction that tells the rule and the reason for it.",
        "Write the colour of the thing, because each output tells what the thing looks like.",
    ),
    "strict": Style(
        "Write a strict instruction for the task that the examples show: what to do, what form the output has, what to leave out.",
        "Name the colour of the thing. One word in small letters. No other word, no explanation.",
    ),
    "role": Style(
        "Write an instruction that starts with 'You are', names an expert for the task in the examples, and says what to do.",
        "You are a painter. Say which colour you would use to paint the thing.",
    ),
    "warning": Style(
        "Write an instruction for the task that the examples show. Say what to do, and name the mistake that people make most.",
        "Name the colour of the thing. Do not say what it is used for.",
    ),
}
