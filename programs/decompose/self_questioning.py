"""Self-questioning (089; Siyang Wu et al., 2025): background questions, answered from memory, before a judgement is made.

For a judgement on dense texts that goes wrong although the model probably knows the background. A model that says yes (or no) to
everything still does: ask both ways and compare. `knowledge_parts` tells whether knowledge was missing or only unused.

1. Write background questions about the inputs: half on what things are and do, half on how they fit together and what they are for.
2. Answer each alone, from memory or from passages, never seeing the task: or leave them unanswered (`source="questions"`).
3. Answer the task `votes` times with questions and answers in view, each time with a confidence from 0 to 10. The answer with the
   greatest sum of confidences wins; the first drawn of equals.

Departures: (1) questions for all inputs come in one list. (2) On equal sums the paper decides for "different"; a task in general
has no such answer. (3) One way of asking: for the other polarity, run a second task that asks the opposite.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError, nearest
from selftaught.programs.base import Calls
from selftaught.programs.context import outputs_and, with_more
from selftaught.programs.decompose.core import COMPOSE, AskAnswer
from selftaught.programs.decompose.parts import ANSWERED, Source, questions_of
from selftaught.programs.decompose.passages import Retriever
from selftaught.programs.given import listed
from selftaught.programs.normalise import answer_key
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, as_task, derived, input_names, output_names

MOST_CONFIDENT = 10


@method(89, "self-questioning", family="decompose")
class SelfQuestioning(AskAnswer):
    """Answer background questions about the inputs first, then vote with confidences.

    The prediction also holds `pairs` (see `AskAnswer`), `votes` (answer -> sum of confidences) and `confidence`, the winner's share.

    Args:
        task: a judgement, or any task with short, comparable answers.
        questions: for each of the inputs in `about`; 0 is the vote without questions.
        about: names of the inputs that need background; all by default.
        source: `"memory"`, `"passages"` or `"questions"`, see `AskAnswer`; passages where there is a retriever.
        votes: answers drawn; one is the program's own answer.
        temperature: of the votes.
        retriever: see `Retriever`.
        questioner: asks in place of the model; a module from the inputs to `questions`. A smaller model often asks better.

    Raises:
        SettingError: an input that the task has not.
        TaskError: the task has a field named `sureness`, or see `AskAnswer`.
    """

    def __init__(
        self, task: str | Task, *, questions: int = 6, about: Sequence[str] | None = None, source: Source | None = None, votes: int = 3,
        temperature: float = 0.7, retriever: Retriever | None = None, questioner: dspy.Module | None = None,
    ) -> None:  # fmt: skip
        known = as_task(task)
        names = input_names(known) if about is None else listed("about", about, str, "names of inputs")
        if wrong := [name for name in names if name not in known.input_fields]:
            raise SettingError(f"about={names}: {wrong[0]!r} is no input of the task{nearest(wrong[0], known.input_fields)}.")
        count = at_least("questions", questions, 0) * len(names)
        if count and questioner is None:
            questioner = Step(questions_of(known, count, count, f"{ASK_BACKGROUND} Ask about: {', '.join(names)}."))
        chosen: Source = source or ("memory" if retriever is None else "passages")
        super().__init__(
            known, questions=count, source=chosen, retriever=retriever, questioner=questioner, temperature=temperature
        )
        self.votes = at_least("votes", votes, 1)
        sure = {"sureness": (int, dspy.OutputField(desc="how sure, from 0 to 10", ge=0, le=MOST_CONFIDENT))}
        self.plain = derived(self.task, "Judge", JUDGE, {}, outputs_and(self.task, "Judge", {}, sure))
        self.compose = Step(
            with_more(self.task, "Judge", COMPOSE, {ANSWERED: "background, as questions and answers"}, after=sure)
        )

    async def _composed(self, seen: dict[str, Any]) -> dspy.Prediction:
        drawn = await draw(self.compose, seen, self.votes, self.temperature, own_first=True)  # 3
        votes: dict[str, int] = {}
        first: dict[str, dspy.Prediction] = {}
        for one in drawn:
            key = answer_key(one, output_names(self.task))
            votes[key] = votes.get(key, 0) + one.sureness
            first.setdefault(key, one)
        winner = max(votes, key=lambda key: votes[key])
        total = sum(votes.values())
        return self.answer(first[winner], votes=votes, confidence=votes[winner] / total if total else 0.0)

    def cost(self) -> Calls:
        """Return the calls of one input."""
        return super().cost() + Calls(self.votes - 1, self.votes - 1)


ASK_BACKGROUND = (
    "Write questions about the background that helps to do the task well. Half of them ask what things are and what they do. "
    "Half ask how the ideas fit together, what they improve and what they are for. Do not ask for the result of the task."
)
JUDGE = "Do the task, and say how sure you are."
