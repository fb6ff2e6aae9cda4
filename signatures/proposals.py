"""Signatures of the steps that think of instructions: named texts in, one text out."""

from __future__ import annotations

from collections.abc import Mapping

import dspy

from selftaught.signatures.task import Task

LONGEST_INSTRUCTION = 400
"""Characters; long instructions are mostly copied data."""


def proposal_of(
    role: str,
    instruction: str,
    given: Mapping[str, str],
    *,
    asked: str = "instruction",
    described: str = "one or two imperative sentences",
    longest: int = LONGEST_INSTRUCTION,
) -> Task:
    """Return the signature of a step that proposes a text.

    Args:
        role: the name of the step, shown in errors.
        instruction: what it is to do.
        given: name -> what it is; all of them texts.
        asked: name of the text that is asked for.
        described: what that text is.
        longest: characters of it.
    """
    inputs = {name: (str, dspy.InputField(desc=about)) for name, about in given.items()}
    return dspy.make_signature({**inputs, asked: (str, dspy.OutputField(desc=described, max_length=longest))}, instruction, role)


def list_of(role: str, instruction: str, given: Mapping[str, str], asked: str, described: str, *, at_most: int = 5) -> Task:
    """Return the signature of a step that proposes a list of texts; see `proposal_of`."""
    inputs = {name: (str, dspy.InputField(desc=about)) for name, about in given.items()}
    return dspy.make_signature(
        {**inputs, asked: (list[str], dspy.OutputField(desc=described, min_length=1, max_length=at_most))}, instruction, role
    )
