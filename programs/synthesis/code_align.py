"""SelfCodeAlign (015; Wei et al., 2024): code tasks from snippets, solved together with their tests, and only what runs is kept.

For data to tune a code model on, written by the model itself and checked by running. Tests of one's own share one's own misreadings:
passing is not being right.

1. Begin from a snippet that parses; draw a kind of task and a difficulty for it.
2. Concepts: snippet -> the programming ideas in it.
3. Task: concepts, kind and difficulty -> a task. The snippet is not shown. Drop a task that holds a line of it all the same, and one
   that is like an earlier task.
4. Answer: task -> a solution and its assertions in one call, `samples` times.
5. Run each in the sandbox. What fails, does not end, or ends before the last assertion has failed.
6. Keep the first that passes: whole, and with assertions that a hollow version of it fails (functions that return nothing, or their
   input). A sample that failed stands beside it, for preference pairs.
7. At most `same_name` rows whose first function has one name; no solution twice; nothing that contains a row of `evaluation`.

Departures: (1) one demonstration of our own on each step, not eight of twenty-one; functions and classes, no programs, which an
assertion cannot call. (2) Three samples by default, not ten. (3) Tests are assertions; texts that are none are left out. (4)
Near-duplicates by ROUGE-L, exactly, not by MinHash. (5) Where the sandbox itself breaks down the run ends, and goes on with the same
call; without one it is refused before anything is paid.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import dspy
from pydantic import Field

from selftaught import sandbox
from selftaught.programs.sampling import at_least
from selftaught.programs.step import step_with
from selftaught.programs.synthesis.evolve import LONGEST_INSTRUCTION
from selftaught.programs.synthesis.evolve_genetic import contaminated
from selftaught.programs.synthesis.gates import AtMost
from selftaught.programs.synthesis.outcome import Synthesized
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.snippets import DIFFICULTIES, KINDS, Snippets, tells_its_snippet, unusable
from selftaught.programs.synthesis.stages import Change, Distinct, Keep, Made, Novel
from selftaught.programs.synthesis.tested import Tested
from selftaught.registry import method


@method(15, "self-code-align", family="synthesis", missing="gathering the snippets; training on the rows")
class SelfCodeAlign(Pipeline):
    """Make tasks of code snippets, and solutions that pass tests of their own.

    A row holds `instruction`, `output` (code), `assertions`, `passed` (share of the samples), `rejected` (a sample that failed, or
    None), `concepts`, `kind`, `difficulty` and `name` (of the first function or class). It needs a sandbox: see `selftaught.sandbox`.

    Args:
        snippets: Python code, as texts or as dictionaries with `snippet`; at least one.
        samples: solutions of a task.
        temperature: of all steps.
        kinds, difficulties: that are drawn for a snippet.
        novelty: the highest ROUGE-L F with an earlier task.
        same_name: rows whose first function or class has the same name, at most.
        evaluation: texts of an evaluation set that no row may contain.
        seconds: the longest that one run may take.
        batch: snippets a round.

    Raises:
        SettingError: no snippet, or a setting that is none. SandboxMissing, on running: nothing here can run code safely.
    """

    def __init__(
        self, snippets: Sequence[str | Mapping[str, Any]], *, samples: int = 3, temperature: float = 0.7,
        kinds: Sequence[str] = KINDS, difficulties: Sequence[str] = DIFFICULTIES, novelty: float = 0.7, same_name: int = 3,
        evaluation: Sequence[str] = (), seconds: float = 4.0, batch: int = 32,
    ) -> None:  # fmt: skip
        evaluated = list(evaluation)
        concepts, task = step_with(CONCEPTS, [SHOWN_CONCEPTS]), step_with(TASK, [SHOWN_TASK])
        super().__init__(
            Snippets(snippets, kinds, difficulties, batch=batch),  # 1
            [
                Keep(unusable, "snippet"),
                Made(concepts, temperature=temperature, name="concepts"),  # 2
                Made(task, temperature=temperature, name="task"),  # 3
                Keep(tells_its_snippet, "not its snippet"),
                Distinct("instruction", name="new task"),
                Novel("instruction", novelty),
                Tested(samples=samples, temperature=temperature, seconds=seconds),  # 4, 5, 6
                Change(lambda row: row.with_values(name=first_name(str(row["output"]))).without("snippet"), "form"),
                Keep(lambda row: not contaminated(row, evaluated), "contains an evaluation row"),
                AtMost("name", at_least("same_name", same_name, 1)),  # 7
                Distinct("output"),
            ],
        )  # fmt: skip

    async def arun(self, *run: Any) -> Synthesized:
        """Make rows, where there is a sandbox; see `Pipeline.run`."""
        sandbox.default()
        return await super().arun(*run)


def first_name(code: str) -> str:
    """Return the name of the first function or class in code that parses; empty where there is none."""
    defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return next((node.name for node in ast.parse(code).body if isinstance(node, defined)), "")


CONCEPTS = dspy.make_signature(
    {
        "snippet": (str, dspy.InputField(desc="Python code")),
        "concepts": (list[Annotated[str, Field(max_length=60)]], dspy.OutputField(desc="in a few words each", min_length=1, max_length=6)),
    },
    "Name the programming ideas that the code uses, most telling first.", "Concepts",
)  # fmt: skip
TASK = dspy.make_signature(
    {
        "concepts": (list[str], dspy.InputField(desc="programming ideas that it should need")),
        "kind": (str, dspy.InputField(desc="what is to be written")),
        "difficulty": (str, dspy.InputField()),
        "instruction": (str, dspy.OutputField(desc="the task, which can be understood alone", max_length=LONGEST_INSTRUCTION)),
    },
    "Invent a Python task that needs these ideas. Name what is to be written, its arguments and its result. Do not solve it.", "InventTask",
)  # fmt: skip
SHOWN_CONCEPTS = dspy.Example(
    snippet="def slug(title):\n    return '-'.join(word for word in re.findall(r'[a-z0-9]+', title.lower()) if word not in STOP)",
    concepts=["regular expressions", "filtering with a set", "joining texts"],
)
SHOWN_TASK = dspy.Example(
    concepts=["dictionaries", "counting", "sorting by two keys"], kind="a function", difficulty="easy",
    instruction="Write a function `ranking(votes)` that takes a list of names, one for each vote, and returns the names as a list, "
    "those with the most votes first, and alphabetically where two have as many.",
)  # fmt: skip
