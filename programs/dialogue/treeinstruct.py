"""TreeInstruct (070; Kargupta, Agarwal et al., 2024): a tutor leads a student to the answer by questions, and never says it.

For a learner (a model, or a person through `learner`) who should find a mistake without being told, or any counterpart who must
be led through an ordered list of understandings. Wrong checks end a line of questions too early or never, and played students are
more compliant than people.

1. Plan: what the student has to understand, in order. At first, nothing is resolved.
2. While something is unresolved, and questions are left: take the first unresolved understanding, and ask about it, level by
   level:
   a. Ask a question; what is kept from the student is cut out of it. The student replies.
   b. Check the reply: does it address the question, and is it free of mistakes?
   c. If so, check what the reply shows to be understood, for this understanding and every later one. Where any is, leave the
      level; otherwise ask one level deeper.
   d. If not, ask from another angle on the same level; after `width` questions on it, or at the last level, teach: explain in a
      sentence and ask the last question again.
3. The student answers the task; a check says whether that is right. If so, everything is resolved. Go to 2.
4. Return the student's last answer.

Departures: (1) at most `questions` in all; the paper's code has no limit. (2) One question at a time, told whether to open, to go
deeper or to try another angle, not a list of candidates. (3) What is kept from the student is replaced in a question, word for
word. (4) The conversation goes on from one understanding to the next.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import dspy

from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.dialogue.core import Conversing, Talk, asked, cue, seen_by, spoken, uncued, utterance_of
from selftaught.programs.dialogue.lesson import (
    ASK_DO_NOT_TELL,
    BE_THE_STUDENT,
    MOST_UNDERSTANDINGS,
    TEACH_WITHOUT_TELLING,
    assessing_of,
    checking_of,
    planning_of,
    resolving_of,
    without,
)
from selftaught.programs.given import texts
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, output_names, render

LEVELS = 7
"""After these, the tutor teaches (the paper's)."""


@dataclass(slots=True)
class _Lesson:
    """What is to be understood, what is, and what was said. `asked`: questions so far. `taught`: explanations."""

    understandings: list[str]
    resolved: list[bool]
    talk: Talk = field(default_factory=Talk)
    asked: int = 0
    taught: int = 0


@method(70, "treeinstruct", family="dialogue")
class TreeInstruct(Conversing):
    """Lead a student to the answer by questions, level by level, and return the student's answer.

    The prediction also holds `conversation`, `state` (each understanding and whether it is `resolved`), `correct` (the last check
    of the student's answer), `questions` and `taught`.

    Args:
        task: what the student has to do.
        hidden: inputs that only the tutor sees, such as the solution. Nothing of them is said word for word.
        questions: asked at most.
        width: questions on one level before the tutor teaches.
        learner: replies to a question instead of the model, such as a person; it may be a coroutine function. Such a program
            cannot be saved.

    Raises:
        SettingError: `hidden` names no input, or leaves none.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        hidden: Sequence[str] = (),
        questions: int = 6,
        width: int = 3,
        learner: Callable[[str], Any] | None = None,
    ) -> None:
        self.hidden = texts("hidden", hidden)
        super().__init__(task, hidden=self.hidden)
        self.questions, self.width = at_least("questions", questions, 1), at_least("width", width, 1)
        self.learner = learner
        self.plan = Step(planning_of(self.task))
        about = {"understanding": "what the student has to understand", "missing": "what is wrong or missing so far"}
        self.ask = Step(utterance_of(self.task, ASK_DO_NOT_TELL, **about, move="how to ask now"))
        self.assess = Step(assessing_of(self.task))
        self.resolve = Step(resolving_of(self.task))
        self.teach = Step(utterance_of(self.task, TEACH_WITHOUT_TELLING, **about))
        self.check = Step(checking_of(self.task))
        if learner is None:
            self.student = Step(utterance_of(seen_by(self.task, self.hidden), BE_THE_STUDENT))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Tutor one student."""
        planned = (await asked(self.plan, inputs)).understandings  # 1
        understandings = [one for one in planned if one.strip()] or planned[:1]
        lesson = _Lesson(understandings, [False] * len(understandings))
        correct = False
        while not all(lesson.resolved) and lesson.asked < self.questions:  # 2
            await self._tree(inputs, lesson, lesson.resolved.index(False))
            answer = await asked(self.report, inputs, conversation=lesson.talk.text())  # 3
            draft = render(output_names(self.task), answer)
            correct = bool((await asked(self.check, inputs, draft=draft)).correct)
            if correct:
                lesson.resolved = [True] * len(understandings)
        state = [{"understanding": one, "resolved": done} for one, done in zip(understandings, lesson.resolved, strict=True)]
        known = {
            "conversation": lesson.talk.told(), "state": state, "correct": correct, "questions": lesson.asked,
            "taught": lesson.taught,
        }  # fmt: skip
        return self.answer(answer, **{name: value for name, value in known.items() if name not in self.task.output_fields})  # 4

    async def _tree(self, inputs: dict[str, Any], lesson: _Lesson, target: int) -> None:
        """Ask about one understanding until a reply shows that it, or a later one, is there."""
        move, missing, level, on_level = OPEN, NOTHING_MISSING, 1, 0
        question = ""
        while lesson.asked < self.questions:
            about = {"understanding": lesson.understandings[target], "missing": missing}
            if on_level >= self.width or level >= LEVELS:
                spoken = f"{await self._said(self.teach, inputs, lesson, about)} {question}"
                lesson.taught += 1
            else:
                spoken = question = await self._said(self.ask, inputs, lesson, {**about, "move": move})
            reply = await self._exchanged(inputs, lesson, spoken)
            on_level += 1
            found = await asked(self.assess, inputs, tutor_said=question, student_said=reply)
            missing = found.explanation
            if not (found.addresses_question and found.no_mistakes):
                move = ANOTHER_ANGLE
            elif await self._resolved(inputs, lesson, target, question, reply):
                return
            else:
                move, level, on_level = DEEPER, level + 1, 0

    async def _said(self, step: Step, inputs: dict[str, Any], lesson: _Lesson, about: dict[str, str]) -> str:
        """Return what the tutor says, without what is kept from the student."""
        said = (await asked(step, inputs, conversation=lesson.talk.text(), **about, your_turn=cue("tutor"))).utterance
        return without(uncued(said, "tutor"), [inputs[name] for name in self.hidden if name in inputs])

    async def _exchanged(self, inputs: dict[str, Any], lesson: _Lesson, question: str) -> str:
        """Put a question to the student; returns the reply."""
        lesson.asked += 1
        lesson.talk.say("tutor", question)
        if self.learner is None:
            return (await spoken(self.student, inputs, lesson.talk, "student")).text
        said = self.learner(question)
        return lesson.talk.say("student", str(await said if inspect.isawaitable(said) else said)).text

    async def _resolved(self, inputs: dict[str, Any], lesson: _Lesson, target: int, question: str, reply: str) -> bool:
        """Mark what a good reply shows to be understood; True where there is any."""
        open_ones = [number for number in range(target, len(lesson.resolved)) if not lesson.resolved[number]]
        seen = {"conversation": lesson.talk.text(), "tutor_said": question, "student_said": reply}
        found = await survivors(
            asked(self.resolve, inputs, **seen, understanding=lesson.understandings[number]) for number in open_ones
        )
        understood = [number for number, one in zip(open_ones, found, strict=True) if one is not None and one.understood]
        for number in understood:
            lesson.resolved[number] = True
        return bool(understood)

    def cost(self) -> Calls:
        """Return the calls of one input: fewest where the first reply shows everything."""
        student = 1 if self.learner is None else 0
        most = 2 + student + MOST_UNDERSTANDINGS  # ask or teach, reply, assess, and what is resolved
        return Calls(1 + 2 + student + 2, 1 + self.questions * (most + 2))


OPEN = "Open with a simple question."
ANOTHER_ANGLE = "Ask from another angle, with other words."
DEEPER = "Go one level deeper, starting from the last reply."
NOTHING_MISSING = "Nothing is known of the student yet."
