"""Rewriting a set of demonstrations by what its readers got wrong (M3 of learning by teaching, 194).

1. Blame: shown the set and some mistakes of its readers, a model says why the set misleads, and which demonstration helps least.
2. Write: a new demonstration for this reason takes that place.
3. A missed question with its right answer does, where the new one is incomplete, known already, or a copy of the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.optimizers.asking import predictions
from selftaught.optimizers.rollouts import Attempt
from selftaught.optimizers.strategy import Problem
from selftaught.programs import Step
from selftaught.signatures import Task, example_lines, example_of, output_names, render

Demo = dict[str, Any]
WRITING = 0.7
"""The temperature of reasons and new demonstrations."""


class Rewriter:
    """Exchanges one demonstration of a set.

    Args:
        problem: whose task.
    """

    def __init__(self, problem: Problem) -> None:
        self.task = problem.task
        writing = example_of(self.task, WRITE_A_BETTER_EXAMPLE)
        weakness = dspy.InputField(desc="why the examples mislead")
        self.blame, self.write = Step(BLAMING, retries=0), Step(writing.insert(1, "weakness", weakness, str), retries=0)

    async def rewritten(self, jobs: Sequence[tuple[list[Demo], list[Attempt]]], name: str) -> list[tuple[list[Demo], int, str]]:
        """Return for each set and mistakes of its readers a new set, which place was exchanged, and why; none where a call failed.

        Args:
            name: tells these samples from those of other rounds.
        """
        asked = [{"examples": self._listed(demos, "Example {}\n"), "mistakes": self._mistakes(missed)} for demos, missed in jobs]
        found = await predictions(self.blame, asked, name=f"blame{name}", temperature=WRITING)  # 1
        blamed = [(demos, missed, said) for (demos, missed), said in zip(jobs, found, strict=True) if said is not None]
        given = [{"examples": self._listed(demos), "weakness": said.reason} for demos, _, said in blamed]
        written = await predictions(self.write, given, name=f"write{name}", temperature=WRITING)  # 2
        return [self._exchanged(*one, new) for one, new in zip(blamed, written, strict=True)]

    def _exchanged(
        self, demos: list[Demo], missed: list[Attempt], said: dspy.Prediction, new: dspy.Prediction | None
    ) -> tuple[list[Demo], int, str]:
        worst = (max(1, said.worst) - 1) % len(demos)
        written = {name: new[name] for name in self.task.fields} if new is not None else {}
        demo = written if self._usable(written, demos, said.reason) else dict(missed[0].example)  # 3
        return [*demos[:worst], demo, *demos[worst + 1 :]], worst, said.reason

    def _usable(self, written: Demo, demos: Sequence[Demo], reason: str) -> bool:
        texts = [str(value).strip() for value in written.values()]
        known = any(same_inputs(self.task, one, written) for one in demos)
        return bool(texts) and all(texts) and not known and reason.strip() not in texts

    def _mistakes(self, missed: Sequence[Attempt]) -> str:
        names = output_names(self.task)
        shown = (f"{example_lines(self.task, dict(one.example))}\nWrong: {render(names, one.answer)}" for one in missed)
        return "\n\n".join(shown)

    def _listed(self, demos: Sequence[Demo], heading: str = "") -> str:
        return "\n\n".join(heading.format(number) + example_lines(self.task, demo) for number, demo in enumerate(demos, 1))


def same_inputs(task: Task, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """True for two examples with the same inputs."""
    return all(one.get(name) == other.get(name) for name in task.input_fields)


BLAME = (
    "A student learned a task from these examples and then made these mistakes. Say in one sentence how the examples misled the "
    "student, and name the number of the example that helps least."
)
BLAMING = dspy.make_signature(
    {
        "examples": (str, dspy.InputField(desc="what the student learned from")),
        "mistakes": (str, dspy.InputField(desc="questions with the right and the wrong answer")),
        "reason": (str, dspy.OutputField(desc="one short sentence", max_length=200)),
        "worst": (int, dspy.OutputField(desc="number of the example")),
    },
    BLAME,
    "Blame",
)
WRITE_A_BETTER_EXAMPLE = (
    "Write one new example of the task, with its right answer, that mends the weakness. It must differ from those given."
)
