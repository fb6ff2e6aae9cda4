"""Lengthening (105 Self-Lengthen; Shanghaoran Quan et al., 2024): a text longer than the model writes by itself.

For long, coherent texts from a model that stops early. Length can be padding: judge the quality by the page.

1. Draft; again, up to `tries` times, while the draft is malformed.
2. `passes` times: a. Enrich the first half of the text. Drop the last third of what comes out; the rest is the new beginning.
   b. Continue the beginning, with the whole text as an outline.
   c. Take beginning and continuation as the new text, if it is well formed and longer.

Well formed: it ends with a sentence, and no run of ten words comes twice.

Departures: (1) the beginning is shown and continued in a new call, not put into the model's mouth; so it may repeat the
beginning, which c. refuses. (2) Five tries, not twenty. (3) A draft that stays malformed is returned as it is where nothing
better comes.
"""

from __future__ import annotations

import re
from typing import Any

import dspy

from selftaught import scope
from selftaught.errors import CallError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

ENDS = (".", "!", "?", "…", '"', "”", "。", "！", "？", ")")
RUN = 10
"""Words; a run of so many that comes twice is a repetition."""
LONGEST = 6000
"""Characters of one part; small models otherwise write on until their token limit."""
TEMPERATURE = 0.7


@method(105, "lengthen", family="synthesis", missing="training the generator and the extender")
class Lengthen(Program):
    """Draft a text and lengthen it.

    The prediction also holds `draft`, `words`, and `lengths` (words of the draft and of every text that took its place). A
    task without a text among its outputs is simply answered.

    Args:
        task: what to write; its first output of type `str` is lengthened.
        passes: how often; 0 is plain generation.
        tries: drafts, while they are malformed.
        generate: drafts; a step on the task by default.
    """

    def __init__(self, task: str | Task, *, passes: int = 3, tries: int = 5, generate: dspy.Module | None = None) -> None:
        super().__init__(task)
        self.passes, self.tries = at_least("passes", passes, 0), at_least("tries", tries, 1)
        self.generate = generate or Step(self.task)
        self.field = next((name for name, field in self.task.output_fields.items() if field.annotation is str), None)
        if self.field is not None and passes:
            self.enrich = Step(_writing(self.task, "Enrich", ENRICH_THE_TEXT, {"outline": "a text"}, "richer_text"))
            given = {"outline": "a short version of the whole text", "beginning": "what is written already"}
            self.go_on = Step(_writing(self.task, "GoOn", GO_ON_WRITING, given, "what_follows"))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Write one text."""
        outputs = await self._drafted(inputs)  # 1
        if self.field is None:
            return self.answer(outputs, draft="", words=0, lengths=[])
        text = draft = str(outputs[self.field])
        lengths = [words_of(text)]
        for number in range(self.passes):  # 2
            try:
                with scope.resampled(f"pass{number}", TEMPERATURE):
                    longer = await self._longer(inputs, text)
            except CallError:
                continue
            if well_formed(longer) and words_of(longer) > words_of(text):  # c
                text = longer
                lengths.append(words_of(text))
        return self.answer({**outputs, self.field: text}, draft=draft, words=words_of(text), lengths=lengths)

    async def _drafted(self, inputs: dict[str, Any]) -> dict[str, Any]:
        outputs = self.outputs(await self.generate.acall(**inputs))
        for number in range(1, self.tries if self.passes and self.field else 1):
            if self.field is None or well_formed(str(outputs[self.field])):
                break
            with scope.resampled(f"draft{number}", TEMPERATURE):
                outputs = self.outputs(await self.generate.acall(**inputs))
        return outputs

    async def _longer(self, inputs: dict[str, Any], text: str) -> str:
        parts = paragraphs_of(text)
        half = "\n\n".join(parts[: max(1, len(parts) // 2)])
        richer = paragraphs_of((await self.enrich.acall(**inputs, outline=half)).richer_text)  # a
        beginning = "\n\n".join(richer[: max(1, len(richer) - len(richer) // 3)])
        rest = (await self.go_on.acall(**inputs, outline=text, beginning=beginning)).what_follows  # b
        return f"{beginning}\n\n{rest.strip()}".strip()

    def cost(self) -> Calls:
        """Return the calls of one text."""
        if self.field is None or not self.passes:
            return cost_of(self.generate)
        drafts = cost_of(self.generate)
        return Calls(drafts.at_least + self.passes, drafts.at_most * self.tries + 2 * self.passes)


def well_formed(text: str) -> bool:
    """True for a text that ends with a sentence and repeats no run of words."""
    words = text.lower().split()
    runs = [tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1)]
    return text.rstrip().endswith(ENDS) and len(set(runs)) == len(runs)


def words_of(text: str) -> int:
    """Return how many words a text has."""
    return len(text.split())


def paragraphs_of(text: str) -> list[str]:
    """Return the paragraphs of a text; the sentences of one that has a single paragraph."""
    found = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    return found if len(found) != 1 else [part for part in re.split(r"(?<=[.!?…])\s+", found[0]) if part]


def _writing(task: Task, role: str, instruction: str, given: dict[str, str], asked: str) -> Task:
    shown = {name: (str, dspy.InputField(desc=about)) for name, about in given.items()}
    return derived(task, role, instruction, shown, {asked: (str, dspy.OutputField(desc="paragraphs", max_length=LONGEST))})


ENRICH_THE_TEXT = (
    "Rewrite the text at more than twice its length: take it as an outline and fill it with details, examples and reasons. Do "
    "not go "
    "beyond where it ends, and say nothing twice."
)
GO_ON_WRITING = (
    "The beginning of a long text is written. Go on from there to the end of the outline, as richly as the beginning. Do not "
    "repeat the "
    "beginning, and end with a full sentence."
)
