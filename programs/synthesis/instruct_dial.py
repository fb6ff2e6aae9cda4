"""InstructDial (062; Gupta et al., 2022): many labelled dialogue tasks in one form, with instructions, and rows that train obeying them.

For putting sets that you have (intents, slots, responses, safety, summaries ...) into one training set. It makes no data and no
calls; mind the licence of every source.

1. Each row of each task: one of its instructions, its fields with their names, its options in random order.
2. None of the above: of some rows with options the right one is taken out, and the answer is that none applies. As many others get
   that option as a wrong one, so that its presence tells nothing.
3. Rows about instructions: which of some instructions fits an input and its output; and whether one does, half of the time not.
4. Tasks and sets that are `held_out` do not come, nor does another task from the same set. With `test`, only they come, plainly.

Departures: (1) The option of step 2 as a wrong one is ours. (2) How often rows of step 3 come is a setting.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.given import listed
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Origin, Row
from selftaught.programs.synthesis.stages import Keep, Source
from selftaught.programs.vote.decline import share
from selftaught.registry import method
from selftaught.signatures import Task

NONE = "none of the above"
TASK, WHICH, FITS = "task", "which instruction", "instruction fits"


@method(62, "instructdial", family="dialogue")
class InstructDial(Pipeline):
    """Put labelled dialogue tasks into one form.

    Rows hold `instruction`, `input`, `output`, `task`, `dataset` and `kind` (`task`, `which instruction` or `instruction fits`).

    Args:
        tasks: dictionaries with `name`, `instructions` (some wordings), `rows` (dictionaries with an `output`, perhaps `options`, and
            fields such as `context`), and perhaps `dataset`, from which they are.
        held_out: names of tasks or sets that are kept for testing.
        test: bring the rows for testing.
        none_share: the share of rows with options, from 0 to 1, whose right option is taken out.
        about_share: the share of rows that also bring one row of each kind about instructions; needs two tasks.
        choices: instructions to choose from.
        per_task: rows of each task, the first; all by default.
        batch: rows a round.

    Raises:
        SettingError: a task lacks something, nothing is left, or a setting that is none.
    """

    def __init__(
        self, tasks: Sequence[Mapping[str, Any]], *, held_out: Sequence[str] = (), test: bool = False, none_share: float = 0.1,
        about_share: float = 0.2, choices: int = 3, per_task: int | None = None, batch: int = 256,
    ) -> None:  # fmt: skip
        self.tasks = [DialogueTask(one) for one in listed("tasks", tasks, Mapping, "tasks")]
        if unknown := sorted(set(held_out) - {name for one in self.tasks for name in (one.name, one.dataset)}):
            raise SettingError(f"held_out: {unknown[0]!r} is neither a task nor a set of these.")
        sets = {one.dataset for one in self.tasks if one.name in held_out or one.dataset in held_out}
        used = [
            one for one in self.tasks if (one.dataset in sets) == test and (not test or {one.name, one.dataset} & set(held_out))
        ]
        if not used:
            raise SettingError("tasks: none is left. Give tasks, and hold out some of them only.")
        shares = (0.0, 0.0) if test else (share("none_share", none_share), share("about_share", about_share))
        source = DialogueRows(used, *shares, at_least("choices", choices, 2), per_task, at_least("batch", batch, 1))
        super().__init__(source, [Keep(lambda row: "" if row["output"].strip() else "no output", "answered")])


class DialogueTask:
    """A dialogue task: its wordings and its labelled rows.

    Raises:
        SettingError: it has no name, no instructions, or a row has no output, or options without it.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.name, self.dataset = given.get("name"), str(given.get("dataset", given.get("name")))
        self.instructions = listed("instructions", given.get("instructions", ()), str, "instructions")
        self.rows = [dict(row) for row in listed("rows", given.get("rows", ()), Mapping, "rows")]
        if not isinstance(self.name, str) or not self.name or not self.instructions:
            raise SettingError(f"The task {self.name!r} needs a `name` and at least one of `instructions`.")
        for number, row in enumerate(self.rows):
            if "output" not in row or (row.get("options") and row["output"] not in row["options"]):
                raise SettingError(
                    f"Row {number} of the task {self.name!r} lacks its `output`, or has `options` without it: {row!r}."
                )

    def signature(self) -> Task:
        """Return the task for programs: its fields -> `output`."""
        given = {
            name: (list[str] if name == "options" else str, dspy.InputField())
            for row in self.rows
            for name in row
            if name != "output"
        }
        return dspy.make_signature({**given, "output": (str, dspy.OutputField())}, self.instructions[0], "Dialogue")


class DialogueRows(Source):
    """Begins the rows of tasks, and those about instructions."""

    name = "tasks"

    def __init__(
        self, tasks: Sequence[DialogueTask], none_share: float, about_share: float, choices: int, per_task: int | None, batch: int
    ) -> None:  # fmt: skip
        self.items = [(task, number) for task in tasks for number in range(len(task.rows[:per_task]))]
        self.tasks, self.none_share, self.about_share, self.choices, self.batch = (
            list(tasks),
            none_share,
            about_share,
            choices,
            batch,
        )

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row] | None:
        """Begin the next rows."""
        part = self.items[number * self.batch : (number + 1) * self.batch]
        made = [
            Row(values, Origin(self.name, number, (place, kind)))
            for place, item in enumerate(part)
            for kind, values in enumerate(self.made(*item, random.Random(f"{seed} {item[0].name} {item[1]}")))
        ]
        return made or None

    def made(self, task: DialogueTask, number: int, draws: random.Random) -> Iterator[dict[str, Any]]:
        """Return the rows that come of one labelled row."""
        row, about = dict(task.rows[number]), {"task": task.name, "dataset": task.dataset}
        plain = {name: row[name] for name in row if name not in ("output", "options")}
        shown, output = self.options(row, draws)  # 1, 2
        yield {
            "instruction": draws.choice(task.instructions),
            "input": marked({**plain, **shown}),
            "output": output,
            **about,
            "kind": TASK,
        }
        others = [one for other in self.tasks if other.name != task.name for one in other.instructions]
        if not others or draws.random() >= self.about_share:
            return
        own, said = draws.choice(task.instructions), marked({**plain, "output": row["output"]})  # 3
        among = [own, *draws.sample(others, min(self.choices - 1, len(others)))]
        draws.shuffle(among)
        yield {"instruction": CHOOSE, "input": said + "\n" + marked({"options": among}), "output": own, **about, "kind": WHICH}
        fits = draws.random() < 0.5
        asked = own if fits else draws.choice(others)
        yield {
            "instruction": DECIDE, "input": said + "\n" + marked({"instruction": asked}), "output": "yes" if fits else "no", **about,
            "kind": FITS,
        }  # fmt: skip

    def options(self, row: Mapping[str, Any], draws: random.Random) -> tuple[dict[str, Any], str]:
        """Return the options as they are shown, and the right answer."""
        options, output = list(row.get("options") or ()), str(row["output"])
        if not options:
            return {}, output
        chance = draws.random()
        if chance < self.none_share and len(options) > 1:
            options, output = [*(one for one in options if one != row["output"]), NONE], NONE
        elif chance < 2 * self.none_share:
            options.append(NONE)
        draws.shuffle(options)
        return {"options": options}, output

    def total(self) -> int | None:
        """Return how many labelled rows there are, where nothing else comes of them."""
        return len(self.items)


def marked(values: Mapping[str, Any]) -> str:
    """Return fields as text, each marked with its name."""
    return "\n".join(
        f"[{name}] {' || '.join(map(str, one)) if isinstance(one, list | tuple) else one}" for name, one in values.items()
    )


CHOOSE = "An input and its output are given. Choose the instruction that was followed."
DECIDE = "An input, its output and an instruction are given. Say whether the output follows the instruction: yes or no."
