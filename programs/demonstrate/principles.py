"""LEAP in use (177; Zhang, Madaan, Gao et al., 2024): answer with general principles in view that were learned from mistakes.

For a task with a handful of labelled examples and a capable model. A weak model writes poor principles. Nothing is selected here: the
optimizer `LEAP` races prompts with and without principles, and should be preferred where there are examples to test on.

Once for the task, on first use:
1. Mistakes: answer each example as it stands and `samples` - 1 times more; keep the answers that differ from the label.
2. Reflect: for each, what went wrong -> principles that would have avoided it. All of them are the low-level principles; a piece of an
   example is none.
3. Condense them to at most five that hold for any input (`level="high"`).
For each input:
4. Answer with the principles and the examples as demonstrations: one call. Without a mistake it is the few-shot prompt.

Departures: (1) equal wrong answers to one example are one mistake. (2) The paper names no temperature; 0.8 here. (3) Principles can be
given; then nothing is learned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import dspy

from selftaught import scope
from selftaught.errors import CallError, SettingError
from selftaught.programs.base import Calls, Program
from selftaught.programs.branches import survivors
from selftaught.programs.context import cleaned, prompts_key, short_texts, with_more
from selftaught.programs.demonstrate.nearest import plain_examples
from selftaught.programs.given import texts
from selftaught.programs.normalise import answer_key, normalise
from selftaught.programs.once import Once
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, output_names, principles_of, render

PRINCIPLES = "principles"
MOST_PRINCIPLES = 5


@method(177, "leap-in-context", family="demonstrations")
class LearnedPrinciples(Program):
    """Answer with principles in view that were learned from mistakes on labelled examples.

    The prediction also holds `principles`. What was learned is saved with the program.

    Args:
        task: what to do.
        examples: labelled ones, as `dspy.Example` or dictionaries; three to five are enough.
        principles: use these; nothing is learned.
        level: `"high"`, at most five general principles, or `"low"`, all that the mistakes led to.
        samples: answers to each example, in search of mistakes.
        temperature: of the samples after the first.

    Raises:
        SettingError: neither examples nor principles, an example that lacks a field, or another level.
        TaskError: the task has a field named `principles`, `draft` or `solution`.
    """

    def __init__(
        self, task: str | Task, *, examples: Sequence[Mapping[str, Any]] = (), principles: Sequence[str] = (),
        level: Literal["high", "low"] = "high", samples: int = 3, temperature: float = 0.8,
    ) -> None:  # fmt: skip
        super().__init__(task)
        if level not in ("high", "low"):
            raise SettingError(f"level={level!r}: expected 'high' or 'low'.")
        self.principles = texts("principles", principles)
        if not self.principles and not examples:
            raise SettingError("LearnedPrinciples needs labelled examples to learn from, or principles.")
        self.examples = plain_examples(self.task, examples) if examples else []
        self.arguments.values["examples"] = self.examples  # plain data, so that an artifact can hold them
        self.high, self.samples, self.temperature = level == "high", at_least("samples", samples, 1), temperature
        self.generate = Step(with_more(self.task, "Answer", HEED_THEM, {PRINCIPLES: "rules to keep to"}))
        if not self.principles:
            self.reflect = Step(principles_of(self.task, LEARN))
            if self.high:
                self.condense = Step(_condense_of())
        self.kept: Once[list[str]] = Once()

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        principles = self.principles or await self.kept.get(prompts_key(self._teachers()), self._learn)
        found = await self.generate.acall(**inputs, **self._shown(principles), demos=self._demos())  # 4
        return self.answer(found, principles=principles)

    def _teachers(self) -> list[Step]:
        return [self.reflect, self.condense] if self.high else [self.reflect]

    async def _learn(self) -> list[str]:
        with scope.scoped(rollout="", temperature=None):  # the task's principles are the same, whichever sample asks first
            mistakes = await self._mistakes()
            if not mistakes:
                return []
            said = await survivors(self.reflect.acall(**one) for one in mistakes)  # 2
            low = self._general(rule for one in said if one is not None for rule in one.principles)
            if not self.high or not low:
                return low
            condensed = await self.condense.acall(about=self.task.instructions, lessons=low)  # 3
            return self._general(condensed.rules)[:MOST_PRINCIPLES] or low[:MOST_PRINCIPLES]

    def _general(self, rules: Iterable[str]) -> list[str]:
        """Return the rules that are no piece of an example."""
        pieces = [normalise(render([name], example)) for example in self.examples for name in example]
        return [rule for rule in cleaned(rules) if not any(normalise(rule) in piece for piece in pieces)]

    async def _mistakes(self) -> list[dict[str, Any]]:
        """Return the different wrong answers to each example, as inputs of the reflection."""
        names = output_names(self.task)
        tried = await asyncio.gather(*(self._tried(example) for example in self.examples))  # 1
        found = []
        for example, answers in zip(self.examples, tried, strict=True):
            given = {name: example[name] for name in self.task.input_fields if name in example}
            wanted = answer_key(example, names)
            wrong = {
                key: one for one in answers if (key := answer_key(one, [name for name in names if name in example])) != wanted
            }
            found += [{**given, "draft": render(names, one), "solution": render(names, example)} for one in wrong.values()]
        return found

    async def _tried(self, example: dict[str, Any]) -> list[dict[str, Any]]:
        given = {name: example[name] for name in self.task.input_fields if name in example}
        plain = {**given, "signature": self.task, "demos": self.generate.demos}
        try:
            return [self.outputs(one) for one in await draw(self.generate, plain, self.samples, self.temperature, own_first=True)]
        except CallError:
            return []

    def _shown(self, principles: list[str]) -> dict[str, Any]:
        return {PRINCIPLES: principles} if principles else {"signature": self.task}

    def _demos(self) -> list[dspy.Example]:
        return [*self.generate.demos, *(dspy.Example(**one) for one in self.examples)]

    def learned(self) -> dict[str, Any]:
        """Return the principles as plain data for an artifact."""
        return dict(self.kept.values)

    def relearn(self, known: dict[str, Any]) -> None:
        """Take back what `learned` returned."""
        self.kept = Once({key: [str(rule) for rule in rules] for key, rules in known.items()})

    def cost(self) -> Calls:
        """Return the calls of one input; those of learning come with the first one only."""
        if self.principles:
            return Calls(1, 1)
        tries = len(self.examples) * self.samples
        return Calls(1, 1) + Calls(0, 2 * tries + self.high)


def _condense_of() -> Task:
    given = {
        "about": (str, dspy.InputField(desc="the task")),
        "lessons": (list[str], dspy.InputField(desc="learned from mistakes")),
    }
    return dspy.make_signature({**given, "rules": short_texts("short general rules", most=MOST_PRINCIPLES)}, CONDENSE, "Condense")


HEED_THEM = "Do the task. Keep to the given principles where they apply."
LEARN = (
    "An answer was wrong. Compare it with the right one. Say what must be done with any input to get it right, in short commands. "
    "Do not repeat the answers."
)
CONDENSE = "Make a few short rules of these lessons. Join those that say the same. Each must hold for any input. Name no example."
