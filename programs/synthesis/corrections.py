"""Corrections: failed answers are tried once more with the feedback, and what passes then is kept, with the answer it mends.

Re-ReST (150; Dou et al., 2024): rows of an agent's successes, and of its failures that one reflection repaired. STaSC (117;
Moskvoretskii et al., 2025): rows that teach to correct, from an answer to a better one. For tasks where something says whether
an answer
passes: a right answer, tests, an environment.

1. Sample answers to each input, and verify them.
2. Correct each that failed (`of="failed"`), or all of them (`of="all"`), `each` times: input, answer and feedback -> a new
   answer.
3. Verify the corrections. Only what passes is kept; with `own`, the answers that passed at once too.

Departures: (1) STaSC's filter "non-decreasing" is `of="all"`: what mends a wrong answer, and what keeps a right one right. (2)
Rows
from improvements alone teach to change everything: measure how many right answers the trained model spoils. (3) The feedback
is what the judge or the metric says, never the right answer; `verify="gold"` says nothing but that it failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.branches import survivors
from selftaught.programs.normalise import normalise
from selftaught.programs.reason import reasoned
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.programs.synthesis.candidates import Answers, Candidate, candidates_of, with_candidates
from selftaught.programs.synthesis.checks import GOLD, Check, Checked, Verify
from selftaught.programs.synthesis.keeping import Facts, Kept
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION, SampleVerifyKeep
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.registry import method
from selftaught.signatures import Task, copied, derived

REPAIRED, IT_FAILED, IT_PASSED = "repaired", "The answer is wrong.", "The answer may be right."
Of = Literal["failed", "all"]


@method(150, "re-rest", family="reflect", missing="training the reflector and the agent")
@method(117, "stasc-rows", family="refine", missing="training", samples=5, temperature=0.6, each=3, own=False)
@method(117, "stasc-rows-all", family="refine", missing="training", samples=5, temperature=0.6, each=3, own=False, of="all")
class Corrections(SampleVerifyKeep):
    """Correct failed answers once, and keep what passes.

    A row holds what `SampleVerifyKeep` says; one with the source `repaired` also has `draft`, the corrected answer as text,
    `feedback`, and `draft_right`. So it serves three times: input -> answer for the solver, input, draft and feedback ->
    answer for who corrects, and answer over draft as a preference.

    Args:
        examples, task, sampler, samples, temperature, reasoning, verify, batch: see `SampleVerifyKeep`.
        of: what is corrected: `"failed"` answers, or `"all"`.
        each: corrections of an answer.
        own: keep the answers that passed at once, too.
        reflect: corrects; from the task's inputs, `draft` and `feedback` to its outputs. A step by default.

    Raises:
        SettingError: an unknown `of`, or a setting that is none.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *,
        sampler: dspy.Module | Sequence[dspy.Module] | None = None, samples: int = 4, temperature: float = 0.7,
        reasoning: bool = True,
        verify: Verify = GOLD, of: Of = "failed", each: int = 1, own: bool = True, reflect: dspy.Module | None = None,
        batch: int = 64,
    ) -> None:  # fmt: skip
        super().__init__(
            examples, task, sampler=sampler, samples=samples, temperature=temperature, reasoning=reasoning, verify=verify,
            batch=batch
        )  # fmt: skip
        sampled, checked = self.parts[:2]
        assert isinstance(checked, Checked)
        corrected = Corrected(task, checked.check, reflect, of=of, each=each, samples=samples, temperature=temperature)
        self.parts = [sampled, checked, corrected, KeptCorrections(task, own=own)]  # 1, 2, 3


class Corrected(Stage):
    """Adds corrections of a row's candidates, verified."""

    def __init__(
        self, task: str | Task, check: Check, reflect: dspy.Module | None, *, of: Of, each: int, samples: int, temperature: float
    ) -> None:
        super().__init__()
        if of not in ("failed", "all"):
            raise SettingError(f"of={of!r}: expected 'failed' or 'all'.")
        self.answers, self.check, self.of, self.name = Answers(task), check, of, "correct"
        self.each, self.samples, self.temperature = at_least("each", each, 1), samples, temperature
        self.reflect = reflect or Step(correction_of(self.answers.task))

    async def run(self, row: Row) -> Sequence[Out]:
        """Correct the candidates of one row."""
        candidates = candidates_of(row)
        drafts = [one for one in candidates if one.right is False or (one.right and self.of == "all")]
        if not drafts:
            return [row]
        made = await survivors(self._corrections(row, one) for one in drafts)
        new = [one for several in made for one in several or ()]
        return [with_candidates(row, [*candidates, *await self.check.checked(row, new)])]

    async def _corrections(self, row: Row, draft: Candidate) -> list[Candidate]:
        said = draft.reasons or (IT_PASSED if draft.right else IT_FAILED)
        shown = {"draft": self.answers.text(draft.said), "feedback": said}
        asked = {**self.answers.given(row), **shown}
        drawn = await draw(self.reflect, asked, self.each, self.temperature, own_first=self.each == 1)
        return [Candidate(self.answers.said(one), REPAIRED, shown={**shown, "draft_right": draft.right}) for one in drawn]

    def cost(self) -> Calls:
        """Return the calls of one row: none where nothing is to be corrected."""
        most = (cost_of(self.reflect) + self.check.cost_of_many(1)) * self.each * self.samples
        return most.optional() if self.of == "failed" else most


class KeptCorrections(Kept):
    """Turns candidates that passed into rows; a correction comes with what it mends.

    Args:
        task: what is answered.
        own: the answers that passed at once become rows, too.
    """

    def __init__(self, task: str | Task, *, own: bool = True) -> None:
        super().__init__(task)
        self.own = own

    def selected(self, candidates: Sequence[Candidate], facts: Facts) -> list[Candidate]:
        """Return what passed, without a correction that repeats its draft's text for the same draft."""
        found: dict[tuple[str, str], Candidate] = {}
        for one in candidates:
            if one.right and (self.own or one.source == REPAIRED):
                found.setdefault((one.shown.get("draft", ""), normalise(self.answers.text(one.said))), one)
        return list(found.values())

    def values(self, row: Row, one: Candidate, facts: Facts) -> dict[str, Any]:
        """Return what a row holds."""
        return {**one.shown, **super().values(row, one, facts)}


def correction_of(task: Task) -> Task:
    """Return the signature of a correction: task inputs, `draft`, `feedback` -> `reasoning` and the task's outputs."""
    given = {"draft": (str, dspy.InputField(desc="an earlier answer")), "feedback": (str, dspy.InputField(desc="what was found"))}
    outputs = {name: (one.annotation, copied(one, dspy.OutputField)) for name, one in reasoned(task).output_fields.items()}
    return derived(task, "Correct", CORRECT_IT, given, outputs)


CORRECT_IT = (
    "An earlier answer to the task and what was found about it are given. Work the task out again from the beginning. If the "
    "earlier "
    "answer is right, give it again; if it is wrong, give the right one. Do not mention the earlier answer."
)
