"""Auto Evol-Instruct (031; Zeng et al., 2024), its data: evolve instructions with a method that was itself evolved.

For seeds of a field for which nobody has written rules of evolution. The method is one text: find ways, plan, rewrite, look for
what is unreasonable, mend. Ours fits every field; the optimizer `auto-evol-instruct` makes one that fits yours.

1. Evolve every seed with the method, `generations` times.      2. Eliminate what is the same as before.
3. Answer what is left.     4. Eliminate what is answered by asking back, by asking for more, or by calling it impossible.

Departures: (1) the steps of the method are fields of one answer, so that a small model carries out each of them. (2) No score
of length: the share that comes through is in the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import dspy
from pydantic import Field

from selftaught.programs.step import Step
from selftaught.programs.synthesis.evolve import BATCH, LONGEST_INSTRUCTION, Evolve, evolving
from selftaught.registry import method


@method(31, "auto-evolved", family="instructions", missing="training on the rows")
class AutoEvolved(Evolve):
    """Evolve instructions with one method and answer them.

    Rows hold `instruction`, `output`, `parent` and `generation`; `operator` is `method`.

    Args:
        seeds: instructions, or dictionaries with an `instruction` and perhaps an `input`; at least one.
        method: how to evolve an instruction, in words; ours by default.
        evolve: a program from `instruction` to `evolved` in place of it, such as one that an optimizer returned.
        generations: how often each is evolved.
        answer: a program from `instruction` to `output`; a step by default.
        temperature: of the evolution.
        batch: instructions a round.

    Raises:
        SettingError: no seed, or a setting that is none.
    """

    def __init__(
        self, seeds: Sequence[str | Mapping[str, Any]], *, method: str | None = None, evolve: dspy.Module | None = None,
        generations: int = 1, answer: dspy.Module | None = None, temperature: float = 0.7, batch: int = BATCH,
    ) -> None:  # fmt: skip
        super().__init__(
            seeds, generations=generations, operators={"method": ""}, evolve=evolve or Step(evolving(method or METHOD, {}, THOUGHT)),
            answer=answer, gain=False, temperature=temperature, batch=batch,
        )  # fmt: skip


_ONE = Annotated[str, Field(max_length=150)]
THOUGHT: dict[str, tuple[Any, Any]] = {
    "ways": (list[_ONE], dspy.OutputField(desc="what could be added to the task to make it harder", min_length=1, max_length=3)),
    "plan": (str, dspy.OutputField(desc="which of them to take together, and how", max_length=300)),
    "rewritten": (
        str,
        dspy.OutputField(desc="the harder task, as an instruction to somebody else", max_length=LONGEST_INSTRUCTION),
    ),
    "problems": (str, dspy.OutputField(desc="what in it is unreasonable; empty if nothing is", max_length=300)),
}
METHOD = (
    "Make the task harder for somebody else. List ways to do so, plan which to take together, and rewrite the task with ten to twenty more "
    "words. Then look "
    "for what is unreasonable in it and write it once more without that. Do not carry the task out."
)
