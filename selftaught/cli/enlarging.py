"""Examples for `selftaught tune` where there are too few: synthesized from those that are there, only where the task file asks for it.

1. `synthesize = N` in [data]: where `train` holds fewer than N examples, the rest is made (see `st.synthesis.auto`).
2. Half of the budget at most goes into them. None is near an example of `val` or `test`.
3. They are written down once, in `synthesized.json` of the run directory, and stand in its report; the same command uses the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dspy

from selftaught.budget import Budget, Spend
from selftaught.data import read_examples
from selftaught.errors import DataError
from selftaught.optimizers.base import data_hash
from selftaught.programs.synthesis import Row
from selftaught.programs.synthesis.auto import AutoTrainset, Trainset
from selftaught.programs.synthesis.labelling import checked
from selftaught.programs.synthesis.propose_inputs import typed
from selftaught.run import Run, write_atomically
from selftaught.signatures import Task, input_names
from selftaught.taskfile import TaskFile

KEPT, FOLDER, EVENT = "synthesized.json", "synthesis", "synthesized"


def enlarged(file: TaskFile, task: Task, train: list[dspy.Example], budget: Budget) -> list[dspy.Example]:
    """Return the trainset with as many examples as the task file wants; what was made once holds for the run.

    Raises:
        DataError: none could be made.
    """
    if len(train) >= file.data.synthesize:
        return train
    assert file.run_dir is not None  # read_task sets it
    key: dict[str, Any] = {"wanted": file.data.synthesize - len(train), "given": data_hash(train)}
    path = file.run_dir / KEPT
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if known.get("key") != key:
        known = {"key": key, "val": file.data.val is not None, **made(file, task, train, key["wanted"], budget)}
        with Run(file.run_dir) as run:
            run.append(EVENT, known)
        write_atomically(path, json.dumps(known, indent=1))
    with Run(file.run_dir / FOLDER) as run:
        budget.charge(spent(run))
    rows = [typed(task, row) for row in known["rows"]]
    return [*train, *(dspy.Example(**row).with_inputs(*input_names(task)) for row in rows)]


def made(file: TaskFile, task: Task, train: Sequence[dspy.Example], wanted: int, budget: Budget) -> dict[str, Any]:
    """Make examples and return them, with what they cost, as plain data."""
    assert file.run_dir is not None  # read_task sets it
    pipeline = AutoTrainset(task, train)
    apart = [one for path in (file.data.val, file.data.test) if path is not None for one in read_examples(path, task)]
    pipeline.seeds += [Row(one) for one in checked(task, apart)] if apart else []
    pipeline.marks = {"apart": data_hash(apart)}
    with Run(file.run_dir / FOLDER) as run:
        past = spent(run)
    half = halved(budget)
    half.charge(past)
    found: Trainset = pipeline.trainset(pipeline.run(wanted, run_dir=file.run_dir / FOLDER, budget=half, seed=file.seed))
    if not found:
        raise DataError(f"No example could be synthesized: {found.made.summary()}")
    rows = [dict(row.values) for row in found.made.rows]
    return {"rows": rows, "coverage": str(found.coverage), "ended": found.made.ended, "calls": found.made.usage.calls}


def halved(budget: Budget) -> Budget:
    """Return a budget of half the limits."""
    limits: dict[str, Any] = {"seconds": budget.seconds, **budget.limits}
    whole = {name: max(1, int(limits[name]) // 2) for name in ("calls", "tokens") if limits[name] is not None}
    return Budget(**whole, **{name: limits[name] / 2 for name in ("usd", "seconds") if limits[name] is not None})


def spent(run: Run) -> Spend:
    """Return what a run has spent."""
    usage = run.ledger.usage
    return Spend(usage.calls, usage.prompt_tokens + usage.completion_tokens, usage.usd)


def synthesized(folder: Path) -> int:
    """Return how many examples were synthesized for a run."""
    path = folder / KEPT
    return len(json.loads(path.read_text(encoding="utf-8"))["rows"]) if path.exists() else 0
