"""A tree of tasks, grown level by level: the first half of Explore-Instruct (036)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import dspy
from pydantic import Field

from selftaught.errors import SettingError
from selftaught.programs.given import listed
from selftaught.programs.synthesis.row import Origin, Row
from selftaught.programs.synthesis.stages import Change, Source
from selftaught.signatures import Task

AT_ONCE = 6
"""Subtasks in one answer, at most."""


class Growing(Source):
    """Begins the growth of every task that may have more subtasks; `tries` rounds for each depth.

    Rows hold `task`, `path`, `children`, `siblings` and `most`, how many subtasks the task may have.

    Args:
        roots: the rows that there are: the domains, and subtasks made by hand.
        breadth: subtasks of a task, by depth; the last holds for what is deeper.
        depth: levels below the domains.
        tries: rounds for each depth.
    """

    name, learns = "tree", True

    def __init__(self, roots: Sequence[Row], breadth: Sequence[int], depth: int, tries: int) -> None:
        self.roots, self.breadth, self.depth, self.tries = list(roots), list(breadth), depth, tries

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row] | None:
        """Begin the tasks of a depth that lack subtasks."""
        depth = number // self.tries
        if depth >= self.depth:
            return None
        tasks = [*self.roots, *accepted]
        most = self.breadth[min(depth, len(self.breadth) - 1)]
        rows: list[Row] = []
        for task in (one for one in tasks if len(one["path"]) == depth + 1):
            children = [one["task"] for one in tasks if one["path"][:-1] == task["path"]]
            siblings = [
                one["task"] for one in tasks if one["path"][:-1] == task["path"][:-1] and depth and one["path"] != task["path"]
            ]
            if len(children) < most:
                values = {"task": task["task"], "path": task["path"], "children": children, "siblings": siblings, "most": most}
                rows.append(Row(values, Origin(self.name, number, (len(rows),), (task.id,))))
        return rows

    def total(self) -> int:
        """Return about how many tasks there will be."""
        total, level = 0, sum(len(one["path"]) == 1 for one in self.roots)
        for depth in range(self.depth):
            level *= self.breadth[min(depth, len(self.breadth) - 1)]
            total += level
        return total


class TaskRow(Change):
    """Turns the answer of growth into a task: `task`, `path`, and its `parent` and `most`, by which subtasks are counted."""

    def __init__(self) -> None:
        super().__init__(self.made, "task")

    def made(self, row: Row) -> Row:
        """Return the task of a row."""
        name = " ".join(str(row["child"]).split())
        values = {"task": name, "path": [*row["path"], name], "parent": " > ".join(row["path"]), "most": row["most"]}
        return Row(values, row.origin, row.scores, row.steps)


def domain_rows(domains: Sequence[str | Mapping[str, Any]]) -> list[Row]:
    """Return domains, with the subtasks that were made by hand, as rows of a tree.

    Raises:
        SettingError: there is none, or one is neither a text nor a dictionary with a `task`.
    """
    rows: list[Row] = []
    for one in listed("domain", domains, (str, Mapping), "domains"):
        name = one if isinstance(one, str) else one.get("task")
        if not isinstance(name, str) or not name.strip():
            raise SettingError(f"domain: {one!r} has no name. Give a text, or a dictionary with `task` and `subtasks`.")
        below = [] if isinstance(one, str) else listed("subtasks", one.get("subtasks", ()), str, "names")
        rows += [Row({"task": name, "path": [name]}), *(Row({"task": sub, "path": [name, sub], "parent": name}) for sub in below)]
    if not rows:
        raise SettingError("domain=[]: expected at least one domain.")
    return rows


def subtasks(count: int) -> Task:
    """Return the signature of growth: `task`, `children`, `siblings` -> `subtasks`."""
    fields: dict[str, tuple[Any, Any]] = {
        "task": (str, dspy.InputField(desc="what somebody wants to be able to do")),
        "children": (list[str], dspy.InputField(desc="parts of it that are known already")),
        "siblings": (list[str], dspy.InputField(desc="other tasks, whose parts are not meant")),
        "subtasks": (
            list[Annotated[str, Field(max_length=80)]],
            dspy.OutputField(desc="names of a few words", min_length=1, max_length=count),
        ),
    }
    return dspy.make_signature(fields, NAME_THE_PARTS, "Grow")


NAME_THE_PARTS = (
    "Name further parts of the task, each a smaller task that a writer can do in text. "
    "They must be general, differ from each other and from the known parts, and fill gaps that those leave."
)
