"""SEC (041; Li, Wang and Li, 2023): the model writes its own demonstrations for each input, then answers with them.

For a single question without any examples, where a worked example or the form of an answer helps. The examples go unchecked,
so a weak model misleads itself; and part of the published gain is the reasoning in them, so compare with `Reasoned`.

1. Ask for `shots` new examples like the input, each with its reasoning and answer.
2. Check the form only: the right number, every field, every type, none of them the input itself. Else ask again, in other
   words each time: six wordings in turn, at temperature 0 for the first six tries and 1 after that; then fail. Every other
   wording shows what new examples look like, on a task of our own: without, a very small model repeats the input.
3. These examples are the demonstrations, of this input alone.     4. Answer with them.

Departures: (1) six tries by default, one for each wording, not 24: the answer's form is constrained already. (2) An example that
repeats the input counts as a wrong form. (3) One field of typed examples, not a text layout that is parsed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import GenericAlias
from typing import Annotated, Any

import dspy
from dspy.adapters.utils import serialize_for_json
from pydantic import BaseModel, Field, create_model

from selftaught.errors import AnswerError
from selftaught.programs.base import Calls, Program
from selftaught.programs.normalise import answer_key
from selftaught.programs.reason import REASONING, reasoned
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived, input_names

COLD_TRIES = 6
"""Tries at temperature 0 (the paper's)."""
LONGEST_REASONING = 300
"""Characters in one example."""


@method(41, "sec", family="demonstrations")
class SelfDemonstrations(Program):
    """Write examples like the input, then answer with them as demonstrations.

    The prediction also holds `made`, the examples, and `tries`, how often they were asked for.

    Args:
        task: what to do.
        shots: examples written for an input; 0 is plain answering.
        reasoning: examples and answer hold reasoning before the answer.
        tries: how often at most the examples are asked for; the paper allows 24.
    """

    def __init__(self, task: str | Task, *, shots: int = 5, reasoning: bool = True, tries: int = 6) -> None:
        super().__init__(task)
        self.shots, self.tries = at_least("shots", shots, 0), at_least("tries", tries, 1)
        shown = reasoned(self.task) if reasoning else self.task
        self.generate = Step(shown)
        if shots:
            self.make = Step(examples_like(self.task, shown, shots, WORDINGS[0]), retries=0)
        self.wordings = [examples_like(self.task, shown, max(1, shots), text).instructions for text in WORDINGS[1:]]
        self.shown = _shown(shown, shots)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        made, tries = await self.examples_for(inputs) if self.shots else ([], 0)  # 1, 2
        demos = [*self.generate.demos, *(dspy.Example(**one) for one in made)]  # 3
        found = await self.generate.acall(**inputs, demos=demos)  # 4
        more = {name: found[name] for name in (REASONING,) if name in found and name not in self.task.output_fields}
        return self.answer(found, made=made, tries=tries, **more)

    async def examples_for(self, inputs: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int]:
        """Return the examples written for an input as plain data, and how often they were asked for.

        Raises:
            AnswerError: they never had the asked form.
        """
        for number in range(self.tries):
            try:
                said = await self.make.acall(**inputs, **self._asking(number))
                return self._checked(said.examples, inputs), number + 1
            except AnswerError:
                if number + 1 == self.tries:
                    raise
        raise AssertionError("unreachable")

    def _asking(self, number: int) -> dict[str, Any]:
        """Return how a try asks: in which words, with or without examples shown, and how warm."""
        wording = number % (len(self.wordings) + 1)
        signature = self.make.signature.with_instructions(self.wordings[wording - 1]) if wording else self.make.signature
        config = {"temperature": 0.0} if number < COLD_TRIES else {"temperature": 1.0, "rollout_id": f"try{number + 1}"}
        return {"signature": signature, "config": config, "demos": [*(self.shown if wording % 2 else []), *self.make.demos]}

    def _checked(self, examples: list[BaseModel], inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the examples as plain data, or refuse them where one is the input itself."""
        made = [serialize_for_json(one.__dict__) for one in examples]
        names = input_names(self.task)
        if any(answer_key(one, names) == answer_key(inputs, names) for one in made):
            raise AnswerError("An example that was to be new repeats the input.", raw=json.dumps(made, ensure_ascii=False))
        return made

    def cost(self) -> Calls:
        """Return the calls of one input: the examples, asked for at most `tries` times, and the answer."""
        return Calls(2, self.tries + 1) if self.shots else Calls(1, 1)


def examples_like(task: Task, shown: Task, count: int, instruction: str) -> Task:
    """Return the signature of a step that writes examples: task inputs -> `examples`, so many with the fields of `shown`.

    Raises:
        TaskError: the task has an input named `examples`.
    """
    kinds: dict[str, Any] = {name: (_limited(name, field), ...) for name, field in shown.fields.items()}
    asked = dspy.OutputField(desc=f"{count} new examples", min_length=count, max_length=count)
    several = GenericAlias(list, (create_model("Example", **kinds),))
    return derived(task, "Examples", instruction, {}, {"examples": (several, asked)})


def _limited(name: str, field: Any) -> Any:
    limits = [*field.metadata, *([Field(max_length=LONGEST_REASONING)] if name == REASONING and not field.metadata else [])]
    return Annotated[(field.annotation, *limits)] if limits else field.annotation


def _shown(shown: Task, count: int) -> list[dspy.Example]:
    """Return a demonstration of making examples, in the fields of a task that has one text and one answer in words; else none."""
    answers = [name for name in shown.output_fields if name != REASONING]
    if len(shown.input_fields) != 1 or len(answers) != 1 or any(field.annotation is not str for field in shown.fields.values()):
        return []
    (given,), (answer,) = shown.input_fields, answers
    made = [
        {given: thing, **({REASONING: why} if REASONING in shown.fields else {}), answer: colour}
        for thing, why, colour in SHOWN_EXAMPLES
    ]
    return [dspy.Example(**{given: SHOWN_INPUT, "examples": made[:count]})]


WORDINGS = (
    "Write new examples of the task that are like the given input, but not the same. Answer each of them.",
    "Invent other inputs of the same kind as the given one, and write the right answer to each.",
    "Make up similar questions. Each must be complete and different from the given one. Solve each.",
    "Think of exercises that train what the given input needs. Write each exercise with its solution.",
    "Give more cases like this one, with other words or numbers, and the correct answer to each case.",
    "Before this input is answered, write solved examples that show how. Do not use the input itself.",
)
"""The first is the step's instruction, which may be tuned; the others are used where its answer had the wrong form."""

SHOWN_INPUT = "banana"
SHOWN_EXAMPLES = (
    ("grass", "Fresh grass is full of sap.", "green"),
    ("snow", "Snow throws back all light.", "white"),
    ("coal", "Coal swallows light.", "black"),
    ("a clear sky", "The air scatters the blue of the light.", "blue"),
    ("blood", "Blood carries iron.", "red"),
)
