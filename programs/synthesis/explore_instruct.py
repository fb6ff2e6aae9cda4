"""Explore-Instruct (036; Wan et al., 2023): grow a tree of the tasks of one domain, then write examples for every task in it.

For data that covers a domain, instead of many variations of its popular tasks. Answers go unchecked, and cost multiplies with depth.

1. Grow, level by level: show a task, its subtasks so far and its siblings; ask for further subtasks that fill gaps. A task with too few
   is asked again, `tries` times; an answer in no form adds none. Nothing is grown below `depth`.
2. Prune: drop a task whose name is like that of a kept one (ROUGE-L above 0.7), in level order.
3. Enrich: for every task in turn, show examples of it and ask for new ones with input and output.
4. Filter within each task: keep an example whose instruction is unlike every kept one of that task, at most `per_task`.

Departures: (1) Siblings and subtasks are all that is shown of the tree; reopening ancestors is what further tries do. (2) Names are
pruned as they come, so that a pruned one can be replaced by another try. (3) Tasks take turns, so that the examples are spread
evenly: no sampling is needed afterwards. (4) An example a call, so that the form stays small.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.gates import AtMost
from selftaught.programs.synthesis.instances import empty
from selftaught.programs.synthesis.pipeline import Part, Pipeline
from selftaught.programs.synthesis.proposing import LONGEST
from selftaught.programs.synthesis.row import Origin, Row
from selftaught.programs.synthesis.seed_draws import INSTRUCTION
from selftaught.programs.synthesis.sequel import Sequel
from selftaught.programs.synthesis.stages import Change, Keep, Made, Novel, Source
from selftaught.programs.synthesis.task_tree import AT_ONCE, Growing, TaskRow, domain_rows, subtasks
from selftaught.registry import method


@method(36, "explore-instruct", family="synthesis")
class ExploreInstruct(Sequel):
    """Grow a tree of tasks below a domain, and write examples for each.

    Rows hold `instruction`, `input`, `output`, `task` and `path`, from the domain down to the task. With a `run_dir`, the tree is
    in its folder `first`.

    Args:
        domain: one domain, or several, such as `["rewriting"]`; or dictionaries with `task` and `subtasks`, made by hand.
        breadth: subtasks of a task, by depth; the last holds for what is deeper.
        depth: levels below the domain.
        tries: how often a task is asked for more subtasks.
        per_task: examples of a task, at most.
        shown: examples of the task that are shown.
        batch: examples asked for a round.
        temperature: of subtasks and examples.
        novelty: the highest ROUGE-L F of two names, and of two instructions of a task.
        grow: `task`, `children`, `siblings` -> `subtasks`; a step by default.
        enrich: `task`, `domain`, `siblings`, `examples` -> `instruction`, `input`, `output`; a step by default.

    Raises:
        SettingError: no domain, or a setting that is none.
    """

    def __init__(
        self, domain: str | Sequence[str | Mapping[str, Any]], *, breadth: Sequence[int] = (8, 4), depth: int = 2, tries: int = 2,
        per_task: int = 500, shown: int = 3, batch: int = 16, temperature: float = 1.0, novelty: float = 0.7, grow: Any = None,
        enrich: Any = None,
    ) -> None:  # fmt: skip
        roots = domain_rows([domain] if isinstance(domain, str) else domain)
        if not breadth or not all(isinstance(one, int) and one > 0 for one in breadth):
            raise SettingError(f"breadth={breadth!r}: expected whole numbers above 0, one for each depth.")
        self.shown, self.batch = at_least("shown", shown, 0), at_least("batch", batch, 1)
        made = Made(
            grow or Step(subtasks(AT_ONCE)), split="subtasks", rename={"subtasks": "child"}, temperature=temperature, name="grow"
        )
        tree = Pipeline(
            Growing(roots, breadth, at_least("depth", depth, 0), at_least("tries", tries, 1)),
            [made, Keep(lambda row: bool(str(row["child"]).strip()), "name"), TaskRow(), Novel("task", novelty, name="prune"), _Width()],  # 1, 2
            seeds=roots,
        )  # fmt: skip
        parts: list[Part] = [
            Made(enrich or Step(ENRICH), temperature=temperature, name="enrich"),  # 3
            Keep(lambda row: empty(str(row[INSTRUCTION]), str(row["input"]), str(row["output"])), "instance"),
            Novel(INSTRUCTION, novelty, by="key"), AtMost("key", per_task),  # 4
            Change(lambda row: row.without("examples", "siblings", "domain", "key"), "tidy"),
        ]  # fmt: skip
        super().__init__(tree, parts, given=roots, name="tasks")

    def begun(self, rows: Sequence[Row]) -> tuple[Source, Sequence[Row]]:
        """Take the tasks in turn."""
        return TaskTurns(rows, self.shown, self.batch), []


class _Width(AtMost):
    """Lets through as many subtasks of a task as it may have, which its rows say."""

    def __init__(self) -> None:
        super().__init__("parent", 1, name="breadth")

    def admit(self, row: Row) -> str:
        """Count a subtask."""
        self.most = int(row.get("most", 1 << 30))
        return super().admit(row)


class TaskTurns(Source):
    """Begins examples: the tasks of a tree in turn, with examples of the task that were accepted."""

    name, learns = "tasks", True

    def __init__(self, tasks: Sequence[Row], shown: int, batch: int) -> None:
        self.tasks, self.shown, self.batch = list(tasks), shown, batch

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row]:
        """Begin as many examples as a round has."""
        rows = []
        for place in range(self.batch):
            task = self.tasks[(number * self.batch + place) % len(self.tasks)]
            own = {row[INSTRUCTION]: row.id for row in accepted if row["path"] == task["path"]}
            draws = random.Random(f"{seed} {number} {place}")
            shown = draws.sample(sorted(own), min(self.shown, len(own)))
            near = [one["task"] for one in self.tasks if one["path"][:-1] == task["path"][:-1] and one["path"] != task["path"]]
            values = {
                "task": task["task"], "path": task["path"], "domain": task["path"][0], "siblings": near, "examples": shown,
                "key": " > ".join(task["path"]),
            }  # fmt: skip
            rows.append(Row(values, Origin(self.name, number, (place,), (task.id, *(own[one] for one in shown)))))
        return rows


ENRICH = dspy.make_signature(
    {
        "domain": (str, dspy.InputField()), "task": (str, dspy.InputField(desc="a task of the domain")),
        "siblings": (list[str], dspy.InputField(desc="other tasks, which are not meant")),
        "examples": (list[str], dspy.InputField(desc="instructions for the task that there are")),
        INSTRUCTION: (str, dspy.OutputField(desc="a new one for this task, in one or two sentences", max_length=LONGEST // 3)),
        "input": (str, dspy.OutputField(desc="the text that it is about; empty where it needs none", max_length=600)),
        "output": (str, dspy.OutputField(desc="the right answer", max_length=800)),
    },
    "Write a new instruction for the task, beginning with another verb than the examples, then carry it out.", "Enrich",
)  # fmt: skip
