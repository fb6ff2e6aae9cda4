"""AutoPRM (179; Chen et al., 2024): smaller questions in order, each answer checked before the next one builds on it.

For questions that take several steps, with a checker that is better than the solver. A bad split is never repaired, and finer is
not always better: choose the granularity on labelled examples.

1. Split the task into questions, few or many by `granularity`; the last one asks for the result itself.
2. Answer them in order, seeing the input and the earlier answers: of `samples` answers the one that the verifier scores highest.
3. The last answer is the answer, where it is a value of the task's only output; else the task is answered from all of them.

What each step saw and said is in `.steps`, and each score in `pairs`: together they are the rows of a process reward.

Departures: (1) prompts in place of trained models; the verifier is asked, not trained. (2) An answer that fails the verifier is left
out of what follows. (3) Step 3's fall-back, for outputs that are no plain text.
"""

from __future__ import annotations

from selftaught.errors import SettingError
from selftaught.programs.decompose.core import AskAnswer
from selftaught.programs.decompose.parts import SPLIT_THE_PROBLEM, part_of, questions_of
from selftaught.programs.decompose.shown import shown_questions
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.verify import Verify
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, as_task

GRAINS = {1: (1, 2), 2: (2, 4), 3: (4, 6)}
"""Granularity -> the fewest and the most questions."""


@method(179, "autoprm", family="decompose", missing="training of splitter, solver and verifier; decoding guided by the context")
class AutoPRM(AskAnswer):
    """Answer smaller questions in order, with a verifier at each.

    The prediction also holds `pairs`, see `AskAnswer`.

    Args:
        task: what to do.
        granularity: 1 (one or two questions), 2 (two to four) or 3 (four to six).
        samples: answers to each question.
        temperature: of the samples after the first.
        verifier: a judge on `part_of(task, sees="all")` or on some of its inputs; `Verify` by default.

    Raises:
        SettingError: another granularity.
    """

    def __init__(
        self, task: str | Task, *, granularity: int = 2, samples: int = 3, temperature: float = 0.7, verifier: Judge | None = None
    ) -> None:
        if granularity not in GRAINS:
            raise SettingError(f"granularity={granularity!r}: expected 1, 2 or 3.")
        known, (least, most) = as_task(task), GRAINS[granularity]
        super().__init__(
            known, questions=most, sees="all", questioner=Step(questions_of(known, least, most, f"{SPLIT_THE_PROBLEM} {LAST}")),
            verifier=verifier or Verify(part_of(known, sees="all"), both_ways=False), samples=samples, temperature=temperature,
            final="last",
        )  # fmt: skip
        self.shown = shown_questions(known, in_turn=True, fewest=least, most=most)


LAST = "The last question asks for what the task wants."
