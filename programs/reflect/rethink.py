"""Self-rethinking (103; Tong et al., 2024): check an answer against mistakes that the model has made before.

For a domain in which the model's past mistakes are on record (`MistakeCollector`). The gain rests on those records: without
them, a check of one's own reasoning often turns right answers into wrong ones.

1. Answer with reasoning.
2. Check: does the reasoning make one of the recorded mistakes? The `seen` nearest are shown, none made on this very input.
3. No: return the answer as it stands.     4. Yes: write it anew without that mistake, and go to 2, at most `rounds` times; then
return the newest answer, unchecked.

Departures: (1) the mistakes on the questions most like the input are shown; the paper shows fixed ones of each kind. (2) Tuning
the model on its mistakes is training, and not here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.programs.base import Calls, cost_of
from selftaught.programs.demonstrate.nearest import Neighbours, plain_examples
from selftaught.programs.reflect.answers import Trial
from selftaught.programs.reflect.core import LookAgain
from selftaught.programs.reflect.mistakes import explain_of
from selftaught.programs.reflect.steps import again_of, note
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived, input_names, render


@method(103, "self-rethinking", family="reflect", missing="tuning the weights on mistakes")
class SelfRethinking(LookAgain):
    """Answer, and write the answer anew while it makes a recorded mistake.

    The prediction also holds `made_same_mistake`, `mistake` (the last one found, else None) and `reasoning`.

    Args:
        task: what to do.
        mistakes: as `MistakeCollector.collect` returns them: the task's inputs, `draft` (the wrong answer), `reference` (the
            right one), `reason` and `kind`. None at all: plain reasoning.
        rounds: how often at most an answer is written anew.
        seen: mistakes shown with an answer.
        reasoning: the answers carry their reasoning.
        generate: gives the first answer; a step on the task by default.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        mistakes: Sequence[Mapping[str, Any]] = (),
        rounds: int = 1,
        seen: int = 4,
        reasoning: bool = True,
        generate: dspy.Module | None = None,
    ) -> None:
        super().__init__(task, decide="second", rounds=rounds, reasoning=reasoning, generate=generate)
        self.seen = at_least("seen", seen, 1)
        known = plain_examples(explain_of(self.task), mistakes) if len(mistakes) else []
        self.arguments.values["mistakes"] = known  # plain data, so that an artifact can hold them
        self.mistakes = Neighbours(self.task, known)
        self.check = Step(_check_of(self.answers.task))

    def _again(self) -> Task:
        return again_of(
            self.answers.task, "Rewrite", AVOID_THE_MISTAKE, {"draft": "the answer so far", "mistake": "what it does wrong"}
        )

    async def _begun(self, inputs: dict[str, Any]) -> Trial:
        trial = await super()._begun(inputs)
        nearest = self.mistakes.nearest(inputs, self.seen) if self.mistakes.examples else []
        trial.known["mistakes"] = [self._line(self.mistakes.examples[number]) for number in nearest]
        return trial

    async def _doubted(self, trial: Trial) -> bool:
        if not trial.known["mistakes"]:
            return False
        found = await self.check.acall(**trial.inputs, draft=self.answers.text(trial.draft), mistakes=trial.known["mistakes"])
        if found.repeated:
            trial.note = found.mistake
        return bool(found.repeated)

    def _seen(self, trial: Trial) -> dict[str, Any]:
        return {**super()._seen(trial), "mistake": trial.note}

    async def _settled(self, trial: Trial) -> bool:
        trial.draft = await self._decided(trial)
        return False

    def _told(self, trial: Trial) -> dict[str, Any]:
        return {**super()._told(trial), "made_same_mistake": trial.looks > 0, "mistake": trial.note}

    def _line(self, mistake: Mapping[str, Any]) -> str:
        asked, kind, reason = render(input_names(self.task), mistake), mistake.get("kind", "mistake"), mistake.get("reason", "")
        return f"{kind}: {reason} Asked: {asked} Wrong answer: {mistake['draft']}"

    def _may_pass(self) -> bool:
        return True

    def _cost_of_doubt(self) -> Calls:
        questions = {render(input_names(self.task), one) for one in self.mistakes.examples}
        return Calls(1 if len(questions) > 1 else 0, 1 if questions else 0)  # the only question may be the input itself

    def cost(self) -> Calls:
        """Return the calls of one input: only the answer where no mistake is on record."""
        return super().cost() if self.mistakes.examples else cost_of(self.generate)


def _check_of(task: Task) -> Task:
    given: dict[str, tuple[Any, Any]] = {
        "draft": (str, dspy.InputField(desc="the answer to check")),
        "mistakes": (list[str], dspy.InputField(desc="mistakes made on other questions")),
    }
    asked: dict[str, tuple[Any, Any]] = {
        "mistake": (str, note("the mistake that the answer makes too, and where; 'none' if it makes none", 200)),
        "repeated": (bool, dspy.OutputField(desc="the answer makes one of these mistakes")),
    }
    return derived(task, "Check", FIND_THE_SAME, given, asked)


FIND_THE_SAME = "Check an answer step by step: does it make one of the listed mistakes, which were made on other questions?"
AVOID_THE_MISTAKE = "An answer to the task makes the mistake that is named. Work the task out anew without it."
