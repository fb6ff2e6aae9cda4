"""The "Wait" reviser (113; Tsui, 2025): the model's own turn is reopened with a word that makes it think twice.

For models that mend somebody else's error but not their own: measure that first with `diagnose` (its part `blind_spot`), which
also shows how many right answers the word spoils.

1. Answer.     2. Show the answer as the model's own earlier turn; the next turn opens with the `marker`.
3. The same answer: return it.     4. Two different answers: decide, as in the reflect core.

Departures: (1) a chat model cannot continue a turn of its own, so the marker opens the user's next turn, which asks for the final
answer. (2) Where the two answers differ, a decision step chooses by default; `decide="second"` takes what the reopened turn says,
as the paper does. (3) Inputs are shown as text.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.judge.base import Judge
from selftaught.programs.reflect.answers import Trial
from selftaught.programs.reflect.core import Decide, LookAgain
from selftaught.programs.reflect.steps import conversation_of
from selftaught.registry import method
from selftaught.signatures import Task, input_names, render


@method(113, "wait", family="reflect", missing="true continuation of the model's own turn")
class Wait(LookAgain):
    """Answer, then reopen the answer with a word such as "Wait".

    Args:
        task: what to do.
        marker: opens the next turn; an empty one is the control, a bare request for the final answer.
        decide: see `LookAgain`.
        reasoning: the answers carry their reasoning, which the model then sees in its own turn.
        generate: gives the first answer; a step on the task by default.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        marker: str = "Wait.",
        decide: Decide | Judge = "answer",
        reasoning: bool = False,
        generate: dspy.Module | None = None,
    ) -> None:
        super().__init__(task, decide=decide, reasoning=reasoning, generate=generate)
        if not isinstance(marker, str):
            raise SettingError(f"marker={marker!r}: expected a text.")
        self.marker = marker

    def _again(self) -> Task:
        return conversation_of(self.answers.task)

    def _seen(self, trial: Trial) -> dict[str, Any]:
        asked = render(input_names(self.task), trial.inputs)
        earlier = dspy.History(messages=[{"users_turn": asked, **trial.draft}])
        return {"earlier_turns": earlier, "users_turn": f"{self.marker} {ASK_AGAIN}".strip()}


ASK_AGAIN = "Give the final answer."
"""The words of `BlindSpot`, so that its figures hold for this program."""
