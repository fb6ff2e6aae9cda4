"""The reflect core: look again at one's own answer. As it stands: If-or-Else (033; Li et al., 2024).

For one cheap check of an answer that does not talk a model out of what is right: it is asked to keep its answer where it is
sure. Without a verifier nothing shows that a second look helps (158): compare with `SelfConsistency` at three samples. How
sure a small model says it is tells little.

1. Answer.
2. Where there is a verifier, return the answer unless it fails.
3. Look again: answer once more, seeing the answer as it stands. How it is asked is the `style`.
4. The same answer after normalisation: return it.     5. Two different answers: decide. Go to 2, at most `rounds` times.

Papers that look again for other reasons, with notes, or decide otherwise, register themselves on it.

Departures: (1) each step is asked afresh and shown the answers; the paper has one growing conversation. (2) A second answer that
cannot be read counts as a different one, and is never returned. (3) `decide` may also be a judge that compares the two.
"""

from __future__ import annotations

from typing import Any, Literal

import dspy

from selftaught.errors import AnswerError, SettingError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.judge.base import Judge
from selftaught.programs.reflect.answers import Answer, Answers, Trial
from selftaught.programs.reflect.steps import again_of, decide_of
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task

Style = Literal["if_or_else", "critical", "neutral"]
Decide = Literal["answer", "second"]


@method(33, "if-or-else", family="reflect")
class LookAgain(Program):
    """Answer, look again at the answer, and decide where the two differ.

    The prediction also holds `first` and `second` (the answers as text), `revised`, `rounds`, and `decided_by`: `first` where
    the first answer stands without a decision, else `second` or `decision`.

    Args:
        task: what to do.
        style: `"if_or_else"` keeps what is sure, `"critical"` looks for mistakes, `"neutral"` only looks again.
        decide: what happens to two different answers: `"answer"` asks for the best one in view of both, `"second"` takes the
            second, a judge keeps the one it prefers (the earlier on ties).
        rounds: the most looks; 0 is plain generation.
        verifier: a judge; only an answer that it fails is looked at again. Every answer is, without one.
        reasoning: the answers carry their reasoning, and it is shown.
        generate: gives the first answer; a step on the task by default.

    Raises:
        SettingError: a setting that is none.
    """

    reference = False
    """Whether the right answer is a further input."""

    def __init__(
        self,
        task: str | Task,
        *,
        style: Style = "if_or_else",
        decide: Decide | Judge = "answer",
        rounds: int = 1,
        verifier: Judge | None = None,
        reasoning: bool = False,
        generate: dspy.Module | None = None,
    ) -> None:
        super().__init__(task)
        if style not in STYLES:
            raise SettingError(f"style={style!r}: expected one of {', '.join(map(repr, STYLES))}.")
        if not isinstance(decide, Judge) and decide not in ("answer", "second"):
            raise SettingError(f"decide={decide!r}: expected 'answer', 'second' or a judge.")
        if not (verifier is None or isinstance(verifier, Judge)):
            raise SettingError(f"verifier={verifier!r}: expected a judge. Make one of a function with FunctionJudge.")
        if verifier is not None and verifier.reads_reference == "needed" and not self.reference:
            raise SettingError(f"verifier={type(verifier).__name__}: it needs a right answer, and this program is given none.")
        self.style, self.rounds, self.verifier = style, at_least("rounds", rounds, 0), verifier
        self.answers = Answers(self.task, reasoning=reasoning)
        self.generate = generate or Step(self.answers.task)
        self.decision: dspy.Module | None = None
        if rounds:
            self.again = Step(self._again())
            if decide != "second":
                self.decision = decide if isinstance(decide, Judge) else Step(decide_of(self.answers.task))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        trial = await self._begun(inputs)  # 1
        while trial.looks < self.rounds and await self._doubted(trial):  # 2
            trial.second = await self._looked(trial)  # 3
            trial.looks += 1
            if await self._settled(trial):  # 4, 5
                break
        return self.answer(trial.draft, **self._told(trial))

    def _again(self) -> Task:
        """Return the signature of the step that looks again."""
        return again_of(self.answers.task, "Again", STYLES[self.style], {"draft": "the answer so far"})

    async def _begun(self, inputs: dict[str, Any]) -> Trial:
        first = self.answers.of(await self.generate.acall(**inputs))
        return Trial(inputs, first, first)

    async def _doubted(self, trial: Trial) -> bool:
        """Say whether to look again at the answer as it stands; a verdict that is undetermined is no failure."""
        if self.verifier is not None:
            trial.verdict = (await self.verifier.acall(**trial.inputs, **self.outputs(trial.draft))).verdict
            return trial.verdict.passed is False
        return True

    async def _looked(self, trial: Trial) -> Answer | None:
        try:
            return self.answers.of(await self.again.acall(**self._seen(trial)))
        except AnswerError:
            return None

    def _seen(self, trial: Trial) -> dict[str, Any]:
        """Return what a second look is given."""
        return {**trial.inputs, "draft": self.answers.text(trial.draft)}

    async def _settled(self, trial: Trial) -> bool:
        """Set the answer as it stands after a look, and say whether that is the end."""
        if trial.second is not None and self.answers.same(trial.draft, trial.second):
            trial.draft, trial.decided_by = trial.second, "second"
            return True
        trial.draft = await self._decided(trial)
        return False

    async def _decided(self, trial: Trial) -> Answer:
        draft, second, decision = trial.draft, trial.second, self.decision
        if second is None and not isinstance(decision, Step):  # there is nothing to take or to compare
            return draft
        trial.decided_by = "second" if decision is None else "decision"
        if isinstance(decision, Judge) and second is not None:
            found = await decision.prefer(trial.inputs, self.outputs(draft), self.outputs(second))
            return second if found.better == "second" else draft
        if decision is not None:
            seen = {"first_draft": self.answers.text(draft), "second_draft": self.answers.text(second)}
            return self.answers.of(await decision.acall(**trial.inputs, **seen))
        return second or draft

    def _told(self, trial: Trial) -> dict[str, Any]:
        """Return what the prediction holds besides the task's outputs."""
        return {
            "first": self.answers.text(trial.first), "second": None if trial.second is None else self.answers.text(trial.second),
            "revised": not self.answers.same(trial.first, trial.draft), "decided_by": trial.decided_by, "rounds": trial.looks,
            **self.answers.reasoning_of(trial.draft), **trial.told,
        }  # fmt: skip

    def cost(self) -> Calls:
        """Return the calls of one input: fewest where the verifier passes the first answer, or the second equals it."""
        first = cost_of(self.generate)
        if not self.rounds:
            return first
        doubt, look = self._cost_of_doubt(), self._cost_of_look()
        once = look.optional() if self._may_pass() else look
        return first + doubt + once + (doubt + look).optional() * (self.rounds - 1)

    def _may_pass(self) -> bool:
        return self.verifier is not None

    def _cost_of_doubt(self) -> Calls:
        return Calls(0, 0) if self.verifier is None else cost_of(self.verifier)

    def _cost_of_look(self) -> Calls:
        if self.decision is None:
            return Calls(1, 1)
        deciding = self.decision.cost_of_preference() if isinstance(self.decision, Judge) else cost_of(self.decision)
        return Calls(1, 1) + deciding.optional()


STYLES = {
    "if_or_else": (
        "An answer to the task has been given. Look at it again. If you are confident in it, give the same answer once more. "
        "If you are not, give an updated answer."
    ),
    "critical": "An answer to the task has been given. Find the mistakes in it, then give a corrected answer.",
    "neutral": "An answer to the task has been given. Look at the task and the answer again, then give your answer.",
}
