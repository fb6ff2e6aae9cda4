"""Second tries: where too few candidates are right, sample again with a hint. The hint is never in the row that comes out.

`answer`     the right answer is shown, and steps that lead to it are asked for (STaR's rationalisation)
`rationale`  a worked solution is shown, and an own one is asked for
`teacher`    a teacher sees the last wrong candidate and the worked solution, and says what went wrong; the candidate is rewritten
`prefix`     the first steps of the worked solution are given, and continued; a step more in every further try
`counter`    the other way round: where too few candidates are wrong, ask for a solution with a plausible mistake

A candidate that speaks of what it was shown is dropped; so is one that was shown the answer and names it before it has reasoned.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, get_args

import dspy

from selftaught import scope
from selftaught.errors import CallError, DataError, SettingError
from selftaught.programs.base import Calls
from selftaught.programs.context import short_text
from selftaught.programs.judge.chain import steps_of
from selftaught.programs.judge.step_pairs import PREFIX
from selftaught.programs.normalise import normalise
from selftaught.programs.reason import REASONING, reasoned
from selftaught.programs.sampling import at_least
from selftaught.programs.search.writing import MORE, rest_of
from selftaught.programs.step import Step
from selftaught.programs.synthesis.candidates import Answers, Candidate, candidates_of, with_candidates
from selftaught.programs.synthesis.checks import Check
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.signatures import Task, copied, derived

Hint = Literal["answer", "rationale", "teacher", "prefix", "counter"]
WORKED = ("rationale", "teacher", "prefix")
"""Hints that need a worked solution."""
SPEAKS_OF_IT = re.compile(
    r"\b(hint|guidance|the teacher|(given|known|provided|reference|earlier|previous|student'?s) (answer|solution))\b",
    re.IGNORECASE,
)
GIVES_ITSELF_AWAY = re.compile(r"\b(wrong|mistake|incorrect|error)", re.IGNORECASE)


class SecondTry(Stage):
    """Samples again with a hint, while fewer than `enough` candidates of a row are right (wrong, for `counter`).

    Args:
        task: what is answered.
        check: finds out which of the new candidates are right.
        hint: what is shown; see above.
        enough: right candidates from which a row is left alone.
        tries: the most further samples.
        temperature: of them.
        rationale: the field of a row that holds a worked solution.

    Raises:
        SettingError: an unknown hint, or a vote, which has no right answer to show.
    """

    def __init__(
        self, task: str | Task, check: Check, hint: str = "answer", *, enough: int = 1, tries: int = 1, temperature: float = 0.7,
        rationale: str = "rationale",
    ) -> None:  # fmt: skip
        super().__init__()
        if hint not in get_args(Hint):
            raise SettingError(f"hint={hint!r}: expected one of {', '.join(map(repr, get_args(Hint)))}.")
        if check.how == "vote":
            raise SettingError(f"hint={hint!r} needs right answers, and verify='vote' has none. Verify by 'gold' or a judge.")
        self.answers, self.check, self.hint, self.rationale = Answers(task), check, hint, rationale
        self.enough, self.tries = at_least("enough", enough, 1), at_least("tries", tries, 1)
        self.temperature, self.name = temperature, f"try again: {hint}"
        if hint == "prefix":
            self.write = Step(rest_of(self.answers.task))
        elif hint == "teacher":
            given = {"draft": "a wrong answer", "solution": "a right solution"}
            self.guide = Step(
                _step(self.answers.task, "Guide", POINT_OUT, given, {"guidance": short_text("one or two sentences")})
            )
            given = {"draft": "your answer so far", "guidance": "what a teacher said of it"}
            self.write = Step(_step(self.answers.task, "Rewrite", WRITE_ANEW, given))
        else:
            self.write = Step(_step(self.answers.task, "Again", TOLD[hint], {"hint": SHOWN[hint]}))

    async def run(self, row: Row) -> Sequence[Out]:
        """Try again for one row."""
        candidates = candidates_of(row)
        for number in range(self.tries):
            if sum(one.right is self.wanted for one in candidates) >= self.enough or not self.possible(candidates):
                break
            try:
                with scope.resampled(f"try{number}", self.temperature):
                    found = await self.tried(row, candidates, number)
                (checked,) = await self.check.checked(row, [found])
            except CallError:  # one try less
                continue
            if checked.right is self.wanted and not self.leaks(row, checked):
                candidates.append(checked)
        return [with_candidates(row, candidates)]

    @property
    def wanted(self) -> bool:
        """What a new candidate must be: right, or wrong."""
        return self.hint != "counter"

    def possible(self, candidates: Sequence[Candidate]) -> bool:
        """True where there is something to go on: a teacher needs a wrong answer."""
        return self.hint != "teacher" or any(one.right is False for one in candidates)

    async def tried(self, row: Row, candidates: Sequence[Candidate], number: int) -> Candidate:
        """Return a further candidate."""
        given = self.answers.given(row)
        if self.hint == "prefix":
            steps = steps_of(row[self.rationale])
            before = steps[: 1 + number % max(1, len(steps) - 1)]
            found = await self.write.acall(**given, **{PREFIX: before})
            said = {REASONING: "\n".join([*before, *found[MORE]]), **self.answers.said(found)}
            return Candidate(said, self.hint, shown={PREFIX: before})
        shown = await self._shown(row, candidates)
        return Candidate(self.answers.said(await self.write.acall(**given, **shown)), self.hint, shown=shown)

    async def _shown(self, row: Row, candidates: Sequence[Candidate]) -> dict[str, Any]:
        if self.hint == "rationale":
            return {"hint": str(row[self.rationale])}
        if self.hint != "teacher":
            return {"hint": self.answers.text(self.answers.labels(row) or {})}
        draft = self.answers.text([one for one in candidates if one.right is False][-1].said)
        said = await self.guide.acall(**self.answers.given(row), draft=draft, solution=str(row[self.rationale]))
        return {"draft": draft, "guidance": said.guidance}

    def leaks(self, row: Row, found: Candidate) -> bool:
        """True where a candidate gives away what it was shown: it speaks of it, or names the answer before it has reasoned."""
        text = self.answers.text(found.said)
        if SPEAKS_OF_IT.search(text) or (self.hint == "counter" and GIVES_ITSELF_AWAY.search(text)):
            return True
        if self.hint != "answer" or REASONING not in found.said:
            return False
        steps, answer = steps_of(found.said[REASONING]), self.answers.labels(row) or {}
        keys = [f" {normalise(value)} " for value in answer.values()]
        return len(steps) != 1 and (not steps or any(key in f" {normalise(steps[0])} " for key in keys))

    def needs(self) -> bool:
        """True where rows must have a worked solution."""
        return self.hint in WORKED

    def cost(self) -> Calls:
        """Return the calls of one row: none where enough candidates are right."""
        one = Calls(0, 2 if self.hint == "teacher" else 1) + self.check.cost_of_many(1).optional()
        return one * self.tries


def worked(parts: Sequence[SecondTry], rows: Sequence[dict[str, Any]]) -> None:
    """Refuse rows without what a second try shows.

    Raises:
        DataError: a row lacks the worked solution, or the right answer.
    """
    for part in parts:
        needed = [part.rationale] if part.needs() else part.answers.outputs
        for number, row in enumerate(rows):
            if lacking := [name for name in needed if row.get(name) is None]:
                raise DataError(f"examples[{number}] has no {lacking[0]!r}, which the hint {part.hint!r} shows.")


def _step(task: Task, role: str, instruction: str, given: dict[str, str], asked: Any = None) -> Task:
    """Return the signature of a further try: inputs and what is shown -> reasoning and the task's outputs."""
    outputs = {name: (one.annotation, copied(one, dspy.OutputField)) for name, one in reasoned(task).output_fields.items()}
    shown = {name: (str, dspy.InputField(desc=about)) for name, about in given.items()}
    return derived(task, role, instruction, shown, asked or outputs)


SHOWN = {"answer": "the answer", "rationale": "a worked solution", "counter": "the answer to avoid"}
TOLD = {
    "answer": (
        "The answer is known. Write the steps that lead to it, from the beginning, so that a reader who does not know it can "
        "follow "
        "them; then the answer. Do not mention that it was known."
    ),
    "rationale": "A worked solution is given. Solve the task in your own way and words, step by step, then give the answer.",
    "counter": (
        "Solve the task, but use one number or fact that differs from the task's, and give the answer that follows. It must "
        "differ from the "
        "answer to avoid. Write as if everything were right."
    ),
}  # fmt: skip
POINT_OUT = "A student's answer to the task is wrong. Say which step is wrong, and why. Do not tell the answer."
WRITE_ANEW = "A teacher commented on your answer to the task. Solve the task again from the beginning, with the mistake mended."
