"""Evolving instructions in generations: each is rewritten to a harder or rarer one, and the fit ones are rewritten again.

As it stands it is Evol-Instruct (Xu et al., 2023). For a data set of instructions that are too easy. Difficulty is not
measured: what a model writes when told to make a task harder is sometimes only longer, or cannot be done, and weak models
answer it wrongly.

1. In each generation, take of every seed its newest descendant, and draw one of the changes for it.
2. Evolve: rewrite it as the change says.
3. Eliminate it where it is the same as before, says nothing or repeats what it was evolved with; where the model says that it
   asks for nothing more; where it was there before.
4. Answer it.
5. Eliminate it where the answer refuses, says nothing, asks back or calls it impossible. Its parent is evolved again then, in the
   next generation.

Papers that are this with other parts register themselves on it. Departures: (1) all answers of a generation are written before
the next begins, so that an instruction without a good answer is not evolved further. (2) What asks back is eliminated too. (3)
Wide mutation (`breadth`) is one of the changes; the line of its seed goes on from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.given import listed
from selftaught.programs.step import Step
from selftaught.programs.synthesis.evolve_generations import BATCH, Generations
from selftaught.programs.synthesis.evolve_rules import unanswered, unchanged
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.stages import Change, Distinct, Keep, Made
from selftaught.registry import method
from selftaught.signatures import Task

LONGEST_INSTRUCTION, LONGEST_ANSWER = 1200, 1500


@method(None, "evol-instruct", family="synthesis")
class Evolve(Pipeline):
    """Evolve instructions and answer them.

    Rows hold `instruction`, `output`, `parent` (what it was evolved from), `operator` (by which change) and `generation`.

    Args:
        seeds: instructions, or dictionaries with an `instruction` and perhaps an `input`; at least one.
        generations: how often each is evolved; one row comes out of each at most.
        operators: changes by name, each a short instruction; six by default.
        evolve: a program from `instruction` (and `change`) to `evolved`; a step by default.
        answer: a program from `instruction` to `output`; a step by default.
        gain: ask the model whether the evolved instruction asks for more than its parent, and drop it where it does not.
        temperature: of the evolution.
        batch: instructions a round.

    Raises:
        SettingError: no seed, or a setting that is none.
    """

    def __init__(
        self, seeds: Sequence[str | Mapping[str, Any]], *, generations: int = 4, operators: Mapping[str, str] | None = None,
        evolve: dspy.Module | None = None, answer: dspy.Module | None = None, gain: bool = True, temperature: float = 0.7,
        batch: int = BATCH,
    ) -> None:  # fmt: skip
        told = instructions_of(seeds)
        source = Generations(told, OPERATORS if operators is None else operators, generations=generations, batch=batch)  # 1
        renamed = {"instruction": "parent", "evolved": "instruction"}
        known = {"instruction": "parent", "changed": "instruction"}
        super().__init__(
            source,
            [
                Made(evolve or Step(EVOLVE), rename=renamed, temperature=temperature, name="evolve"),  # 2
                Keep(lambda row: unchanged(row["parent"], row["instruction"], row["change"]), "changed"),  # 3
                *(
                    [Made(Step(GAIN), rename=known, name="compare"), Keep(lambda row: row["more"], "adds nothing")]
                    if gain
                    else []
                ),
                Distinct("instruction"),
                Made(answer or Step(ANSWER), name="answer"),  # 4
                Keep(lambda row: unanswered(str(row["output"]), str(row["instruction"])), "answered"),  # 5
                Change(lambda row: row.without("change", "more", *OF_A_METHOD), "form"),
            ],
            seeds=source.seeds,
        )


def instructions_of(seeds: Sequence[str | Mapping[str, Any]]) -> list[str]:
    """Return seeds as instructions, each with its input where it has one.

    Raises:
        SettingError: there is none, or one is something else.
    """
    told = []
    for one in listed("seeds", seeds, (str, Mapping), "instructions"):
        parts = [one] if isinstance(one, str) else [str(one.get(name) or "") for name in ("instruction", "input")]
        told.append("\n".join(part.strip() for part in parts if part.strip()))
    if not told or not all(told):
        raise SettingError(
            f"seeds: {len(told)} given: expected at least one instruction, as a text or as a dictionary with `instruction`."
        )
    return told


def evolving(instruction: str, given: Mapping[str, str], thought: Mapping[str, tuple[Any, Any]] | None = None) -> Task:
    """Return the signature of an evolution: `instruction` and what is `given` -> what is `thought` before, and `evolved`."""
    inputs = {name: (str, dspy.InputField(desc=about)) for name, about in {"instruction": "a task", **given}.items()}
    evolved = dspy.OutputField(desc="the new task itself", max_length=LONGEST_INSTRUCTION)
    return dspy.make_signature({**inputs, **(thought or {}), "evolved": (str, evolved)}, instruction, "Evolve")


OF_A_METHOD = ("ways", "plan", "rewritten", "problems")
"""What a method thinks of before it evolves an instruction."""
OPERATORS = {
    "deepen": "Ask for more depth and breadth on what the task is about.",
    "constrain": "Add one more requirement or constraint that the answer must fulfil.",
    "concretise": "Replace general notions by specific, concrete ones.",
    "reason": "Make it need several steps of thought where one was enough.",
    "complicate": "Add a piece of data that the answer must use, such as a table, a list or some code, and write that data out.",
    "breadth": "Write another task of the same field and about the same length, on something much rarer.",
}
EVOLVE = evolving(
    "Rewrite the task as the change says, in ten to twenty more words at most. A person must be able to understand it and to "
    "do it with "
    "text alone. Do not carry it out.",
    {"change": "how to change it"},
)
GAIN = dspy.make_signature(
    {
        "instruction": (str, dspy.InputField(desc="a task")), "changed": (str, dspy.InputField(desc="the task after a change")),
        "more": (bool, dspy.OutputField(desc="the changed task asks for something that the first does not ask for")),
    },
    "Compare two tasks. Say whether the changed one asks for something else or for something more.", "Compare",
)  # fmt: skip
ANSWER = dspy.make_signature(
    {"instruction": (str, dspy.InputField(desc="a task")), "output": (str, dspy.OutputField(max_length=LONGEST_ANSWER))},
    "Carry out the task.", "Answer",
)  # fmt: skip
