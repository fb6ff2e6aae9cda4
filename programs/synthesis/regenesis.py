"""ReGenesis (127; Xiangyu Peng et al., 2024): solutions along plans that the model made itself, kept where they are right.

For questions with answers and without worked solutions, where the reasoning is to transfer to other kinds of questions. High
temperatures wreck very small models; and what was made with the answer in view may be an excuse: look at `source`.

1. For each question, `samples` times: choose ways of thinking, put them in the words of the question, make a plan, and follow it
   (`Discover`).
2. Keep what gives the right answer, has at least `least_steps` steps, is no refusal, and is not too long.
3. Where nothing is right, the same with the answer as a hint, up to `tries` times; what names the answer before it reasons is
   dropped.
4. At most `most` solutions a question. A row is the bare question and the solution: no ways, no plan.

Departures: (1) the ways are also chosen by the model only; the paper tries each way alone as well. (2) The match with the
label is the check; no model is asked whether two answers are the same. (3) No fixed opening sentence is put before the solution.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.programs.judge.chain import steps_of
from selftaught.programs.plan.discover import Discover
from selftaught.programs.reason import REASONING
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.gates import AtMost
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION, SampleVerifyKeep
from selftaught.programs.synthesis.stages import Keep
from selftaught.registry import method
from selftaught.signatures import Task, as_task, copied, derived, input_names

MOST_WORDS = 600
"""The paper's 800 tokens."""
REFUSAL = re.compile(r"\b(as an ai\b|i (can ?not|can't|am unable to|'m sorry)|i am sorry|sorry, (but )?i)", re.IGNORECASE)


@method(127, "regenesis-rows", family="self-training", missing="training")
class PlannedSolutions(SampleVerifyKeep):
    """Solve each question along plans of the model's own, and keep what is right.

    A row holds what `SampleVerifyKeep` says; `source` is `own`, or `answer` where the plan was made with the answer as a hint.

    Args:
        examples: dictionaries or examples with the task's inputs and outputs.
        task: what is answered.
        seeds: ways of thinking to choose from; a list of our own by default.
        samples: solutions drawn to each question.
        temperature: of them.
        most: solutions kept of a question.
        tries: further solutions with a hint, where none is right.
        least_steps: that a solution must have.
        batch: questions a round.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *, seeds: Sequence[str] | None = None,
        samples: int = 20, temperature: float = 0.85, most: int = 5, tries: int = 2, least_steps: int = 2, batch: int = 64,
    ) -> None:  # fmt: skip
        task = as_task(task)
        super().__init__(
            examples, task, sampler=Discover(task, per="input", seeds=seeds, work="reasoning"), samples=samples,
            temperature=temperature,
            hints="answer", tries=tries, batch=batch,
        )  # fmt: skip
        hint = {"hint": (str, dspy.InputField(desc="the answer, which the plan must not name"))}
        outputs = {name: (one.annotation, copied(one, dspy.OutputField)) for name, one in task.output_fields.items()}
        again: Any = self.parts[2]
        again.write = Discover(
            derived(task, "Hinted", FOLLOW_THE_HINT, hint, outputs), per="input", seeds=seeds, work="reasoning"
        )
        self.least_steps = at_least("least_steps", least_steps, 1)
        self.parts += [Keep(self.usable, "form"), AtMost(input_names(task), most)]  # 2, 4

    def usable(self, row: Row) -> str:
        """Return why a solution is dropped, or an empty text."""
        text = str(row[REASONING])
        if len(steps_of(text)) < self.least_steps:
            return f"fewer than {self.least_steps} steps"
        return "a refusal" if REFUSAL.search(text) else "too long" if len(text.split()) > MOST_WORDS else ""


FOLLOW_THE_HINT = "The answer is known from the hint. Reach it by reasoning that a reader can follow who does not know it."
