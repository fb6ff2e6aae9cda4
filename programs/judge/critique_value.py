"""Critique value (087, 100): a critique is as good as the answer that comes of it.

For comparing and tuning critics, where nobody has labelled critiques.

1. Apply the critique: revise the draft by its problems. A critique without problems leaves the draft as it is.
2. Judge the revised answer, without showing the critique to the judge. That score is the critique's value; with `gain`, what
   the score rose by, 0.5 for no change.
3. Of several critiques, the best is the one with the highest value, the first of equals. Where none finds a problem there is
   no critique, and no pair to learn from; nor where the draft is judged better than one half.

Departures from 087: (1) the critique does not write the better answer itself, a reviser does. (2) Any judge serves;
`SelfScore` is the paper's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import dspy

from selftaught.errors import AnswerError, SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.judge.base import REFERENCE, Judge
from selftaught.programs.judge.self_score import TEMPERATURE, SelfScore
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.signatures import Criterion, Task, Verdict, as_task, critique_of, output_names, refine_of, render


class CritiqueValue(Judge):
    """Judge critiques by the answers that come of them.

    It is a judge of the task of criticising (`critique_of(task)`): its inputs are the task's and `draft`, its outputs
    `problems` and `acceptable`. So it is a metric for critics.

    Args:
        task: what the criticised answers are answers to.
        judge: judges the revised answers; `SelfScore` by default.
        revise: a module from the task's inputs, `draft` and `problems` to its outputs; a step by default.
        gain: the value is the rise of the judge's score, (1 + after - before) / 2, which judges the draft too.

    Raises:
        SettingError: `gain` for a task whose draft cannot be judged as it stands: it needs a single text output.
    """

    def __init__(
        self, task: str | Task, judge: Judge | None = None, revise: dspy.Module | None = None, *, gain: bool = False
    ) -> None:
        super().__init__(critique_of(task))
        self.answers = as_task(task)
        self.judge = judge or SelfScore(self.answers)
        self.revise = revise or Step(refine_of(self.answers))
        self.gain = gain
        self.read_reference(self.judge.reads_reference)
        if gain and self._as_outputs("") is None:
            raise SettingError(f"gain=True: the task needs a single output of type str; it has {output_names(self.answers)}.")

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Judge one critique."""
        known = {name: value for name, value in inputs.items() if name not in ("draft", REFERENCE)}
        reference = {REFERENCE: inputs[REFERENCE]} if REFERENCE in inputs else {}
        draft, problems = self._as_outputs(inputs["draft"]), problems_of(outputs)
        asked = {**known, "draft": inputs["draft"], "problems": problems}
        revised = {name: value for name, value in (await self.revise.acall(**asked)).items() if name in self.answers.output_fields} if problems else draft  # 1  # fmt: skip
        if revised is None:
            return Verdict(score=None, reasons="The critique names no problem, so nothing comes of it.")
        judged = [revised, draft] if self.gain and draft is not None else [revised]
        found = await asyncio.gather(*(self.judge.acall(**known, **answer, **reference) for answer in judged))  # 2
        return self._valued([one.verdict for one in found], bool(problems))

    def _valued(self, found: list[Verdict], applied: bool) -> Verdict:
        after, before = found[0], found[-1]
        criteria = (Criterion(name="the revised answer is good", passed=after.passed, score=after.score),)
        if after.score is None or before.score is None:
            return Verdict(score=None, reasons=after.reasons, criteria=criteria)
        if not self.gain:
            return Verdict(score=after.score, passed=after.passed, reasons=after.reasons, criteria=criteria)
        passed = after.score > before.score if applied else after.passed
        return Verdict(score=(1 + after.score - before.score) / 2, passed=passed, reasons=after.reasons, criteria=criteria)

    def _as_outputs(self, draft: str) -> dict[str, Any] | None:
        """Return a draft as the task's outputs, where it is the text of the only one."""
        fields = self.answers.output_fields
        return dict.fromkeys(fields, draft) if [field.annotation for field in fields.values()] == [str] else None

    def reference_of(self, example: dspy.Example) -> dict[str, str]:
        """Return the labelled answer of the criticised task, where the inner judge reads one."""
        return self.judge.reference_of(example)

    def cost(self) -> Calls:
        """Return the calls of one verdict."""
        judged = self.judge.cost_of_many(2 if self.gain else 1)
        return cost_of(self.revise).optional() + (judged if self._as_outputs("") is not None else judged.optional())


@dataclass(frozen=True, slots=True)
class ValuedCritiques:
    """Critiques of one draft that found a problem, with their values; a value is None where no verdict was readable."""

    critiques: tuple[dspy.Prediction, ...]
    values: tuple[float | None, ...]

    @property
    def best(self) -> dspy.Prediction | None:
        """The critique of the highest value, the first of equals; None without any."""
        known = self._known()
        return self.critiques[max(known, key=lambda number: (known[number], -number))] if known else None

    @property
    def pair(self) -> tuple[dspy.Prediction, dspy.Prediction] | None:
        """The best and the worst critique, the first of equals each; None where all values are the same."""
        known = self._known()
        if len(set(known.values())) < 2:
            return None
        worst = min(known, key=lambda number: (known[number], number))
        return self.critiques[max(known, key=lambda number: (known[number], -number))], self.critiques[worst]

    def _known(self) -> dict[int, float]:
        return {number: value for number, value in enumerate(self.values) if value is not None}


async def valued_critiques(
    value: CritiqueValue, critic: dspy.Module, inputs: dict[str, Any], outputs: dict[str, Any], samples: int = 10,
    temperature: float = TEMPERATURE,
) -> ValuedCritiques:  # fmt: skip
    """Draw critiques of a draft and value each.

    Args:
        value: values the critiques.
        critic: from the task's inputs and `draft` to `problems` and `acceptable`, such as `Step(critique_of(task))`.
        inputs: the task's inputs, and `reference` where the judge needs one.
        outputs: the draft.
        samples: critiques drawn; one is the plain critique, at the critic's own temperature.
        temperature: of the others.

    Raises:
        CallError: no critique was readable.
    """
    draft = render(output_names(value.answers), outputs)
    asked = {name: known for name, known in inputs.items() if name != REFERENCE} | {"draft": draft}
    drawn = await draw(critic, asked, at_least("samples", samples, 1), temperature, own_first=True)
    critiques = tuple(one for one in drawn if problems_of(one))
    given = [{"problems": problems_of(one), "acceptable": False} for one in critiques]
    found = await asyncio.gather(*(value.acall(**inputs, draft=draft, **one) for one in given), return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, AnswerError):
            raise one
    return ValuedCritiques(critiques, tuple(one.score if isinstance(one, dspy.Prediction) else None for one in found))


async def best_critique(
    value: CritiqueValue, critic: dspy.Module, inputs: dict[str, Any], outputs: dict[str, Any], samples: int = 10
) -> dspy.Prediction | None:
    """Return the critique of a draft whose revised answer is judged best; None where none finds a problem. See `valued_critiques`."""
    return (await valued_critiques(value, critic, inputs, outputs, samples)).best


async def critique_pair(
    value: CritiqueValue, critic: dspy.Module, inputs: dict[str, Any], outputs: dict[str, Any], samples: int = 10
) -> tuple[dspy.Prediction, dspy.Prediction] | None:
    """Return the best and the worst critique of a draft, to train a critic on (087).

    None where the draft is judged better than one half or not at all, or all critiques have the same value.
    """
    found = await value.judge.acall(**inputs, **outputs)
    if found.score is None or found.score > 0.5:
        return None
    return (await valued_critiques(value, critic, inputs, outputs, samples)).pair


def problems_of(critique: Any) -> list[str]:
    """Return the problems that a critique names; none where it finds the draft acceptable."""
    return [] if critique["acceptable"] else [text for problem in critique["problems"] if (text := str(problem).strip())]
