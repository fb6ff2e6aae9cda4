"""Self-explanation (138; Gao et al., 2023): every turn of a dialogue is explained first, then the task is answered.

For tasks whose answer is in a long conversation, where the difficulty is reading, not deriving. It adds little for emotions or for
choosing a reply, and it grows with the number of turns; say in the task whose wishes count.

1. Cut the dialogue into turns: the items of a list, or the lines of a text.
2. Explain each turn, all in one call: exactly one explanation for each, in order.
3. Answer with the explanations beside the inputs.

`comprehension` has the paper's weaker variants: one note that says what matters, or a summary, in place of step 2; or none.

Departures: (1) two calls, not one, so that the explanations can be counted; the task's own outputs stay as they are. (2) Turns beyond
the last `turns` are not explained.
"""

from __future__ import annotations

from typing import Any, Literal

import dspy
from dspy.adapters.utils import serialize_for_json

from selftaught.errors import SettingError, nearest
from selftaught.programs.base import Calls, Program
from selftaught.programs.context import short_texts, with_more
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived, render

NOTES, TURNS = "explanations", "turns"
Comprehension = Literal["explain", "summary", "understand", "none"]


@method(138, "self-explanation", family="dialogue")
class SelfExplanation(Program):
    """Explain every turn of a dialogue, then answer.

    The prediction also holds `explanations`: of each turn its number (from 0), its text and its explanation; or the one note.

    Args:
        task: what to answer.
        dialogue: the input that holds the dialogue, a list or a text of lines; by default the first list, else the first input.
        comprehension: what is written first; `"none"` is plain answering.
        turns: the most turns explained, the last ones.

    Raises:
        SettingError: an input that the task has not, or another comprehension.
        TaskError: the task has a field named `turns` or `explanations`.
    """

    def __init__(
        self, task: str | Task, *, dialogue: str | None = None, comprehension: Comprehension = "explain", turns: int = 40
    ) -> None:
        super().__init__(task)
        inputs = self.task.input_fields
        lists = [name for name, field in inputs.items() if getattr(field.annotation, "__origin__", field.annotation) is list]
        self.dialogue = dialogue or [*lists, *inputs][0]
        if self.dialogue not in inputs:
            raise SettingError(
                f"dialogue={dialogue!r}: no input of the task{nearest(self.dialogue, inputs)}; it has {list(inputs)}."
            )
        if comprehension not in ("none", *COMPREHEND):
            raise SettingError(f"comprehension={comprehension!r}: expected 'explain', 'summary', 'understand' or 'none'.")
        self.comprehension, self.turns = comprehension, at_least("turns", turns, 1)
        if comprehension != "none":
            self.explain = Step(_explain_of(self.task, COMPREHEND[comprehension]))
        self.generate = Step(with_more(self.task, "Answer", USE_THE_NOTES, {NOTES: "what was noted about the dialogue"}))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        turns = [] if self.comprehension == "none" else self._turns(inputs.get(self.dialogue) or "")  # 1
        if not turns:
            return self.answer(await self.generate.acall(**inputs, signature=self.task), explanations=[])
        each = self.comprehension == "explain"
        exact = _exactly(self.explain.signature, len(turns) if each else 1)
        notes = [
            str(one) for one in (await self.explain.acall(**inputs, turns=turns if each else [], signature=exact))[NOTES]
        ]  # 2
        shown = [f"{turn} ({note})" for turn, note in zip(turns, notes, strict=True)] if each else notes
        found = await self.generate.acall(**inputs, **{NOTES: shown})  # 3
        told = [{"turn": number, "text": turn, "explanation": note} for number, (turn, note) in enumerate(zip(turns, notes, strict=True))] if each else [{"explanation": notes[0]}]  # fmt: skip
        return self.answer(found, explanations=told)

    def _turns(self, dialogue: Any) -> list[str]:
        items = dialogue if isinstance(dialogue, list | tuple) else str(dialogue).splitlines()
        said = [render(list(one), one) if isinstance(one := serialize_for_json(item), dict) else str(one) for item in items]
        return [text for turn in said if (text := " ".join(turn.split()))][-self.turns :]

    def cost(self) -> Calls:
        """Return the calls of one input; an empty dialogue takes one."""
        return Calls(1, 1) if self.comprehension == "none" else Calls(1, 2)


def _explain_of(task: Task, instruction: str) -> Task:
    given = {TURNS: (list[str], dspy.InputField(desc="what to explain, in order", default=[]))}
    return derived(task, "Explain", instruction, given, {NOTES: short_texts("one short sentence each", most=1)})


def _exactly(signature: Task, count: int) -> Task:
    """Return the signature with exactly so many explanations."""
    kind, field = short_texts("one short sentence each", least=count, most=count)
    return signature.delete(NOTES).append(NOTES, field, kind)


COMPREHEND = {
    "explain": "Explain what each turn of the dialogue means: who wants, offers, settles or changes what. One explanation for each turn, in order. Do not do the task.",
    "summary": "Summarise the dialogue: who wants what, and what is settled. Do not do the task.",
    "understand": "Note what one must understand of the dialogue to do the task. Do not do the task.",
}
USE_THE_NOTES = "Do the task. Notes on the dialogue are given: use them together with the dialogue itself."
