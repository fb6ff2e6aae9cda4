"""Genetic-Instruct (020; Majumdar et al., 2024): tasks grow by mutation and crossover, and only what is solved breeds.

For growing a few hundred tasks to very many, for code and for anything else. The fitness is a model's word, and models are
lenient: execute the code where you can, and give that judge. Nothing rewards difficulty.

1. The population is the seeds. Each of `colonies` breeds on its own for `rounds` rounds; then they are one again: a generation.
2. Draw an operation for each new task: mutate one task by a drawn change, or cross several into new ones.
3. Drop what was there before, in any colony, or is nearly the same.
4. Solve it. With `language="python"` the answer must hold code that parses.
5. A judge thinks a sentence and says whether the answer solves the task. What passes joins the colony.
6. Drop what contains a row of `evaluation`. Stop at the count.

Departures: (1) half of the operations are mutations; the paper's share is not published. (2) Near repetitions are dropped as
they come, against all colonies, not at the end. With one colony and no mutation this is Self-Instruct, seeds and
machine-written tasks alike.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import dspy
from pydantic import Field

from selftaught.errors import SettingError
from selftaught.novelty import contamination
from selftaught.programs.code.running import code_in
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.verify import Verify
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.either import Either
from selftaught.programs.synthesis.evolve import ANSWER, LONGEST_ANSWER, LONGEST_INSTRUCTION, evolving, instructions_of
from selftaught.programs.synthesis.evolve_colonies import CROSS, MUTATE, Colonies
from selftaught.programs.synthesis.evolve_rules import unanswered, unchanged
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Change, Judged, Keep, Made, Novel
from selftaught.registry import method


@method(20, "genetic-instruct", family="synthesis", missing="training on the rows", language="python")
class GeneticInstruct(Pipeline):
    """Grow a population of solved tasks by mutation and crossover.

    Rows hold `instruction`, `output`, `operation` (`mutate` or `cross`), `operator` (the change of a mutation), `colony`,
    `generation`; their origin names the parents. The judge's score is in `scores`.

    Args:
        seeds: instructions, or dictionaries with an `instruction` and perhaps an `input`; at least one.
        colonies, rounds, batch, mutation, shown: see `Colonies`.
        children: new tasks of a crossover.
        changes: of mutations, by name, each a short instruction.
        language: `"python"`: the answers are code, and must parse; None: they are anything.
        answer: a program from `instruction` to `output`; a step by default.
        judge: says whether an `output` solves an `instruction`; a verifier by default.
        novelty: the highest ROUGE-L F with an earlier task.
        evaluation: texts of an evaluation set that no row may contain.
        temperature: of mutation and crossover.

    Raises:
        SettingError: no seed, or a setting that is none.
    """

    def __init__(
        self, seeds: Sequence[str | Mapping[str, Any]], *, colonies: int = 2, rounds: int = 1, batch: int = 16,
        mutation: float = 0.5, shown: int = 3, children: int = 3, changes: Mapping[str, str] | None = None, language: Literal["python"] | None = None,
        answer: dspy.Module | None = None, judge: Judge | None = None, novelty: float = 0.7, evaluation: Sequence[str] = (),
        temperature: float = 0.8,
    ) -> None:  # fmt: skip
        if language not in ("python", None):
            raise SettingError(f"language={language!r}: expected 'python', or None for answers that are no code.")
        told = instructions_of(seeds)
        source = Colonies(  # 1
            told, CHANGES if changes is None else changes, colonies=colonies, rounds=rounds, batch=batch, mutation=mutation, shown=shown
        )  # fmt: skip
        mutate = Made(
            Step(MUTATING), rename={"instruction": "parent", "evolved": "instruction"}, temperature=temperature, name=MUTATE
        )
        cross = Made(
            Step(crossing(at_least("children", children, 1))), split="tasks", rename={"tasks": "instruction"}, temperature=temperature, name=CROSS
        )  # fmt: skip
        wanted, evaluated = CODE if language else ANSWER, list(evaluation)
        super().__init__(
            source,
            [
                Either("operation", {MUTATE: mutate, CROSS: cross}, "breed"),  # 2
                Keep(lambda row: unchanged(row.get("parent", ""), row["instruction"], row.get("change", "")), "changed"),
                Novel("instruction", novelty),  # 3
                Made(answer or Step(wanted), name="answer"),  # 4
                Keep(lambda row: unanswered(str(row["output"]), str(row["instruction"])) or (unparsable(str(row["output"])) if language else ""), "answered"),
                Judged(judge or Verify(wanted, reason=True, both_ways=False, odds=False), name="fitness"),  # 5
                Keep(lambda row: not contaminated(row, evaluated), "contains an evaluation row"),  # 6
                Change(lambda row: row.without("examples", "change", "parent"), "form"),
            ],
            seeds=source.seeds,
        )  # fmt: skip


def unparsable(answer: str) -> str:
    """Return why an answer holds no Python that parses, or an empty text."""
    try:
        return "" if ast.parse(code_in(answer)).body else "no code"
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "the code does not parse"


def contaminated(row: Row, evaluation: Sequence[str]) -> bool:
    """True where a row's instruction or output contains an evaluation text."""
    return bool(evaluation) and bool(contamination([str(row["instruction"]), str(row["output"])], evaluation))


def crossing(count: int) -> Any:
    """Return the signature of a crossover: `examples` -> so many new `tasks`."""
    asked = dspy.OutputField(desc=f"{count} new tasks", min_length=1, max_length=count)
    given = dspy.InputField(desc="tasks that somebody thought of")
    return dspy.make_signature({"examples": (list[str], given), "tasks": (list[_TASK], asked)}, CROSS_TASKS, "Cross")


_TASK = Annotated[str, Field(max_length=LONGEST_INSTRUCTION)]
CROSS_TASKS = "Think of new tasks, each of which combines ideas of several examples and is none of them. Do not carry them out."
CHANGES = {
    "constrain": "Add a requirement that the answer must fulfil.",
    "rarer": "Replace a common requirement by a rarer, more specific one.",
    "reason": "Make it need more steps of thought.",
    "distract": "Give a wrong or misleading piece of work that the answer must not fall for.",
    "limit": "Limit the time, the memory or the means that the answer may use.",
    "elsewhere": "Ask for the same skill in another field.",
}
MUTATING = evolving(
    "Rewrite the task as the change says, so that it becomes harder or different, but can be solved. Do not solve it.",
    {"change": "how to change it"},
)
CODE = dspy.make_signature(
    {
        "instruction": (str, dspy.InputField(desc="a task")),
        "output": (str, dspy.OutputField(desc="Python code and nothing else", max_length=LONGEST_ANSWER)),
    },
    "Solve the task in Python.", "Code",
)  # fmt: skip
