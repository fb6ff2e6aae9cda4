"""Checklist (142, TICK; Cook et al., 2024): many small yes/no questions instead of one big score.

For open instructions: an explainable score, and a critique that names what is missing.

1. Write yes/no questions from the task and its input alone, never from an answer; once per input (or per task), kept.
2. Ask each question about the answer, all together.
3. Ask each also the other way round (is the requirement violated?): an answer that says yes to both, or no to both, is
   undetermined.
4. The score is the share of questions answered with yes; a question that must be fulfilled and is not makes it 0.

Departures: (1) step 3, which the paper has not: a judge that always says yes gets caught by it. (2) One call for each
question and direction; the paper's batching is not known. (3) A question without a readable answer counts as not fulfilled and
is named in the verdict. (4) Questions are deduplicated, those of fewer than three words dropped, and the list is cut to
five. (5) Where the model gives probabilities, the score is the mean chance of yes, the two directions averaged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import AnswerError, SettingError
from selftaught.programs.base import Calls
from selftaught.programs.given import texts
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.verify import belief_of, criterion_of, together
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Checklist as Questions
from selftaught.signatures import Criterion, Task, Verdict, check_of, checklist_of, input_names, output_names, render

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
        must: numbers of questions (from 0) without which nothing passes: one that is not clearly fulfilled makes the score 0.
        odds: add up the model's probabilities of yes, where it gives them, instead of its words.

    The generated lists are in `lists` (input -> questions): read them, change them, and save them with the judge.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        questions: Sequence[str] | None = None,
        per: Literal["input", "task"] = "input",
        both_ways: bool = True,
        hard: bool = False,
        must: Sequence[int] = (),
        odds: bool = True,
    ) -> None:
        super().__init__(task)
        own = None if questions is None else texts("questions", questions)
        if own is not None and not (own and all(own)):
            raise SettingError(
                f"questions={own}: a checklist needs at least one question, none of them empty. "
                "Leave questions out to have them generated."
            )
        if wrong := [number for number in must if not 0 <= number < (MOST_QUESTIONS if own is None else len(own))]:
            raise SettingError(f"must={list(must)}: there is no question {wrong[0]}; they are counted from 0.")
        if per not in ("input", "task"):
            raise SettingError(f"per={per!r}: expected 'input' or 'task'.")
        self.questions = own
        self.per = per
        self.both_ways = both_ways
        self.hard = hard
        self.must = tuple(must)
        if questions is None:
            self.write = Step(checklist_of(self.task) if per == "input" else _checklist_of_instruction())
        field = "satisfied" if odds else None
        self.check = Step(check_of(self.task), odds=field)
        if both_ways:
            self.violates = Step(check_of(self.task, LOOK_FOR_VIOLATION), odds=field)
        self.lists: dict[str, list[str]] = {}
        self._writing: dict[str, asyncio.Task[list[str]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_writing": {}}

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Check one answer against the list of its input."""
        criteria = await self.checked(inputs, outputs)
        if not criteria:
            raise SettingError(
                f"The checklist of {self.list_key(inputs)!r} has no questions, so it would pass everything. "
                "Fill it, or remove it from `lists` to have it written."
            )
        return self.counted(criteria)

    async def checked(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> tuple[Criterion, ...]:
        """Return what is found about one answer, a criterion for each question."""
        questions = await self._listed(inputs)  # 1
        draft = render(output_names(self.task), outputs)
        return tuple(await asyncio.gather(*(self._checked(inputs, draft, question) for question in questions)))  # 2, 3

    def counted(self, criteria: tuple[Criterion, ...]) -> Verdict:
        """Return the verdict that at least one criterion adds up to."""
        scores = [criterion.score or 0.0 for criterion in criteria]  # 4
        passed = all(criterion.passed for criterion in criteria)
        failed = any(not criteria[number].passed for number in self.must if number < len(criteria))
        score = float(passed) if self.hard else 0.0 if failed else sum(scores) / len(scores)
        sure = sum(criterion.passed is not None for criterion in criteria) / len(criteria)
        return Verdict(score=score, passed=passed, criteria=criteria, confidence=sure)

    async def questions_for(self, inputs: dict[str, Any]) -> Questions:
        """Return the checklist of an input, written on first use: the same for every answer to it."""
        return Questions(questions=tuple(await self._listed(inputs)))

    async def _listed(self, inputs: dict[str, Any]) -> list[str]:
        if self.questions is not None:
            return self.questions
        key = self.list_key(inputs)
        if key not in self.lists:
            if key not in self._writing:
                self._writing[key] = asyncio.ensure_future(self._written(inputs))
            try:
                self.lists[key] = await asyncio.shield(self._writing[key])
            finally:
                self._writing.pop(key, None)
        return self.lists[key]

    def list_key(self, inputs: dict[str, Any]) -> str:
        """Return the key of an input's list in `lists`: what the list was written for, as a person reads it."""
        return self.task.instructions if self.per == "task" else example_key(self.task, inputs)

    def learned(self) -> dict[str, Any]:
        """Return the lists too, so that a saved judge asks what it asked before."""
        return {**super().learned(), **({"lists": self.lists} if self.lists else {})}

    def relearn(self, known: dict[str, Any]) -> None:
        """Take back what `learned` returned."""
        super().relearn(known)
        self.lists = {str(key): [str(question) for question in found] for key, found in known.get("lists", {}).items()}

    async def _written(self, inputs: dict[str, Any]) -> list[str]:
        asked = inputs if self.per == "input" else {"instruction": self.task.instructions}
        found = await self.write.acall(**asked)
        kept = [question for question in dict.fromkeys(map(str.strip, found.requirements)) if _asks(question)]
        if not kept:
            raise AnswerError(
                "The checklist writer wrote no usable question. An empty checklist would pass everything.",
                raw=str(found.requirements),
            )
        return kept[:MOST_QUESTIONS]

    async def _checked(self, inputs: dict[str, Any], draft: str, question: str) -> Criterion:
        asked = {**inputs, "draft": draft, "requirement": question}
        steps = [self.check, self.violates] if self.both_ways else [self.check]
        answers = await asyncio.gather(*(step.acall(**asked) for step in steps), return_exceptions=True)
        belief = belief_of(answers[0], "satisfied", good_if=True)
        if self.both_ways:
            belief = together(belief, belief_of(answers[1], "satisfied", good_if=False))
        return criterion_of(question, belief, readable=all(isinstance(answer, dspy.Prediction) for answer in answers))

    def cost(self) -> Calls:
        """Return the calls of one verdict."""
        return self.cost_of_many(1)

    def cost_of_many(self, drafts: int) -> Calls:
        """Return the calls of several verdicts on one input, which share one list."""
        ways = 2 if self.both_ways else 1
        if self.questions is not None:
            return Calls(1, 1) * (len(self.questions) * ways * drafts)
        return Calls(1 + ways * drafts, 1 + ways * drafts * MOST_QUESTIONS)


def _asks(text: str) -> bool:
    """True for a question; a few words without a question mark are a topic, not a question."""
    words = len(text.split())
    return words > LEAST_WORDS or (words == LEAST_WORDS and text.endswith("?"))


def example_key(task: Task, inputs: dict[str, Any]) -> str:
    """Return an input as text, to find what was written for it."""
    return render(input_names(task), inputs)


def _checklist_of_instruction() -> Task:
    writer = checklist_of("instruction -> answer")
    return writer.with_instructions(writer.instructions.split("\n\n")[0])


LOOK_FOR_VIOLATION = (
    "An answer to the task and a requirement, written as a question, are given. "
    "Say whether the answer breaks the requirement: yes if it breaks it, no if it does not."
)
