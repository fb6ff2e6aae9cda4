"""Known or unknown (135; Deng et al., 2024, Self-Aligned), at run time: say first whether a question has an answer at all.

For inputs that nobody can answer: something is missing, has not happened yet, is assumed wrongly, or can be read in several ways. A
small model tends to one of the two, so measure both: how often it refuses what has an answer, and answers what has none.

1. Say what the input is: `known`, or a class of unknown, with the reason.
2. Known: answer it. Otherwise the reason is the answer, where the task asks for one text; another task is answered all the same, and
   `status` says that this is a guess.

Departures: the paper trains the model to do so (`UnknownQuestions` makes the rows); here it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

KNOWN = "known"
CLASSES = {
    "incomplete": "something that is needed for an answer is not told",
    "futuristic": "it asks for what has not happened yet",
    "incorrect": "it takes something for granted that is not true",
    "ambiguous": "it can be read in several ways that have different answers",
}
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
        self.decide = Step(_deciding(self.task, told))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        found = await self.decide.acall(**inputs)  # 1
        reason = "" if found.status == KNOWN else found.reason.strip()
        outputs = list(self.task.output_fields.items())
        if reason and len(outputs) == 1 and outputs[0][1].annotation is str:  # 2
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
