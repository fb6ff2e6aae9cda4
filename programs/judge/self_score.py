"""Self-score (087; Chaszczewicz et al., 2024): the model's chance that an answer needs no improvement.

For answers to people, where a critique names what is weak. It rewards what sounds good: keep a person in the loop.

1. Ask first whether nothing needs to be improved, then what does; so the chance of the first word can be read.
2. The score is that chance, from the model's log-probabilities; where it gives none, the share of yes in `calls` answers.
3. The verdict names the problems, and the weak areas from a fixed list, unless nothing needs to be improved.

Departure: strengths and a rewritten answer are not asked for here; `CritiqueValue` has the answer revised in a step of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import AnswerError, SettingError
from selftaught.programs.base import Calls
from selftaught.programs.judge.base import Judge
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Criterion, Task, Verdict, derived, output_names, render

TEMPERATURE = 0.8
PERFECT = "needs no improvement"


@method(87, "multilevel-feedback-selfscore", family="judge", missing="training on the preference pairs")
class SelfScore(Judge):
    """Score an answer with the chance that it needs no improvement.

    Args:
        task: what the answers are answers to.
        areas: names of the areas in which an answer can be weak; the critic chooses from these only. None by default.
        calls: answers whose yeses are counted where the model gives no log-probabilities.
        odds: read the model's log-probabilities where it gives them.

    Raises:
        SettingError: an area without a name.
    """

    def __init__(self, task: str | Task, *, areas: Sequence[str] = (), calls: int = 5, odds: bool = True) -> None:
        super().__init__(task)
        if any(not isinstance(area, str) or not area.strip() for area in areas) or isinstance(areas, str):
            raise SettingError(f"areas={areas!r}: expected a list of names, such as ['tone', 'structure'].")
        self.calls = at_least("calls", calls, 1)
        self.areas = tuple(areas)
        self.assess = Step(_assessment_of(self.task, self.areas), odds="acceptable" if odds else None)

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Score one answer."""
        asked = {**inputs, "draft": render(output_names(self.task), outputs)}
        found = await self.assess.acall(**asked)  # 1
        score = found.odds["true"] if found.get("odds") else await self._share(asked, bool(found.acceptable))  # 2
        passed = score > 0.5
        weak = set() if passed else set(found.get("areas", ()))
        areas = tuple(Criterion(name=area, passed=area not in weak) for area in self.areas)
        problems = "" if passed else " ".join(problem.strip() for problem in found.problems if problem.strip())
        criteria = (Criterion(name=PERFECT, passed=passed, score=score), *areas)
        return Verdict(score=score, passed=passed, reasons=problems, criteria=criteria, confidence=abs(2 * score - 1))

    async def _share(self, asked: dict[str, Any], first: bool) -> float:
        said = [first]
        if self.calls > 1:
            with contextlib.suppress(AnswerError):  # where no further one is readable, the first is what there is
                said += [bool(one.acceptable) for one in await draw(self.assess, asked, self.calls - 1, TEMPERATURE)]
        return sum(said) / len(said)

    def cost(self) -> Calls:
        """Return the calls of one verdict: one where the model gives log-probabilities."""
        return Calls(1, self.calls)


def _assessment_of(task: Task, areas: tuple[str, ...]) -> Task:
    given = {"draft": (str, dspy.InputField(desc="the answer to assess"))}
    asked: dict[str, Any] = {"acceptable": (bool, dspy.OutputField(desc="nothing needs to be improved"))}
    asked["problems"] = (list[str], dspy.OutputField(desc="what to improve, and how; empty if nothing", max_length=5))
    if areas:
        weak = dspy.OutputField(desc="where it is weak; empty if nowhere", max_length=len(areas))
        asked["areas"] = (list[Literal[areas]], weak)  # type: ignore[valid-type]
    return derived(task, "Assess", SAY_WHETHER_ANYTHING_IS_MISSING, given, asked)


SAY_WHETHER_ANYTHING_IS_MISSING = (
    "Assess an answer to the task. Say first whether nothing in it needs to be improved. If something does, say what, kindly and "
    "so that the writer can act on it."
)
