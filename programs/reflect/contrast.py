"""Self-Contrast (172; Zhang et al., 2024): answer from several perspectives, and check again where the answers differ.

For requests that can be attacked in several ways, without feedback from outside. Weak on small models, which write poor
perspectives and poor contrasts; a misconception that all perspectives share is not noticed.

1. Plan: from the request alone, write several perspectives, each a way of working. The number is the model's choice.
2. Answer under each of them, together.
3. Select: answers that are the same after normalisation are one. Where more than `kept` are left, keep the medoids: those
   that lie nearest to all the rest. One answer left: return it, there is nothing to contrast.
4. Contrast: list where the answers differ, and why.
5. Checklist: turn the differences into what to check again, without saying who is right.
6. Revise each kept answer with differences and checklist, together.
7. Return the answer that most revisions give, the first kept on ties.

Departures: (1) one contrast of all kept answers, not one of each pair. (2) Equal answers are grouped first, by the answer and not
by its reasoning. (3) Medoids are found exactly, over all choices. (4) At most five perspectives by default, not nine. (5) The
embedding is of hashed n-grams, unless an encoder is given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Iterable
from typing import Any

import dspy

from selftaught.embedding import Encoder
from selftaught.programs.base import Calls, Program
from selftaught.programs.reflect.answers import Answer, Answers
from selftaught.programs.reflect.several import answered, medoids
from selftaught.programs.reflect.steps import outputs_of
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived, render


@method(172, "self-contrast", family="reflect")
class SelfContrast(Program):
    """Answer from several perspectives, contrast the answers, and revise them with a checklist made of their differences.

    The prediction also holds `perspectives`, `differences`, `checklist`, `candidates_before` (the kept answers as text) and
    `candidates_after` (their revisions).

    Args:
        task: what to do.
        perspectives: the most ways of working; 1 is plain generation.
        kept: the most answers that are contrasted and revised.
        reasoning: the answers carry their reasoning, which is contrasted too.
        encoder: see `selftaught.embedding`; with one of your own the program cannot be saved as an artifact.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        perspectives: int = 5,
        kept: int = 3,
        reasoning: bool = True,
        encoder: Encoder | None = None,
    ) -> None:
        super().__init__(task)
        self.perspectives, self.kept = at_least("perspectives", perspectives, 1), at_least("kept", kept, 2)
        self.encoder = encoder
        self.answers = Answers(self.task, reasoning=reasoning)
        self.generate = Step(self.answers.task)
        if perspectives > 1:
            self.plan = Step(_lines_of(self.task, "Plan", WAYS_OF_WORKING, {}, "perspectives", perspectives))
            self.contrast = Step(_lines_of(self.task, "Contrast", LIST_DIFFERENCES, {"answers": ANSWERS}, "differences", 5))
            found = {"differences": "where answers to the task differ"}
            self.condense = Step(_lines_of(self.task, "Condense", WHAT_TO_CHECK, found, "checklist", 5))
            self.revise = Step(_revise_of(self.answers.task))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        ways = await self._planned(inputs) if self.perspectives > 1 else []  # 1
        drawn = await self._answered(self._solved(way, inputs) for way in ways or [""])  # 2
        kept = self._selected(drawn)  # 3
        told: dict[str, Any] = {"perspectives": ways, "differences": [], "checklist": [], "candidates_after": []}
        told["candidates_before"] = [self.answers.text(one) for one in kept]
        if len(kept) == 1:
            return self._finished(kept, told)
        answers = [f"Answer {number}: {text}" for number, text in enumerate(told["candidates_before"], 1)]
        told["differences"] = (await self.contrast.acall(**inputs, answers=answers)).differences  # 4
        told["checklist"] = (await self.condense.acall(**inputs, differences=told["differences"])).checklist  # 5
        seen = {"differences": told["differences"], "checklist": told["checklist"]}
        after = await self._answered(self.revise.acall(**inputs, draft=self.answers.text(one), **seen) for one in kept)  # 6
        told["candidates_after"] = [self.answers.text(one) for one in after]
        return self._finished(after, told)

    async def _planned(self, inputs: dict[str, Any]) -> list[str]:
        """Return the perspectives, each once; a small model repeats the request itself as one, and that is none."""
        written = [text.strip() for text in (await self.plan.acall(**inputs)).perspectives]
        request = {render([name], inputs).strip() for name in inputs}
        return [way for way in dict.fromkeys(written) if way and way not in request]

    async def _answered(self, calls: Iterable[Awaitable[dspy.Prediction]]) -> list[Answer]:
        return [self.answers.of(one) for one in await answered(calls)]

    def _solved(self, way: str, inputs: dict[str, Any]) -> Awaitable[dspy.Prediction]:
        signature = self.generate.signature
        extra = {"signature": signature.with_instructions(f"{signature.instructions}\n\n{HOW}: {way}")} if way else {}
        return self.generate.acall(**inputs, **extra)

    def _selected(self, drawn: list[Answer]) -> list[Answer]:
        first: dict[str, Answer] = {}
        for one in drawn:
            first.setdefault(self.answers.key(one), one)
        different = list(first.values())
        if len(different) <= self.kept:
            return different
        return [different[number] for number in medoids([self.answers.text(one) for one in different], self.kept, self.encoder)]

    def _finished(self, answers: list[Answer], told: dict[str, Any]) -> dspy.Prediction:
        votes = Counter(self.answers.key(one) for one in answers)
        winner = max(answers, key=lambda one: votes[self.answers.key(one)])  # 7; the first of equals
        return self.answer(winner, **self.answers.reasoning_of(winner), **told)

    def cost(self) -> Calls:
        """Return the calls of one input: fewest where all perspectives answer alike."""
        if self.perspectives == 1:
            return Calls(1, 1)
        kept = min(self.kept, self.perspectives)
        return Calls(1, 1) + Calls(1, self.perspectives) + Calls(0, 2 + kept)


def _lines_of(task: Task, role: str, instruction: str, given: dict[str, str], asked: str, at_most: int) -> Task:
    """Return the signature of a step that writes a list: task inputs and the lists `given` -> `asked`."""
    lists: dict[str, tuple[Any, Any]] = {name: (list[str], dspy.InputField(desc=about)) for name, about in given.items()}
    least = 2 if asked == "perspectives" else 1
    lines = dspy.OutputField(desc=DESCRIBED[asked], min_length=least, max_length=at_most)
    return derived(task, role, instruction, lists, {asked: (list[str], lines)})


def _revise_of(task: Task) -> Task:
    given: dict[str, tuple[Any, Any]] = {
        "draft": (str, dspy.InputField(desc="one answer so far")),
        "differences": (list[str], dspy.InputField(desc="where it differs from other answers")),
        "checklist": (list[str], dspy.InputField(desc="what to check again")),
    }
    return derived(task, "Revise", CHECK_AND_REVISE, given, outputs_of(task))


HOW = "Work in this way"
ANSWERS = "answers to the task from different perspectives"
DESCRIBED = {
    "perspectives": "ways of working, one sentence each",
    "differences": "where the answers differ, and why; one sentence each",
    "checklist": "what to check again, one sentence each",
}
WAYS_OF_WORKING = (
    "Write different ways to do the whole task, each complete in itself: in another role, by another method, in another form or "
    "order. They are no steps of one way. Do not answer the task."
)
LIST_DIFFERENCES = (
    "Answers to the task from different perspectives are given. List where they differ: in how they read the task, in a step, "
    "in the result. Do not say which is right."
)
WHAT_TO_CHECK = (
    "Turn the differences between some answers to the task into a list of what to check again. Do not say which answer is right."
)
CHECK_AND_REVISE = (
    "An answer to the task is given, with what other answers do differently. "
    "Go through the checklist, then give the right answer."
)
