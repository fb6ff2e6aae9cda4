"""The cross-check core: solutions and cases, run against each other.

1. Take the cases of the input, and let the model write others, which it does without seeing a solution.
2. Write `samples` solutions at the same time.
3. Run every solution in every case, in the sandbox: time, memory and processes are bounded, there is no network.
4. Drop the written cases that a hollow solution passes too (its functions return nothing, or their input), and those that fewer
   than `agree` solutions pass.
5. Select the solution that passes most: of the cases given, then of those written together with the solutions that pass the same.
6. While it fails a case and rounds are left: revise it with what failed, run the revision, keep it where it passes more.
7. Return the best. It is `accepted` where it passes every case; and where none came with the input, `agree` solutions must
   have passed the same.

Passing is not being right: solutions and cases of one model share its misreadings. Papers that are this with other parts
register themselves on it. As it stands it is the inference of Sol-Ver (083; Lin et al., 2025).

Departures from Sol-Ver: (1) a written case counts where two solutions pass it, and a solution is accepted where it passes all
that count and another passes the same; the paper's rule is not known to us. (2) Of solutions that pass as many, the larger group
wins, as in dual execution agreement. (3) Several assertions in one text are one case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.errors import CallError, SettingError
from selftaught.programs.base import Calls, Program
from selftaught.programs.code.cases import Case, cases_in, written_cases
from selftaught.programs.code.running import Trial, code_in, trials_of
from selftaught.programs.code.solutions import Solution, best_of, keep_what_counts, try_all
from selftaught.programs.code.steps import MEND_THE_CODE, cases_of
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, output_names, refine_of, render

SHOWN_FAILURES = 3
NOT_HERE = "the problems that the model makes up, the SFT and preference rows of both roles, and training on them"


@method(83, "sol-ver", family="verify", missing=NOT_HERE)
class CrossCheck(Program):
    """Write solutions and cases for them, run all against all, and return the solution that passes most.

    The prediction also holds `passed` and `cases` (numbers), `accepted`, `checks` (the cases that counted), `matrix` (which
    solution passed which of them), and `rounds` (revisions made). It needs a sandbox: see `selftaught.sandbox`.

    Args:
        task: what to do; one of its outputs is Python code.
        samples: solutions written.
        suites: how often the model is asked for cases, five at most each time; 0: only the cases of the input.
        given: the input that holds cases: assertions, or pairs of standard input and expected output. The model never sees
            it; it is told which of them failed where it revises.
        code: the output that is code; by default the first text, or all outputs as text where there is none.
        rounds: revisions at most.
        agree: solutions that must pass a written case for it to count; never more than there are.
        temperature: of the samples, where there are several.
        seconds: the longest that one run may take.

    Raises:
        SettingError: a setting that is none, or an input or output that the task has not.
    """

    def __init__(
        self, task: str | Task, *, samples: int = 4, suites: int = 2, given: str | None = None, code: str | None = None,
        rounds: int = 0, agree: int = 2, temperature: float = 0.8, seconds: float = 3.0,
    ) -> None:  # fmt: skip
        super().__init__(task)
        for name, value, known in (("given", given, self.task.input_fields), ("code", code, self.task.output_fields)):
            if value is not None and value not in known:
                raise SettingError(f"{name}={value!r}: the task has no such field; expected one of {sorted(known)}.")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < float("inf"):
            raise SettingError(f"seconds={seconds!r}: expected a positive number.")
        self.samples, self.suites = at_least("samples", samples, 1), at_least("suites", suites, 0)
        self.rounds, self.agree = at_least("rounds", rounds, 0), at_least("agree", agree, 1)
        self.given, self.code, self.temperature, self.seconds = given, code, temperature, seconds
        self.shown = self.task.delete(given) if given else self.task
        self.generate = Step(self.shown)
        if suites:
            self.verify = Step(cases_of(self.shown))
        if rounds:
            self.revise = Step(self.revision())

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        hidden = self.cases(inputs)
        shown = {name: value for name, value in inputs.items() if name != self.given}
        written, found = await asyncio.gather(self.written(shown), self.solutions(shown))  # 1, 2
        cases: list[Case] = [*hidden, *written]
        await try_all(found, cases, self.trials)  # 3
        cases = await keep_what_counts(found, cases, len(hidden), min(self.agree, len(found)), self.trials)  # 4
        best, made = best_of(found, len(hidden)), 0  # 5
        while made < self.rounds and best.failures:  # 6
            made += 1
            if (again := await self.revised(shown, best, found, made)) is None:
                continue
            await try_all([again], cases, self.trials)
            found.append(again)
            best = max(best, again, key=lambda one: (sum(one.passes[: len(hidden)]), sum(one.passes)))
        return self.told(best, found, cases, accepted=self.accepted(best, found, given=bool(hidden)), rounds=made)  # 7

    def cases(self, inputs: dict[str, Any]) -> list[Case]:
        """Return the cases that came with the input."""
        return cases_in(inputs.get(self.given, ()), self.given) if self.given else []

    async def written(self, shown: dict[str, Any]) -> list[str]:
        """Return the cases that the model writes; none where it fails to, since they are never more than a help."""
        if not self.suites:
            return []
        try:
            drawn = await draw(self.verify, shown, self.suites, self.temperature, own_first=True)
        except CallError:
            return []
        return written_cases(text for one in drawn for text in one.assertions)

    async def solutions(self, shown: dict[str, Any]) -> list[Solution]:
        """Return the solutions."""
        drawn = await draw(self.generate, shown, self.samples, self.temperature, own_first=True)
        return [self.solution(self.outputs(one)) for one in drawn]

    async def trials(self, codes: Sequence[str], cases: Sequence[Case]) -> list[list[Trial]]:
        """Return what came of each code (a row) in each case."""
        return await trials_of(codes, cases, self.seconds)

    def revision(self) -> Task:
        """Return the signature of the step that revises."""
        return refine_of(self.shown, MEND_THE_CODE)

    async def revised(self, shown: dict[str, Any], best: Solution, found: Sequence[Solution], number: int) -> Solution | None:
        """Return a revision of the best solution, None where the call failed; after one that did not help, another sample."""
        problems = best.failures[:SHOWN_FAILURES]
        config = {"rollout_id": f"round{number}", "temperature": self.temperature} if number > 1 else {}
        try:
            said = await self.revise.acall(**shown, draft=self.text(best), problems=problems, config=config)
        except CallError:
            return None
        return self.solution(self.outputs(said))

    def solution(self, outputs: dict[str, Any], **notes: Any) -> Solution:
        """Return an answer as a solution."""
        name = self.code or next((one for one, field in self.task.output_fields.items() if field.annotation is str), None)
        return Solution(outputs, code_in(str(outputs[name]) if name else render(output_names(self.task), outputs)), notes)

    def text(self, solution: Solution) -> str:
        """Return a solution as the model reads it."""
        return render(output_names(self.task), solution.outputs)

    def accepted(self, best: Solution, found: Sequence[Solution], *, given: bool) -> bool:
        """Say whether a solution is accepted; `given`: cases came with the input."""
        alike = sum(one.passes == best.passes for one in found)
        return bool(best.passes) and all(best.passes) and (given or alike >= min(self.agree, self.samples))

    def told(self, best: Solution, found: Sequence[Solution], cases: Sequence[Case], **more: Any) -> dspy.Prediction:
        """Return the answer and what it rests on."""
        facts = {"passed": sum(best.passes), "cases": len(cases), "checks": list(cases)}
        facts |= {"matrix": [list(one.passes) for one in found], **best.notes, **more}
        return self.answer(best.outputs, **{name: value for name, value in facts.items() if name not in self.task.fields})

    def cost(self) -> Calls:
        """Return the calls of one input."""
        first = self.samples + self.suites
        return Calls(first, first + self.rounds)
