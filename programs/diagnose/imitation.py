"""The imitation audit (011; Gudibande et al., 2023): has a student learned what its teacher can do, or only how it sounds?

Before a student that was trained, or prompted, with a teacher's answers is put to use: raters are easily taken in by style. A gate on
what `st.synthesis` makes rows for. Reasoning in fields where answers can be checked does pass on, so ask for each field apart.

1. Base, student and teacher answer the same labelled examples; one at which any of them failed is left out.
2. Support: an example counts as covered where one of the imitated inputs is at least `support` like it (ROUGE-L F); by the data, not by
   a name. Covered and other examples are scored apart. Gap closed = (student - base) / (teacher - base); without a lead of the teacher
   it is undetermined. Its interval is that of the student's gain, over the lead.
3. Preference: a judge compares student and teacher, and base and teacher, without knowing who is who; wins and ties count.
4. Style: how far length, list lines, hedges and the teacher's openings and closings have moved from base to teacher.
5. Verdict, by the examples that are not covered: `ability` where a gain of the student is shown there; `style only` where it gains less
   than 5 points and is shown to be preferred more than the base; `no gain` where 5 points are ruled out; else `undetermined`.

Departures: (1) preference is a judge's, on the labelled examples. (2) The paper's sweep over amounts of data and sizes of model is a
loop over audits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dspy

from selftaught import scope
from selftaught.budget import Budget
from selftaught.errors import DataError, InputError
from selftaught.evaluation import checked_examples, evaluate_rows
from selftaught.loop import run_sync
from selftaught.metrics import Row, as_metric
from selftaught.novelty import NoveltyFilter
from selftaught.programs.diagnose.differences import paired
from selftaught.programs.diagnose.imitated import WHO, Imitation, closed, concluded
from selftaught.programs.diagnose.style import style_of
from selftaught.programs.given import listed
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.gold import Exact
from selftaught.programs.judge.pairwise import Pairwise
from selftaught.programs.vote.decline import share as share_of
from selftaught.progress import Progress, progress_bar
from selftaught.registry import method
from selftaught.run import opened
from selftaught.signatures import Task, as_task, input_names, output_names, render


@method(11, "imitation-audit", family="diagnose", missing="human raters; the sweep over amounts of data and sizes")
class ImitationAudit:
    """Find out whether a student learned its teacher's ability or its style.

    Args:
        task: whose inputs are compared and whose outputs are judged.
        metric: a gold metric; `Exact()` by default.
        judge: compares two answers; `Pairwise` by default, in both orders.
        support: the ROUGE-L F with an imitated input from which an example counts as covered.

    Raises:
        SettingError: a support that is no share.
    """

    def __init__(self, task: str | Task, *, metric: Any = None, judge: Judge | None = None, support: float = 0.7) -> None:
        self.task, self.metric = as_task(task), as_metric(Exact() if metric is None else metric)
        self.judge, self.support = judge or Pairwise(self.task), share_of("support", support)

    def run(
        self, base: dspy.Module, student: dspy.Module, teacher: dspy.Module, data: Sequence[dspy.Example], *,
        imitated: Sequence[str | Mapping[str, Any]], budget: Budget | None = None, run_dir: str | Path | None = None,
        concurrency: int = 64, progress: bool | None = None,
    ) -> Imitation:  # fmt: skip
        """Measure the three, and conclude.

        Args:
            base: answers as the student did before; a program for the task, as are the others. Each has its own model (`set_lm`).
            student: was tuned or trained on the teacher's answers.
            teacher: what was imitated.
            data: labelled examples, of which some should be unlike the imitated ones.
            imitated: inputs that the student was tuned on: texts, or rows with the task's inputs.
            budget: a ceiling; an example that it leaves unanswered counts as failed.
            run_dir: keep every response here; the same call again costs nothing and continues where it broke off.
            concurrency: examples in flight.
            progress: show a bar; by default where standard error is a terminal.

        Raises:
            SettingError: `imitated` is no list of texts or rows. InputError: a row lacks an input of the task.
            DataError: no example that all three answered.
            BudgetSpent: the budget ended before the answers were compared.
        """
        examples = checked_examples(base, data)
        near = _covered(self.task, examples, imitated, self.support)
        with (
            opened(run_dir) as run,
            run.active(budgets=scope.in_force(budget)),
            progress_bar("auditing", len(WHO) * len(examples), progress) as bar,
        ):
            rows, good, preferred = run_sync(lambda: self._measured((base, student, teacher), examples, concurrency, bar))
        if not good:
            raise DataError("There is no example that base, student and teacher all answered.")
        scores = {who: [float(rows[who][number].score or 0.0) for number in good] for who in WHO}
        texts = {who: [render(output_names(self.task), rows[who][number].answers[0]) for number in good] for who in WHO}
        places = [[place for place, number in enumerate(good) if near[number] == inside] for inside in (True, False)]
        rates = [[pair[which] for pair in preferred] for which in (0, 1)]
        preference = paired(rates[1], rates[0], "the base's")
        return concluded([closed(scores, one) for one in places], rates, preference, style_of(texts), len(examples) - len(good))

    async def _measured(
        self, programs: Sequence[dspy.Module], examples: Sequence[dspy.Example], concurrency: int, bar: Progress
    ) -> tuple[dict[str, list[Row]], list[int], list[tuple[float, float]]]:
        """Return the rows of each, the examples that all answered, and who was preferred in them."""
        rows = {
            who: await evaluate_rows(one, examples, self.metric, concurrency=concurrency, bar=bar)
            for who, one in zip(WHO, programs, strict=True)
        }
        good = [number for number in range(len(examples)) if all(_scored(rows[who], number) for who in WHO)]
        return rows, good, await asyncio.gather(*(self._preferred(rows, number) for number in good))

    async def _preferred(self, rows: Mapping[str, Sequence[Row]], number: int) -> tuple[float, float]:
        """Return 1 where the student, and where the base, wins or ties against the teacher."""
        given, names = {name: rows["base"][number].inputs[name] for name in input_names(self.task)}, output_names(self.task)
        said = {who: {name: rows[who][number].answers[0][name] for name in names} for who in WHO}
        found = await asyncio.gather(*(self.judge.prefer(given, said[who], said["teacher"]) for who in ("student", "base")))
        student, base = (float(one.better != "second") for one in found)
        return student, base


def _covered(
    task: Task, examples: Sequence[dspy.Example], imitated: Sequence[str | Mapping[str, Any]], support: float
) -> list[bool]:
    """Return which examples an imitated input is like."""
    names, known = input_names(task), NoveltyFilter(1.0, unicode=True)
    for number, one in enumerate(
        listed("imitated", imitated, (str, Mapping, dspy.Example), "texts or rows with the task's inputs")
    ):
        if not isinstance(one, str) and (lacking := [name for name in names if name not in one]):
            raise InputError(f"imitated[{number}] lacks the input {lacking[0]!r}. It has {sorted(one.keys())}.")
        known.add(one if isinstance(one, str) else render(names, one))
    nearest = [known.nearest(render(names, one)) for one in examples]
    return [bool(found) and found[0].score >= support for found in nearest]


def _scored(rows: Sequence[Row], number: int) -> bool:
    return number < len(rows) and rows[number].score is not None and bool(rows[number].answers)
