"""Planners: the steps that solve an input, or every input of a task.

1. Ways of thinking, where wanted: chosen from a list and put in the words of the task (`ways="seed"`), or thought of
   (`ways="generated"`).
2. Plan: an ordered list of steps, from these. A step that only repeats the task, the input or an example is left out.
3. Refine, up to `refinements` times: say what is missing or vague, and write the steps again. A revision that cannot be read
   is left out, and it or one that changes nothing ends the refining.

`per="input"` plans for each input. `per="task"` plans once, from the task and unlabelled `examples`, and keeps the plan; it never
sees the input that is asked. The plan is saved with the program, and made anew when the planner is tuned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

import dspy
from dspy.adapters.utils import serialize_for_json
from pydantic import Field

from selftaught import scope
from selftaught.errors import AnswerError, SettingError
from selftaught.programs.base import Calls, Program
from selftaught.programs.context import Fields, cleaned, prompts_key, repeats, short_text, short_texts
from selftaught.programs.given import listed, texts
from selftaught.programs.once import Once
from selftaught.programs.plan.seeds import SEEDS
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.signatures import Task, as_task, derived, input_names, output_names, render

Per = Literal["input", "task"]
Ways = Literal["none", "seed", "generated"]
MOST_STEPS = 8
MOST_WAYS = 3


class Planner(Program):
    """Make the steps of a plan: from the task's inputs to `plan`, and `revisions`, how many refinements were kept.

    Args:
        task: what is planned for.
        per: a plan for each input, or one for the task.
        ways: ways of thinking that the plan is made from.
        seeds: the ways to choose from; a list of our own by default.
        refinements: the most revisions of a plan.
        examples: inputs of the task, for `per="task"`; labels in them are not looked at.
        instruction: what a plan is to be like.
        least: fewest steps.
        most: most steps, up to 8.

    Raises:
        SettingError: a setting that is none.
        TaskError: the task has an input that a step needs for itself: `ways`, `chosen`, `adapted`, `draft`, `lacks`, `plan`.
    """

    def __init__(
        self, task: str | Task, *, per: Per = "input", ways: Ways = "none", seeds: Sequence[str] | None = None, refinements: int = 0,
        examples: Sequence[Mapping[str, Any]] = (), instruction: str | None = None, least: int = 1, most: int = 6,
    ) -> None:  # fmt: skip
        super().__init__(task)
        for name, value, kind in (("per", per, Per), ("ways", ways, Ways)):
            if value not in get_args(kind):
                raise SettingError(f"{name}={value!r}: expected one of {', '.join(map(repr, get_args(kind)))}.")
        if not 1 <= at_least("least", least, 1) <= at_least("most", most, 1) <= MOST_STEPS:
            raise SettingError(f"least={least}, most={most}: expected 1 <= least <= most <= {MOST_STEPS}.")
        self.per, self.ways, self.refinements = per, ways, at_least("refinements", refinements, 0)
        self.seeds = SEEDS if seeds is None else tuple(texts("seeds", seeds))
        if ways == "seed" and not (self.seeds and all(self.seeds)):
            raise SettingError(f"seeds={list(self.seeds)}: expected at least one way of thinking, none empty.")
        self.examples = unlabelled(self.task, examples)
        self.arguments.values["examples"] = self.examples  # plain data, so that an artifact can hold them
        self._asked: Fields = {"plan": short_texts("short commands, in order", least=least, most=most)}
        self._build(instruction or MAKE_A_PLAN)
        self.kept: Once[dict[str, Any]] = Once()

    def _build(self, instruction: str) -> None:
        ways = {"ways": (list[str], dspy.InputField(desc="ways of thinking that may help"))}
        number = Annotated[int, Field(ge=1, le=len(self.seeds))]
        if self.ways == "generated":
            self.propose = Step(
                self._signature("Propose", PROPOSE, {}, {"ways": short_texts("one sentence each", most=MOST_WAYS)})
            )
        if self.ways == "seed":
            chosen = dspy.OutputField(desc="numbers of the best ways", min_length=1, max_length=MOST_WAYS)
            self.select = Step(self._signature("Select", SELECT, ways, {"chosen": (list[number], chosen)}))
            self.adapt = Step(
                self._signature("Adapt", ADAPT, ways, {"adapted": short_texts("one sentence each", most=MOST_WAYS)})
            )
        self.write = Step(self._signature("Plan", instruction, {} if self.ways == "none" else ways, self._asked))
        if self.refinements:
            draft = {"draft": (list[str], dspy.InputField(desc="the plan so far"))}
            lacks = {"lacks": short_text("what is missing or vague")}
            self.refine = Step(self._signature("RefinePlan", REFINE, draft, {**lacks, **self._asked}))

    def _signature(self, role: str, instruction: str, given: Fields, asked: Fields) -> Task:
        if self.per == "input":
            return derived(self.task, role, instruction, given, asked)
        seen = {name: (str, dspy.InputField(desc=about)) for name, about in ABOUT.items() if name != "examples" or self.examples}
        return dspy.make_signature({**seen, **given, **asked}, instruction, role)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Return the plan for one input."""
        if self.per == "input":
            return dspy.Prediction(**await self._made(inputs))
        return dspy.Prediction(**await self.kept.get(prompts_key(self.predictors()), self._of_the_task))

    async def _of_the_task(self) -> dict[str, Any]:
        with scope.scoped(rollout="", temperature=None):  # the task's plan is the same, whichever sample asks for it first
            return await self._made(self._about())

    async def _made(self, seen: dict[str, Any]) -> dict[str, Any]:
        ways = {} if self.ways == "none" else {"ways": await self._ways(seen)}  # 1
        steps, revisions = self._new((await self.write.acall(**seen, **ways)).plan, seen), 0  # 2
        for number in range(self.refinements):  # 3
            try:
                revised = self._new((await self.refine.acall(**seen, draft=steps)).plan, seen)
            except AnswerError:
                break
            if not revised or revised == steps:
                break
            steps, revisions = revised, number + 1
        return {"plan": steps, "revisions": revisions}

    async def _ways(self, seen: dict[str, Any]) -> list[str]:
        if self.ways == "generated":
            return self._new((await self.propose.acall(**seen)).ways, seen)
        numbers = (await self.select.acall(**seen, ways=[f"{number}. {way}" for number, way in enumerate(self.seeds, 1)])).chosen
        chosen = [self.seeds[number - 1] for number in dict.fromkeys(numbers)]
        return self._new((await self.adapt.acall(**seen, ways=chosen)).adapted, seen) or chosen

    def _new(self, texts: list[str], seen: dict[str, Any]) -> list[str]:
        """Return texts that say something: none that repeats the task, an input or an example."""
        known = [self.task.instructions, *(render([name], row) for row in (seen, *self.examples) for name in row)]
        return [text for text in cleaned(texts) if not repeats(text, known)]

    def _about(self) -> dict[str, Any]:
        """Return what is seen of a task: its instruction, its fields, and examples of inputs."""
        names = f"Given: {', '.join(input_names(self.task))}. Wanted: {', '.join(output_names(self.task))}."
        shown = "\n".join(f"{number}. {render(input_names(self.task), one)}" for number, one in enumerate(self.examples, 1))
        return {"about": f"{self.task.instructions}\n{names}", **({"examples": shown} if shown else {})}

    def learned(self) -> dict[str, Any]:
        """Return the plan of the task as plain data for an artifact."""
        return dict(self.kept.values)

    def relearn(self, known: dict[str, Any]) -> None:
        """Take back what `learned` returned."""
        self.kept = Once({key: {"plan": [str(step) for step in value["plan"]], "revisions": int(value["revisions"])} for key, value in known.items()})  # fmt: skip

    def cost(self) -> Calls:
        """Return the calls of one input; a plan of the task that is there already takes none."""
        ways = {"none": 0, "generated": 1, "seed": 2}[self.ways]
        calls = Calls(ways + 1, ways + 1) + Calls(min(self.refinements, 1), self.refinements)
        return calls.optional() if self.per == "task" else calls


def unlabelled(task: str | Task, examples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the inputs of examples as plain data.

    Raises:
        SettingError: one lacks an input.
    """
    rows = listed("examples", examples, (dspy.Example, Mapping), "dspy.Example or dictionaries")
    names = input_names(as_task(task))
    for number, row in enumerate(rows):
        if missing := [name for name in names if name not in row]:
            raise SettingError(f"examples[{number}] lacks the input {missing[0]!r}. It has {sorted(row.keys())}.")
    return [{name: serialize_for_json(row[name]) for name in names} for row in rows]


ABOUT = {"about": "the kind of task", "examples": "inputs of this kind"}
MAKE_A_PLAN = "Write the steps that lead to the answer, in words, as short commands. Do not carry them out."
PROPOSE = "Think of ways of thinking that help with this task: each with what to do, in one sentence. Do not do the task."
SELECT = "Ways of thinking are listed. Choose those that help most with this task. Do not do the task."
ADAPT = "Write each way of thinking again, so that it says what to do in this very task. Do not do the task."
REFINE = "Say what is missing or vague in the plan for this task. Then write all its steps again, mended. Do not do the task."
