"""A proposer that shows what a proposal looks like, to every other call, and drops the echoes of what it showed.

Without something to look at, a very small model repeats what it was told or goes on with the examples; a larger one leans on
the words that it is shown (so it is with instruction induction, see `induction`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.optimizers.induction import SHOWN_INDUCTIONS, tidy
from selftaught.optimizers.proposer import TEMPERATURE, Proposer
from selftaught.optimizers.strategy import Problem
from selftaught.signatures import Task


class ShowingProposer(Proposer):
    """Asks one step for texts, with demonstrations in every other call.

    Args:
        problem: whose labelled examples must not be given away.
        signature: of the step; its last output is what is proposed.
        shown: what a proposal looks like, as demonstrations.
        temperature: of the samples.
        name: tells the samples of this proposer from those of others.
    """

    def __init__(
        self,
        problem: Problem,
        signature: Task,
        shown: Sequence[dspy.Example],
        *,
        temperature: float = TEMPERATURE,
        name: str = "propose",
    ) -> None:
        super().__init__(problem, signature, temperature=temperature, name=name)
        self.shown = list(shown)
        self.echoes = {tidy(signature.instructions), *(tidy(str(demo[self.asked])) for demo in shown)}

    async def raw(self, inputs: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Return what each call said, in the order of `inputs`; None where a call failed."""
        demos = [self.shown if (self.count + number) % 2 == 0 else [] for number in range(len(inputs))]
        return await super().raw([{**one, "demos": shown} for one, shown in zip(inputs, demos, strict=True)])

    def usable(self, text: str) -> str | None:
        """Return a text in normal form; None where it is empty, an echo, or gives away labelled examples."""
        said = super().usable(text)
        return None if said in self.echoes else said


def shown_rewritings(current: str, **others: str) -> list[dspy.Example]:
    """Return rewritings of instructions on tasks of our own: solved examples, a vague instruction, a good one.

    Args:
        current: the name of the field that holds the vague one.
        others: further fields, with what stands in them.
    """
    return [
        dspy.Example(**{"examples": examples, current: vague, "instruction": said, **others})
        for (examples, said), vague in zip(SHOWN_INDUCTIONS, VAGUE, strict=True)
    ]


VAGUE = ("Say something about it.", "Read the sentence.", "Answer with a number.")
"""Instructions that need a rewriting, for `SHOWN_INDUCTIONS`."""
