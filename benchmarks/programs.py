"""Programs: which of the published inference-time methods pays at this size, and for how many calls?

Claim: none. The table says for each registered program on the sets that fit it: the score with its interval, calls, tokens and
seconds an answer, the difference from plain prediction on the same rows, and that from voting for as many calls.

Method: six public sets whose answers a program checks (`inference/sets.py`); the first rows of each, which are in random order,
the same for all. Every program comes with its own defaults. One local model, temperature 0 where a program does not draw samples,
400 tokens a step. An answer that fails counts as wrong here and is counted in `failed`, so that a program cannot gain by failing.
Voting (over answers that are reasoned first, as the methods' steps are) is measured with 1, 3 and 5 samples; a program
is compared with the least number that takes at least its calls. Differences are paired over rows, with an exact test; nothing is
corrected for the number of programs, so single p-values below 0.05 are expected by chance. Greedy answers are remembered across
programs, which saves time and changes no count; so seconds are those of the calls that were made and are not compared.

Command: `python -m benchmarks programs --data FOLDER`; SELFTAUGHT_PROGRAMS_MODEL, _SETS, _ONLY (slugs), _ROWS and _SECONDS (stop
after so many, keep what is there) narrow what is run. What was measured is kept in `runs/benchmark-programs` and not run again.
"""

from __future__ import annotations

import json
import os
import time
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.inference.contestants import SHOTS, VOTES, Contestant, contestants, controls
from benchmarks.inference.sets import SETS
from benchmarks.measure import Options, Skipped, paired, result
from benchmarks.optimizing.model import Remembering

CLAIM = "what each registered program gains over plain prediction, and over voting for as many calls"
MODEL = os.environ.get("SELFTAUGHT_PROGRAMS_MODEL", "qwen-0.5b")
RUNS = Path(os.environ.get("SELFTAUGHT_PROGRAMS_RUNS", "runs/benchmark-programs"))
ROWS = int(os.environ.get("SELFTAUGHT_PROGRAMS_ROWS", "12"))
SECONDS = float(os.environ.get("SELFTAUGHT_PROGRAMS_SECONDS", "inf"))
CHOSEN = [name for name in os.environ.get("SELFTAUGHT_PROGRAMS_SETS", "").split(",") if name] or list(SETS)
ONLY = [name for name in os.environ.get("SELFTAUGHT_PROGRAMS_ONLY", "").split(",") if name]
MAX_TOKENS, CONTEXT = 400, 4096


def run(options: Options) -> dict[str, Any]:
    """Measure what has not been measured, and return the table of everything that has."""
    folder = Path(options.data or "")
    if options.data is None or any(not (folder / SETS[name].file).exists() for name in CHOSEN):
        raise Skipped("give --data FOLDER with " + ", ".join(sorted({one.file for one in SETS.values()})))
    import diskcache

    import selftaught as st
    from selftaught.errors import SelftaughtError

    try:
        lm = st.lm(MODEL, max_tokens=MAX_TOKENS, context=CONTEXT, slots=8)
    except SelftaughtError as error:
        raise Skipped(f"{MODEL} is not here: {type(error).__name__}") from error
    lm.backend = Remembering(lm.backend, diskcache.Cache(str(RUNS / "greedy"), disk=diskcache.JSONDisk))
    ends = time.monotonic() + SECONDS
    for name, one in jobs(folder):
        if time.monotonic() < ends:
            measured(lm, one, name, folder)
    return summarised()


def jobs(folder: Path) -> list[tuple[str, Contestant]]:
    """Return who runs on which set: the controls, then the programs with the fewest calls first."""
    chosen = [(name, one) for name in CHOSEN for one in contestants() if name in one.sets and (not ONLY or one.slug in ONLY)]

    known = {one.slug for one in controls()}

    def calls(job: tuple[str, Contestant]) -> tuple[bool, float]:
        name, one = job
        return one.slug not in known, one.make(SETS[name].task, SETS[name].examples(folder, SHOTS)).cost().at_most

    return sorted(chosen, key=calls)


def measured(lm: Any, one: Contestant, name: str, folder: Path) -> None:
    """Measure one program on one set, where it was not."""
    path = RUNS / MODEL / name / f"{one.slug}-{ROWS}.json"
    if path.exists():
        return
    import dspy

    import selftaught as st
    from selftaught import scope
    from selftaught.ledger import Ledger

    the_set, ledger, started = SETS[name], Ledger(), time.perf_counter()
    with dspy.context(lm=lm), scope.scoped(ledgers=(ledger,)):
        program = one.make(the_set.task, the_set.examples(folder, SHOTS))
        found = st.evaluate(program, the_set.rows(folder, ROWS), the_set.right, concurrency=8, progress=False)
    usage, seconds = ledger.usage, time.perf_counter() - started
    written = {
        "program": one.slug, "number": one.number, "class": one.serves, "set": name, "rows": len(found.rows), "failed": found.failed,
        "right": "".join("1" if row.score else "0" for row in found.rows),
        "calls": round((usage.calls + usage.cached) / len(found.rows), 2),
        "tokens": round((usage.prompt_tokens + usage.completion_tokens) / len(found.rows), 1),
        "reused": round(usage.reused_tokens / max(1, usage.prompt_tokens), 3), "seconds": round(seconds / len(found.rows), 2), "errors": sorted({str(row.error)[:120] for row in found.rows if row.error})[:2],
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(written, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"{name} {one.slug}: {written['right'].count('1')}/{ROWS}, {written['calls']} calls, {seconds:.0f} s", flush=True)


def summarised() -> dict[str, Any]:
    """Return the table of everything that was measured."""
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((RUNS / MODEL).glob("*/*.json"))]
    sets = {name: table([run for run in runs if run["set"] == name]) for name in SETS}
    measured = {"model": MODEL, "date": date.today().isoformat(), "sets": {name: rows for name, rows in sets.items() if rows}}
    return result("programs", CLAIM, measured=measured, target="none: the table is the result", met=None)


def table(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the programs of one set with their differences from plain prediction and from the vote of as many calls."""
    known = {run["program"]: run for run in runs}
    plain = known.get("predict")
    votes = sorted((known[name] for name in VOTES if name in known), key=lambda run: run["calls"])
    rows = []
    for run in runs:
        equal = next((vote for vote in votes if vote["calls"] >= run["calls"]), None)
        rows.append({**summary(run), "plain": against(run, plain), "vote": against(run, equal)})
    return sorted(rows, key=lambda row: (-row["score"], row["calls"]))


def summary(run: dict[str, Any]) -> dict[str, Any]:
    """Return a run's score with its interval (Wilson, 95 %)."""
    from selftaught.statistics import wilson

    right, rows = run["right"].count("1"), run["rows"]
    low, high = wilson(right, rows)
    return {**run, "score": round(right / rows, 4), "interval": [round(low, 4), round(high, 4)]}


def against(run: dict[str, Any], other: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the paired difference of two runs on the rows that both have; None where there is nothing to compare with."""
    if other is None or other["program"] == run["program"]:
        return None
    return {"program": other["program"], "calls": other["calls"], **paired(run["right"], other["right"])}


def line(found: dict[str, Any]) -> str:
    """Return the result in one line."""
    rows = [row for one in found["measured"]["sets"].values() for row in one]
    better = [row for row in rows if row["plain"] and row["plain"]["difference"] > 0 and row["plain"]["p"] < 0.05]
    beyond = [row for row in rows if row["vote"] and row["vote"]["difference"] > 0 and row["vote"]["p"] < 0.05]
    return (
        f"{len({row['program'] for row in rows})} programs on {len(found['measured']['sets'])} sets; better than plain prediction "
        f"in {len(better)} of {len(rows)} cases (p < 0.05), better than voting for as many calls in {len(beyond)}"
    )
