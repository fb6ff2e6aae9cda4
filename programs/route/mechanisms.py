"""ALAMA (053; Huang et al., 2024): at each turn the model decides what it needs: to reason, plan, remember, reflect or look up.

For inputs that differ in what they need, where one fixed workflow wastes calls or fails. Compare with a vote that costs as much;
for the paper's vote over several runs give this to `Vote` as `generate`.

1. Ask which mechanism helps now, or whether to finish. Where there is only one, it is used once, unasked.
2. Finish where that is said, or nothing readable, or a mechanism that was used before; and after `turns`.
3. Carry the mechanism out; what comes of it is a note.
   reason: think.  plan: sub-goals.  memory: the most similar solved cases.
   reflection: an answer and what is wrong with it; where nothing is, it is the answer, and all is done.
   external: a query, and what documents or a function of yours say to it.
4. Answer with all notes; without any, plainly.

Departures: (1) the prompted form: neither of the two trainings. (2) Each mechanism is used at most once for an input: small models
otherwise repeat themselves. (3) The answer is a step of its own, in the task's fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dspy

from selftaught.errors import AnswerError, SettingError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.demonstrate.nearest import Neighbours, plain_examples
from selftaught.programs.given import texts
from selftaught.programs.retrieve.core import Focused, answered, told
from selftaught.programs.route.dispatch import choice_of, listing
from selftaught.programs.route.mechanism_steps import LOOK_UP, MECHANISMS, NOTES, REMEMBER, SHOWN, STEPS, Found
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, example_lines, output_names, render

FINISH = "finish"


@method(53, "alama", family="agent", missing="both trainings, for implicit activation and for the right mechanism")
class AdaptiveMechanisms(Program):
    """Choose mechanisms as the input needs them, then answer.

    The prediction also holds `mechanisms`, those used in order, and `notes`, what came of them.

    Args:
        task: what to do. It has no field named `notes`.
        mechanisms: which may be used; by default reason, plan and reflection, memory with examples, and external with something
            to look up in. A single one is forced: it is used, and no other.
        turns: the most mechanisms used for an input; 0 is plain answering.
        examples: solved cases for memory, as `dspy.Example` or dictionaries.
        documents: texts in which external looks up.
        look_up: a function from a query to what is known, instead of documents; with it the program cannot be saved.

    Raises:
        SettingError: a mechanism that is none, or one that lacks its examples or documents. TaskError: a field named `notes`.
    """

    def __init__(
        self, task: str | Task, mechanisms: Sequence[str] | None = None, *, turns: int = 3,
        examples: Sequence[Mapping[str, Any]] = (), documents: Sequence[str] = (), look_up: Callable[[str], Any] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(task)
        can = {**MECHANISMS, "memory": REMEMBER if examples else "", "external": LOOK_UP if documents or look_up else ""}
        wanted = [name for name, text in can.items() if text] if mechanisms is None else texts("mechanisms", mechanisms)
        if wrong := [name for name in wanted if not can.get(name)]:
            raise SettingError(
                f"mechanisms: {wrong[0]!r} cannot be used; with these arguments there are {[n for n in can if can[n]]}."
            )
        told(self.task, self.task.instructions, USE_THE_NOTES, GIVEN)
        self.turns, self.mechanisms = at_least("turns", turns, 0), {name: can[name] for name in dict.fromkeys(wanted)}
        self.neighbours = Neighbours(self.task, plain_examples(self.task, examples)) if "memory" in self.mechanisms else None
        self.arguments.values |= {"examples": self.neighbours.examples} if self.neighbours else {}
        self.look_up = look_up or (Found(texts("documents", documents)) if documents else None)
        self.generate = Step(self.task)
        self.carry = {name: Step(made(self.task)) for name, made in STEPS.items() if name in self.mechanisms}
        if len(self.mechanisms) > 1:
            self.choose = Step(choice_of(self.task, WHAT_NEXT, [*self.mechanisms, FINISH], {"notes": NOTES}))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        used: list[str] = []
        notes: list[str] = []
        while len(used) < min(self.turns, len(self.mechanisms)):
            name = await self._next(inputs, notes)  # 1
            if name == FINISH or name in used:  # 2
                break
            used.append(name)
            note, accepted = await self._carried_out(name, inputs, notes)  # 3
            if accepted is not None:
                return self.answer(accepted, mechanisms=used, notes=notes)
            notes += [f"{name}: {note}"] if note else []
        found = await self._answered(inputs, notes)  # 4
        return self.answer(found, mechanisms=used, notes=notes)

    async def _next(self, inputs: dict[str, Any], notes: list[str]) -> str:
        if len(self.mechanisms) == 1:
            return next(iter(self.mechanisms))
        known = listing({**self.mechanisms, FINISH: "enough is known to answer"})
        try:
            return (await self.choose.acall(**inputs, notes="\n".join(notes), choices=known)).choice
        except AnswerError:
            return FINISH

    async def _carried_out(self, name: str, inputs: dict[str, Any], notes: list[str]) -> tuple[str, dspy.Prediction | None]:
        """Return what comes of a mechanism, nothing where it is not readable; and an answer with which nothing is wrong."""
        if self.neighbours is not None and name == "memory":
            nearest = self.neighbours.nearest(inputs, SHOWN)
            return "\n".join(example_lines(self.task, self.neighbours.examples[number]) for number in nearest), None
        try:
            if name == "reflection":
                return await self._reflected(inputs, notes)
            found = await self.carry[name].acall(**inputs, notes="\n".join(notes))
        except AnswerError:
            return "", None
        if name == "external" and self.look_up is not None:
            return f"{found.query}: {self.look_up(found.query)}", None
        return found.thoughts if name == "reason" else "; ".join(found.goals), None

    async def _reflected(self, inputs: dict[str, Any], notes: list[str]) -> tuple[str, dspy.Prediction | None]:
        answer = await self._answered(inputs, notes)
        draft = render(output_names(self.task), answer)
        found = await self.carry["reflection"].acall(**inputs, draft=draft)
        if found.acceptable or not found.problems:
            return "", answer
        return f"Not good enough: {draft}\nProblems: {'; '.join(found.problems)}", None

    async def _answered(self, inputs: dict[str, Any], notes: list[str]) -> dspy.Prediction:
        given = Focused({**inputs, "notes": notes}, USE_THE_NOTES, GIVEN) if notes else Focused(inputs)
        return await answered(self.generate, given)

    def cost(self) -> Calls:
        """Return the calls of one input: at least the answer, and the first choice or the one mechanism."""
        prices = sorted(({"memory": 0, "reflection": 2}.get(name, 1) for name in self.mechanisms), reverse=True)
        turns, answer = min(self.turns, len(prices)), cost_of(self.generate)
        if len(prices) == 1:
            forced = prices[0] * turns
            least = forced if forced == 2 else forced + answer.at_least  # an accepted reflection is the answer
            return Calls(least, forced + answer.at_most)
        return Calls(1 if turns else 0, turns + sum(prices[:turns])) + answer


GIVEN = (("notes", "what was found out about the input"),)
WHAT_NEXT = "Do not answer the input. Name what would help most now, or finish if enough is known to answer."
USE_THE_NOTES = "Notes on the input are given. Use them where they are right."
