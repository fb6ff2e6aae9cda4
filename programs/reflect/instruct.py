"""Instruct-of-Reflection (022; Liu et al., 2025): what follows a second look depends on whether the two answers agree.

For questions where a fixed "look again" wastes calls, turns right answers into wrong ones, or repeats a wrong one. The stop is
still the model's own judgement (158), and a wrong approach misleads every later step: compare with `SelfConsistency`, at equal
calls.

1. Answer; beside it, write the approach for questions of this kind, without its figures. Approaches remembered from the
   nearest questions are shown as demonstrations.
2. Look again at the answer as it stands, with the approach.
3. Two different answers, SELECT: keep the one of the two that follows the approach better (against drift).
4. The same answer, and it is found sound, STOP (against waste).
5. The same answer, and it is found unsound, REFRESH: answer anew along the approach, without the draft (against stubbornness).
6. Go to 2, at most `rounds` times.

Departures: (1) the paper does not publish its conditions in full; these are our reading. (2) Two rounds by default, not four.
(3) A second answer that cannot be read leaves the draft as it stands.
(4) A second fresh answer is sampled: the same request would bring the first again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Literal

import dspy

from selftaught import scope
from selftaught.embedding import Encoder
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.demonstrate.nearest import NearestDemonstrations
from selftaught.programs.reflect.answers import Answer, Trial
from selftaught.programs.reflect.core import LookAgain
from selftaught.programs.reflect.steps import again_of, note
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

APPROACH = "approach"
TEMPERATURE = 0.7
"""Of a second and further fresh answer."""


@method(22, "instruct-of-reflection", family="reflect")
class InstructOfReflection(LookAgain):
    """Look again until the answer is stable and sound; select between answers that differ, start afresh where it is not sound.

    The prediction also holds `approach` and `trace`: for each look `basic`, `reflective`, `consistent` and `instruction`
    (`select`, `stop`, `refresh`, or `none` after a look that could not be read).

    Args:
        task: what to do.
        rounds: the most looks; 0 is plain generation.
        memory: earlier questions with the approach that suits them: the task's inputs and `approach`.
        recalled: entries of the memory shown for an input.
        reasoning: the answers carry their reasoning.
        generate: gives the first answer; a step on the task by default.
        encoder: see `selftaught.embedding`; with one of your own the program cannot be saved as an artifact.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        rounds: int = 2,
        memory: Sequence[Mapping[str, Any]] = (),
        recalled: int = 3,
        reasoning: bool = False,
        generate: dspy.Module | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        super().__init__(task, decide="second", rounds=rounds, reasoning=reasoning, generate=generate)
        at_least("recalled", recalled, 0)
        if not rounds:
            return
        think = derived(self.task, "Think", STATE_THE_APPROACH, {}, {APPROACH: (str, note("how to go about it"))})
        self.think: dspy.Module = Step(think)
        if len(memory):
            self.think = NearestDemonstrations(think, memory, shots=recalled, encoder=encoder)
            self.arguments.values["memory"] = self.think.neighbours.examples  # plain data, so that an artifact can hold it
        self.choose = Step(_choose_of(self.task))
        self.judge = Step(_judge_of(self.task))
        self.refresh = Step(again_of(self.answers.task, "Refresh", FOLLOW_THE_APPROACH, {APPROACH: HOW}))

    def _again(self) -> Task:
        return again_of(self.answers.task, "Again", CHECK_BY_THE_APPROACH, {"draft": "the answer so far", APPROACH: HOW})

    async def _begun(self, inputs: dict[str, Any]) -> Trial:
        if not self.rounds:
            trial = await super()._begun(inputs)
        else:
            trial, thought = await asyncio.gather(super()._begun(inputs), self.think.acall(**inputs))  # 1
            trial.note = thought[APPROACH]
        trial.told = {APPROACH: trial.note, "trace": []}
        return trial

    def _seen(self, trial: Trial) -> dict[str, Any]:
        return {**super()._seen(trial), APPROACH: trial.note}  # 2

    async def _settled(self, trial: Trial) -> bool:
        basic, second = trial.draft, trial.second
        consistent = second is not None and self.answers.same(basic, second)
        if second is None:
            instruction = "none"
        elif not consistent:
            instruction = await self._selected(trial)  # 3
        else:
            trial.draft, trial.decided_by = second, "second"
            instruction = "stop" if await self._sound(trial) else "refresh"  # 4
        if instruction == "refresh":
            trial.draft, trial.decided_by = await self._refreshed(trial), "decision"  # 5
        seen = {"basic": self.answers.text(basic), "reflective": self.answers.text(second)}
        trial.told["trace"].append({**seen, "consistent": consistent, "instruction": instruction})
        return instruction == "stop"

    async def _selected(self, trial: Trial) -> str:
        drafts = {"first_draft": self.answers.text(trial.draft), "second_draft": self.answers.text(trial.second)}
        found = await self.choose.acall(**trial.inputs, **{APPROACH: trial.note}, **drafts)
        if found.better == "second" and trial.second is not None:
            trial.draft = trial.second
        trial.decided_by = "decision"
        return "select"

    async def _refreshed(self, trial: Trial) -> Answer:
        before = sum(one["instruction"] == "refresh" for one in trial.told["trace"])
        again = scope.resampled(f"refresh{before}", TEMPERATURE) if before else nullcontext()
        with again:  # the same request would bring the same answer
            return self.answers.of(await self.refresh.acall(**trial.inputs, **{APPROACH: trial.note}))

    async def _sound(self, trial: Trial) -> bool:
        found = await self.judge.acall(**trial.inputs, **{APPROACH: trial.note}, draft=self.answers.text(trial.draft))
        return bool(found.sound)

    def cost(self) -> Calls:
        """Return the calls of one input: fewest where the first look agrees and the answer is found sound."""
        first = cost_of(self.generate)
        look = Calls(1, 3)  # alone where it cannot be read; with a judgement and a refreshed answer at most
        return first + Calls(1, 1) + look + look.optional() * (self.rounds - 1) if self.rounds else first


def _choose_of(task: Task) -> Task:
    drafts: dict[str, tuple[Any, Any]] = {
        "first_draft": (str, dspy.InputField(desc="one answer")),
        "second_draft": (str, dspy.InputField(desc="another answer")),
    }
    better = (Literal["first", "second"], dspy.OutputField(desc="the better answer"))
    return derived(
        task, "Choose", CHOOSE_BY_THE_APPROACH, {APPROACH: (str, dspy.InputField(desc=HOW)), **drafts}, {"better": better}
    )


def _judge_of(task: Task) -> Task:
    given: dict[str, tuple[Any, Any]] = {
        APPROACH: (str, dspy.InputField(desc=HOW)),
        "draft": (str, dspy.InputField(desc="the answer to judge")),
    }
    return derived(task, "Judge", JUDGE_BY_THE_APPROACH, given, {"sound": (bool, dspy.OutputField(desc="the answer is right"))})


HOW = "how to go about such questions"
STATE_THE_APPROACH = (
    "Say how to go about a question of this kind: the general steps, without its names and figures. Do not answer it."
)
CHECK_BY_THE_APPROACH = (
    "An answer to the task and an approach are given. Go through the task by the approach, then give your answer."
)
CHOOSE_BY_THE_APPROACH = "Two answers to the task are given. Name the one that follows the approach and fulfils the task better."
JUDGE_BY_THE_APPROACH = "Work the task out by the approach, then decide whether the given answer is right."
FOLLOW_THE_APPROACH = "Answer the task by following the approach step by step."
