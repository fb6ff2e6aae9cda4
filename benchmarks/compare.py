"""Compare: what the race saves, at equal conclusions.

Claim: `compare` spends at most half of what evaluating every program on every example would cost, and advises the same.

Method: eight programs on three real tasks, each with the first rows of its file (they are in random order). First all
programs run on all examples (`adaptive=False`) into one run directory. Then the race runs from that store, so that it sees the
very same answers and pays nothing; its spend is the calls that its rows took. Equal conclusions: the same program is advised as
by the exhaustive comparison with the same margin, and without a margin no program is stopped that it finds better than the
baseline. Margin 0 is the plain question
"which is best"; margin 0.1 asks for a gain of ten points before a dearer program pays. The race is repeated with several
orders of the examples.

Command: `python -m benchmarks compare --data FOLDER`; SELFTAUGHT_COMPARE_ROWS and SELFTAUGHT_COMPARE_MODEL change size and model.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.measure import Options, Skipped, result

CLAIM = "the race spends at most half of the exhaustive comparison and advises the same program"
ROWS = int(os.environ.get("SELFTAUGHT_COMPARE_ROWS", "80"))
MODEL = os.environ.get("SELFTAUGHT_COMPARE_MODEL", "qwen-0.5b")
RUNS = Path(os.environ.get("SELFTAUGHT_COMPARE_RUNS", "runs/benchmark-compare"))
SHOTS, MARGINS, SEEDS = 6, (0.0, 0.1), range(5)
TASKS: dict[str, tuple[str, str, str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "sst2": ("sst2.jsonl", "sentence -> sentiment: Literal['positive', 'negative']", "Say whether the sentence is positive or negative.",
             lambda row: {"sentence": row["text"], "sentiment": row["label"]}),
    "trec": ("trec.jsonl", "question -> kind: Literal['abbreviation', 'entity', 'description', 'human', 'location', 'number']",
             "Say what kind of thing the answer to the question is.", lambda row: {"question": row["text"], "kind": KINDS[row["label"]]}),
    "singleeq": ("singleeq.jsonl", "question -> answer: float", "Solve the problem. Give the final number.",
                 lambda row: {"question": row["question"], "answer": float(row["answer"])}),
}  # fmt: skip
KINDS = {"abbreviation": "abbreviation", "entity": "entity", "description": "description", "human": "human", "location": "location", "numeric": "number", "number": "number"}  # fmt: skip


def run(options: Options) -> dict[str, Any]:
    """Measure, and return the result."""
    folder = Path(options.data or "")
    if options.data is None or any(not (folder / task[0]).exists() for task in TASKS.values()):
        raise Skipped("give --data FOLDER with " + ", ".join(task[0] for task in TASKS.values()))
    import dspy

    import selftaught as st
    from selftaught.errors import SelftaughtError

    try:
        lm = st.lm(MODEL, max_tokens=128)
    except SelftaughtError as error:
        raise Skipped(f"{MODEL} is not here: {type(error).__name__}") from error
    with dspy.context(lm=lm):
        found = {name: _one(folder, name) for name in TASKS}
    return summarised(found)


def summarised(found: dict[str, Any]) -> dict[str, Any]:
    """Return the result of the benchmark from its tasks."""
    shares = {str(margin): mean(race["share"] for task in found.values() for race in task["races"] if race["margin"] == margin) for margin in MARGINS}  # fmt: skip
    equal = mean(race["equal"] for task in found.values() for race in task["races"])
    measured = {"model": MODEL, "rows": ROWS, "date": date.today().isoformat(), "orders": len(SEEDS), "share_of_exhaustive": shares, "equal_conclusions": equal, "tasks": found}  # fmt: skip
    met = min(shares.values()) <= 0.5 and equal == 1.0
    return result("compare", CLAIM, measured=measured, target="share <= 0.5 at equal conclusions", met=met)


def line(found: dict[str, Any]) -> str:
    """Return the result in one line."""
    measured = found["measured"]
    shares = ", ".join(f"margin {margin}: {share:.0%}" for margin, share in measured["share_of_exhaustive"].items())
    return f"{shares} of the exhaustive calls; equal conclusions in {measured['equal_conclusions']:.0%} of the races"


def _one(folder: Path, name: str) -> dict[str, Any]:
    import selftaught as st

    file, text, instruction, read = TASKS[name]
    rows = [json.loads(one) for one in (folder / file).read_text(encoding="utf-8").splitlines()]
    task = st.signatures.as_task(text).with_instructions(instruction)
    shots, data = [_example(read(row)) for row in rows[:SHOTS]], [_example(read(row)) for row in rows[SHOTS : SHOTS + ROWS]]
    races, wholes = [], {}
    for margin in MARGINS:
        whole = wholes[margin] = _raced(programs(task, shots), data, RUNS / name, adaptive=False, margin=margin)
        better = {one.name for one in whole.programs if one.to_baseline is not None and one.to_baseline.better}
        for seed in SEEDS:
            race = _raced(programs(task, shots), data, RUNS / name, margin=margin, seed=seed)
            dropped = {one.name: one.dropped_at for one in race.programs if one.dropped_by is not None}
            lost = better & dropped.keys() if not margin else set()
            races.append({
                "margin": margin, "seed": seed, "share": race.spent / whole.spent, "dropped": dropped,
                "advised": race.advised, "equal": race.advised == whole.advised and not lost,
            })  # fmt: skip
    return {"exhaustive": wholes[MARGINS[0]].to_dict(), "races": races}


def _example(fields: dict[str, Any]) -> Any:
    import dspy

    return dspy.Example(**fields).with_inputs(next(iter(fields)))


def programs(task: Any, shots: list[Any]) -> dict[str, Any]:
    """Return eight programs for a task."""
    import selftaught as st

    shown = st.Predict(task)
    shown.demos = shots
    verify = st.judges.Verify(task, both_ways=False)
    refine, vote = st.programs.SelfRefine, st.programs.SelfConsistency
    return {
        "plain": st.Predict(task), "six examples": shown, "refine": refine(task), "refine twice": refine(task, rounds=2),
        "vote of 3": vote(task, samples=3), "vote of 5": vote(task, samples=5),
        "best of 3": st.programs.BestOf(task, samples=3, judge=verify), "six examples, vote of 3": vote(task, samples=3, generate=shown),
    }  # fmt: skip


def _raced(compared: dict[str, Any], data: list[Any], folder: Path, **settings: Any) -> Any:
    """Compare from one store of responses, whatever the settings of the race."""
    import selftaught as st
    from selftaught.run import Run

    with Run(folder) as run, run.active():
        return st.compare(compared, data, st.judges.Exact(), progress=False, concurrency=8, **settings)
