"""Checklist (142, TICK; Cook et al., 2024): many small yes/no questions instead of one big score.

For open instructions: an explainable score, and a critique that names what is missing.

1. Write yes/no questions from the task and its input alone, never from an answer; once per input (or per task), kept.
2. Ask each question about the answer, all together.
3. Ask each also the other way round (is the requirement violated?): an answer that says yes to both, or no to both, is
   undetermined.
4. The score is the share of questions answered with yes.

Departures: (1) step 3, which the paper has not: a judge that always says yes gets caught by it. (2) One call for each
question and direction; the paper's batching is not known. (3) An undetermined question counts as not fulfilled and is
named in the verdict. (4) Questions are deduplicated, those of
fewer than three words dropped, and the list is cut to five.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import AnswerError, CallError, SettingError
from selftaught.programs.base import Calls
from selftaught.programs.judge.base import Judge
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Checklist as Questions
from selftaught.signatures import Criterion, Task, Verdict, check_of, checklist_of, output_names, render
from selftaught.store import fingerprint

MOST_QUESTIONS = 5
LEAST_WORDS = 3


@method(142, "tick", family="judge")
class Checklist(Judge):
    """Judge by a generated checklist of yes/no questions.

    Args:
        task: what the answers are answers to.
        questions: use these instead of generated ones.
        per: write one list for each input, or one for the whole task.
        both_ways: ask each question also the other way round, which doubles the calls and exposes a judge that agrees with all.
        hard: pass or fail only, instead of the share of fulfilled questions.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        questions: Sequence[str] | None = None,
        per: Literal["input", "task"] = "input",
        both_ways: bool = True,
        hard: bool = False,
    ) -> None:
        super().__init__(task)
        if questions is not None and not [question for question in questions if question.strip()]:
            raise SettingError(
                "questions=[]: a checklist needs at least one question. Leave questions out to have them generated."
            )
        if per not in ("input", "task"):
            raise SettingError(f"per={per!r}: expected 'input' or 'task'.")
        self.questions = list(questions) if questions is not None else None
        self.per = per
        self.both_ways = both_ways
        self.hard = hard
        if questions is None:
            self.write = Step(checklist_of(self.task) if per == "input" else _checklist_of_instruction())
        self.check = Step(check_of(self.task))
        if both_ways:
            self.violates = Step(check_of(self.task, LOOK_FOR_VIOLATION))
        self._lists: dict[str, asyncio.Task[Questions] | Questions] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_lists": {}}

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Check one answer against the list of its input."""
        questions = (await self.questions_for(inputs)).questions  # 1
        draft = render(output_names(self.task), outputs)
        criteria = await asyncio.gather(*(self._checked(inputs, draft, question) for question in questions))  # 2, 3
        rate = sum(criterion.passed is True for criterion in criteria) / len(criteria)  # 4
        passed = all(criterion.passed for criterion in criteria)
        sure = sum(criterion.passed is not None for criterion in criteria) / len(criteria)
        return Verdict(score=float(passed) if self.hard else rate, passed=passed, criteria=tuple(criteria), confidence=sure)

    async def questions_for(self, inputs: dict[str, Any]) -> Questions:
        """Return the checklist of an input, written on first use: the same for every answer to it."""
        if self.questions is not None:
            return Questions(questions=tuple(self.questions))
        key = fingerprint(inputs if self.per == "input" else self.task.instructions)
        known = self._lists.get(key)
        if known is None:
            self._lists[key] = known = asyncio.ensure_future(self._written(inputs))
        if isinstance(known, Questions):
            return known
        try:
            self._lists[key] = found = await asyncio.shield(known)
        except BaseException:
            self._lists.pop(key, None)
            raise
        return found

    async def _written(self, inputs: dict[str, Any]) -> Questions:
        asked = inputs if self.per == "input" else {"instruction": self.task.instructions}
        found = await self.write.acall(**asked)
        kept = [
            question for question in dict.fromkeys(map(str.strip, found.requirements)) if len(question.split()) >= LEAST_WORDS
        ]
        if not kept:
            raise AnswerError(
                "The checklist writer wrote no usable question. An empty checklist would pass everything.",
                raw=str(found.requirements),
            )
        return Questions(questions=tuple(kept[:MOST_QUESTIONS]))

    async def _checked(self, inputs: dict[str, Any], draft: str, question: str) -> Criterion:
        asked = {**inputs, "draft": draft, "requirement": question}
        steps = [self.check, self.violates] if self.both_ways else [self.check]
        answers = await asyncio.gather(*(step.acall(**asked) for step in steps), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, CallError):
                raise answer
        if any(isinstance(answer, BaseException) for answer in answers):
            return Criterion(name=question, passed=None, reason="no readable answer")
        said = [str(answer.satisfied) == "yes" for answer in answers if isinstance(answer, dspy.Prediction)]
        if self.both_ways and said[0] == said[1]:
            return Criterion(name=question, passed=None, reason="contradicts itself when asked the other way round")
        return Criterion(name=question, passed=said[0])

    def cost(self) -> Calls:
        """Return the calls of one verdict."""
        return self.cost_of_many(1)

    def cost_of_many(self, drafts: int) -> Calls:
        """Return the calls of several verdicts on one input, which share one list."""
        ways = 2 if self.both_ways else 1
        if self.questions is not None:
            return Calls(1, 1) * (len(self.questions) * ways * drafts)
        return Calls(1 + ways * drafts, 1 + ways * drafts * MOST_QUESTIONS)


def _checklist_of_instruction() -> Task:
    writer = checklist_of("instruction -> answer")
    return writer.with_instructions(writer.instructions.split("\n\n")[0])


LOOK_FOR_VIOLATION = (
    "An answer to the task and a requirement, written as a question, are given. "
    "Say whether the answer breaks the requirement: yes if it breaks it, no if it does not."
)
