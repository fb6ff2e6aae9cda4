"""Templates: how an instruction, its input and its output become one text to train on.

A model that saw one wording only learns the wording too, so Self-Instruct (005) trains on several. Which one a row gets depends on
the seed and on the row alone: more rows, or another order, change nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from selftaught.errors import SettingError
from selftaught.programs.synthesis.row import Row

OUTPUT = "{output}"
_MARKS = re.compile(r"\{(instruction|input)\}")


class Template(NamedTuple):
    """A wording. `given`: with an input; `alone`: without one. Both end in `{output}`; spaces before it belong to the output."""

    given: str
    alone: str

    def fill(self, instruction: str, given: str) -> tuple[str, str]:
        """Return the prompt, and what the completion begins with."""
        before = (self.given if given.strip() else self.alone).removesuffix(OUTPUT)
        prompt = before.rstrip(" ")
        values = {"instruction": instruction, "input": given}
        return _MARKS.sub(lambda mark: values[mark.group(1)], prompt), before[len(prompt) :]


Templates = Sequence[Template | Sequence[str]] | Literal["several"] | None


def templates_of(given: Templates) -> list[Template]:
    """Return the templates that are chosen from.

    Args:
        given: pairs of texts, with and without an input; `"several"` for ours; None for the plain one.

    Raises:
        SettingError: a text lacks a mark, or does not end in `{output}`.
    """
    if given is None or given == "several":
        return [PLAIN] if given is None else list(SEVERAL)
    if isinstance(given, str) or not given:
        raise SettingError(f"templates={given!r}: expected 'several', or a list of pairs of texts, with and without {{input}}.")
    made = [Template(*one) if len(one) == 2 and not isinstance(one, str) else Template("", "") for one in given]
    for number, one in enumerate(made):
        for text, marks in ((one.given, ("{instruction}", "{input}")), (one.alone, ("{instruction}",))):
            if not text.endswith(OUTPUT) or any(mark not in text for mark in marks):
                raise SettingError(
                    f"templates[{number}]: expected two texts that end in {OUTPUT}, the first with {{instruction}} and {{input}}, "
                    f"the second with {{instruction}}; one is {text!r}."
                )
    return made


def chosen(templates: Sequence[Template], row: Row, seed: int) -> Template:
    """Return the template of a row."""
    return random.Random(f"template {seed} {row.id}").choice(templates)


PLAIN = Template("{instruction}\n\n{input}\n\n{output}", "{instruction}\n\n{output}")
SEVERAL = (
    PLAIN,
    Template("{instruction}\n{input}\n{output}", "{instruction}\n{output}"),
    Template("{instruction}\n\nText: {input}\nAnswer: {output}", "{instruction}\n\nAnswer: {output}"),
    Template("What to do: {instruction}\nWith: {input}\nResult: {output}", "What to do: {instruction}\nResult: {output}"),
    Template("{input}\n\n{instruction}\n\n{output}", "{instruction}\n\n{output}"),
    Template("# Instruction\n{instruction}\n\n# Input\n{input}\n\n# Output\n{output}", "# Instruction\n{instruction}\n\n# Output\n{output}"),
    Template("Q: {instruction} {input}\nA: {output}", "Q: {instruction}\nA: {output}"),
)  # fmt: skip
