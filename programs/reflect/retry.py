"""Reflect and retry: reflect on an answer that a check fails, then try once more (104; Bensal et al., 2025).

For tasks with a trustworthy check that says pass or fail and tells no more. Also the study of which kind of note helps
(153; Renze and Guven, 2024): `kind`. Much of the gain is the retry itself, so set it beside `kind="retry"` (`study`) and beside
two samples. Nothing shows that it helps where the model checks itself, which it does without a verifier of yours (158).

1. Answer.     2. The check passes: return it, with no reflection.
3. Reflect: from the answer and the fact that it failed (153: and the right answer, where there is one), write a note.
4. Hide in the note what would give the answer away (not in 104's `lesson`, nor in `unredacted`).
5. Try again with the note, exactly once, and check that. The failed answer is seen too (`shown`; 153 hides it).
6. Return the second answer, unless the check scores it below the first.

Departures: (1) the guard in 6. (2) An undetermined verdict is no failure. (3) A reflection that cannot be read is an empty note:
a plain retry. (4) 153 shows one worked demonstration to each step; here an optimizer may add some. (5) 153 reflects with the
right answer; without `reference` the note is written blind. (6) Choices are the values of a `Literal` output and what `choices`
lists. (7) The reflection also sees the reasons of a check that gives some.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import dspy

from selftaught.errors import AnswerError, SettingError
from selftaught.programs.base import Calls
from selftaught.programs.judge.base import REFERENCE, Judge
from selftaught.programs.judge.verify import Verify
from selftaught.programs.normalise import normalise
from selftaught.programs.reflect.answers import Answer, Trial
from selftaught.programs.reflect.core import LookAgain
from selftaught.programs.reflect.notes import KINDS, LESSON, MASK, OPEN, choices_of, note_of, redacted, reflection_of
from selftaught.programs.reflect.steps import again_of
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, Verdict, output_names, render


@method(104, "reflect-retry-reward", family="reflect", missing="training on the reward")
@method(153, "self-reflection-types", family="reflect", kind="composite", shown=False)
class ReflectAndRetry(LookAgain):
    """Answer; where a check fails the answer, reflect on it and try once more.

    The prediction also holds `passed` (of the answer returned; None where undetermined), `tries` and `reflection` (None where
    none was made).

    Args:
        task: what to do.
        verifier: a judge. By default the right answer, compared exactly, where there is one; else the model itself (`Verify`).
        kind: of note: `"lesson"` (104), or one of 153's: `"retry"` (none), `"keywords"`, `"advice"`, `"explanation"`,
            `"instructions"`, `"solution"`, `"composite"` (all five), `"unredacted"` (all five, nothing hidden).
        shown: the second try sees the failed answer too.
        reference: the program takes the right answer as a further input, `reference`, a text: for the check and the reflection,
            never for the answer. Then its score is no measure of what it does without.
        choices: the input that lists the choices of a multiple-choice task; they and their letters are hidden in notes.
        reasoning: the answers carry their reasoning, which the reflection sees.
        generate: gives the first answer; a step on the task by default.

    Raises:
        SettingError: a setting that is none, or a verifier that needs a reference where there is none.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        verifier: Judge | None = None,
        kind: str = LESSON,
        shown: bool = True,
        reference: bool = False,
        choices: str | None = None,
        reasoning: bool = False,
        generate: dspy.Module | None = None,
    ) -> None:
        if kind not in (LESSON, *KINDS):
            raise SettingError(f"kind={kind!r}: expected one of {', '.join(map(repr, (LESSON, *KINDS)))}.")
        self.kind, self.shows, self.reference, self.choices = kind, shown, reference, choices
        super().__init__(
            task,
            decide="second",
            reasoning=reasoning,
            generate=generate,
            verifier=verifier or (None if reference else Verify(task)),
        )
        if choices is not None and choices not in self.task.input_fields:
            raise SettingError(f"choices={choices!r}: expected the name of an input of the task, {list(self.task.input_fields)}.")
        if kind != "retry":
            self.reflect = Step(reflection_of(self.task, kind, reference=reference))

    @classmethod
    def study(cls, task: str | Task, kinds: Iterable[str] = KINDS, **settings: Any) -> dict[str, Self]:
        """Return one program for each of 153's kinds of note, for `compare`; the plain retry always stands beside them."""
        return {kind: cls(task, kind=kind, **{"shown": False, **settings}) for kind in dict.fromkeys(["retry", *kinds])}

    def accepts(self) -> dict[str, bool]:
        """Return the task's inputs, and `reference` where it is asked for."""
        return {**super().accepts(), **({REFERENCE: True} if self.reference else {})}

    def _again(self) -> Task:
        given = {"draft": "an answer that failed"} if self.shows else {}
        return again_of(self.answers.task, "Retry", TRY_AGAIN, {**given, "note": "on the failed answer; may be empty"})

    async def _begun(self, inputs: dict[str, Any]) -> Trial:
        known = {REFERENCE: inputs.pop(REFERENCE)} if self.reference else {}
        trial = await super()._begun(inputs)
        trial.known = known
        return trial

    async def _doubted(self, trial: Trial) -> bool:
        trial.verdict = await self._verdict(trial, trial.draft)  # 2
        if trial.verdict.passed is not False:
            return False
        trial.note = await self._reflected(trial)  # 3
        return True

    async def _verdict(self, trial: Trial, answer: Answer) -> Verdict:
        outputs = self.outputs(answer)
        if self.verifier is None:
            same = normalise(render(output_names(self.task), outputs)) == normalise(trial.known[REFERENCE])
            return Verdict(score=float(same), passed=same)
        known = trial.known if self.verifier.reads_reference != "no" else {}
        return (await self.verifier.acall(**trial.inputs, **outputs, **known)).verdict

    async def _reflected(self, trial: Trial) -> str:
        if self.kind == "retry":
            return ""
        seen = {"draft": self.answers.text(trial.draft), "feedback": (trial.verdict and trial.verdict.reasons) or IT_FAILED}
        try:
            found = await self.reflect.acall(**trial.inputs, **seen, **(trial.known if self.kind != LESSON else {}))
        except AnswerError:
            return ""
        return note_of(self.kind, found) if self.kind in OPEN else self._redacted(trial, note_of(self.kind, found))  # 4

    def _redacted(self, trial: Trial, text: str) -> str:
        listed = (trial.inputs.get(self.choices) if self.choices else None) or []
        texts = listed.splitlines() if isinstance(listed, str) else list(listed.values() if isinstance(listed, dict) else listed)
        return redacted(text, [*choices_of(self.task), *map(str, [*texts, *trial.known.values()])], letters=len(texts))

    def _seen(self, trial: Trial) -> dict[str, Any]:
        return {**(super()._seen(trial) if self.shows else trial.inputs), "note": trial.note}  # 5

    async def _settled(self, trial: Trial) -> bool:
        if trial.second is not None and trial.verdict is not None:
            found = await self._verdict(trial, trial.second)
            if found.passed or (found.score or 0.0) >= (trial.verdict.score or 0.0):  # 6
                trial.draft, trial.decided_by, trial.verdict = trial.second, "second", found
            else:
                trial.decided_by = "decision"
        return True

    def _told(self, trial: Trial) -> dict[str, Any]:
        passed = trial.verdict.passed if trial.verdict is not None else None
        reflection = trial.note or None
        return {**super()._told(trial), "passed": passed, "tries": 1 + trial.looks, "reflection": reflection}

    def _may_pass(self) -> bool:
        return True

    def _cost_of_look(self) -> Calls:
        note = Calls(0, 0) if self.kind == "retry" else Calls(1, 1)
        return note + Calls(1, 1) + self._cost_of_doubt().optional()


TRY_AGAIN = (
    "An earlier answer to the task was wrong. Answer the task anew, with the help of the note where there is one. "
    f"{MASK} stands for what the note may not tell."
)
IT_FAILED = "It failed the check."
