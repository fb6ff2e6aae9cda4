"""Known or unknown (135; Deng et al., 2024, Self-Aligned), at run time: say first whether a question has an answer at all.

For inputs that nobody can answer: something is missing, has not happened yet, is assumed wrongly, or can be read in several ways. A
small model tends to one of the two, so measure both: how often it refuses what has an answer, and answers what has none.

1. Say what the input is: `known`, or a class of unknown, with the reason.
2. Known: answer it. Otherwise the reason is the answer, where the task asks for one text; another task is answered all the same, and
   `status` says that this is a guess.

The decision is shown demonstrations where the task has one text as its input: without, a model of half a billion parameters refuses
nearly everything, and with them still about half of what has an answer.

Departures: the paper trains the model to do so (`UnknownQuestions` makes the rows); here it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.step import Step, step_with
from selftaught.registry import method
from selftaught.signatures import Task, derived

KNOWN = "known"
CLASSES = {
    "incomplete": "something that is needed for an answer is not told",
    "futuristic": "it asks for what has not happened yet",
    "incorrect": "it takes something for granted that is not true",
    "ambiguous": "it can be read in several ways that have different answers",
}
DECIDED = (
    (
        "Which actor played the captain in the film about the sinking of the Bismarck?",
        "The cast of the film is on record.",
        KNOWN,
    ),
    ("What was the population of Lisbon in the census of 2011?", "The census counted it.", KNOWN),
    ("Which magazine was founded first, The Spectator or Time?", "Both dates are on record.", KNOWN),
    (
        "How long does the letter take by air mail?",
        "It is not told where the letter is sent from, and where it goes.",
        "incomplete",
    ),
    ("In which year did the Berlin wall fall?", "History tells the year.", KNOWN),
    ("Who will win the football world cup in 2098?", "The world cup of 2098 has not been played yet.", "futuristic"),
    ("How many legs has a spider?", "It is a known fact about spiders.", KNOWN),
    ("In which year did Marie Curie get her fifth Nobel prize?", "Marie Curie never got a fifth Nobel prize.", "incorrect"),
    ("Who wrote Hamlet?", "Its author is known.", KNOWN),
    ("How big is the tower?", "There are many towers, and big can mean height or width.", "ambiguous"),
    ("What is 12 plus 30?", "It can be calculated.", KNOWN),
)
"""A question, why it can or cannot be answered, and what it is. Most can: a small model is quick to refuse."""
LONGEST_REASON = 400


@method(135, "known-or-unknown", family="reflect", missing="training the model")
class KnownOrUnknown(Program):
    """Say whether an input can be answered, and answer it only then.

    The prediction also holds `status` (`known`, or the class) and `reason` (empty where it is known).

    Args:
        task: what to do.
        classes: name -> what an input of that class is.
        generate: answers; a step on the task by default.

    Raises:
        SettingError: no class, or one called `known`. TaskError: the task has a field `status` or `reason`.
    """

    def __init__(
        self, task: str | Task, *, classes: Mapping[str, str] | None = None, generate: dspy.Module | None = None
    ) -> None:
        super().__init__(task)
        told = dict(CLASSES if classes is None else classes)
        if not told or KNOWN in told:
            raise SettingError(f"classes={told!r}: expected at least one class, and none called {KNOWN!r}.")
        self.generate = generate or Step(self.task)
        self.about = told
        self.decide = step_with(_deciding(self.task, told), _demonstrations(self.task, told))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        found = await self.decide.acall(**inputs)  # 1
        reason = "" if found.status == KNOWN else found.reason.strip() or f"{self.about[found.status].capitalize()}."
        outputs = list(self.task.output_fields.items())
        if found.status != KNOWN and len(outputs) == 1 and outputs[0][1].annotation is str:  # 2
            return self.answer({outputs[0][0]: reason}, status=found.status, reason=reason)
        return self.answer(await self.generate.acall(**inputs), status=found.status, reason=reason)

    def cost(self) -> Calls:
        """Return the calls of one input."""
        return Calls(1, 1) + cost_of(self.generate).optional()


def _deciding(task: Task, classes: Mapping[str, str]) -> Task:
    """Return the signature of the decision: task inputs -> `reason`, `status`."""
    kinds = "\n".join(f"{name}: {about}" for name, about in classes.items())
    said = f"Say whether the input can be answered, before anybody answers it.\n\n{KNOWN}: it can be answered\n{kinds}"
    reason = dspy.OutputField(desc="why it can or cannot be answered, to the person who asks", max_length=LONGEST_REASON)
    status = (Literal[(KNOWN, *classes)], dspy.OutputField(desc="what the input is"))
    return derived(task, "Decide", said, {}, {"reason": (str, reason), "status": status})


def _demonstrations(task: Task, classes: Mapping[str, str]) -> list[dict[str, str]]:
    """Return what shows the decision: none for a task that takes anything else than one text."""
    ((name, field), *more) = task.input_fields.items()
    if more or field.annotation is not str:
        return []
    return [{name: asked, "reason": why, "status": status} for asked, why, status in DECIDED if status in (KNOWN, *classes)]
