"""Optimize: what an optimizer's calls buy, beside DSPy's own optimizers.

Claim: on at least 5 of 6 real tasks `st.optimizers.auto` reaches the human instruction with 8 demonstrations within its interval
for at most 200 paid calls, and at least the score of every DSPy optimizer for at most a third of its calls.

Method: six tasks that all start from "Given the input, produce the output." (`optimizing/tasks.py`). Every contestant gets the
same train and val rows, the same local model, temperature 0 and the same answer length, and is scored on test rows that none
has seen; an answer that does not parse counts as wrong. Calls are those that its run paid for: a request that a run repeats is
counted once, for all alike. The peers run with ChatAdapter and with JSONAdapter, and the better one counts. Greedy answers are
remembered across runs, which saves time and changes no count. A contestant's run is kept; what was measured is not run again.

Command: `python -m benchmarks optimize --data FOLDER`; SELFTAUGHT_OPTIMIZE_MODEL, _TASKS, _SEEDS and _ONLY (contestants, separated
by commas) narrow what is run, SELFTAUGHT_OPTIMIZE_RUNS says where. The result holds everything measured so far.
"""

from __future__ import annotations

import json
import os
import time
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.measure import Options, Skipped, result
from benchmarks.optimizing.model import MODEL, shared_model
from benchmarks.optimizing.own import makers, tuned
from benchmarks.optimizing.peers import PEERS, silenced
from benchmarks.optimizing.tasks import SOURCES, START, Data, read, right

CLAIM = (
    "auto reaches the human instruction with demonstrations for at most 200 calls, and DSPy's optimizers for a third of theirs"
)
RUNS = Path(os.environ.get("SELFTAUGHT_OPTIMIZE_RUNS", "runs/benchmark-optimize"))
TASKS = [name for name in os.environ.get("SELFTAUGHT_OPTIMIZE_TASKS", "").split(",") if name] or list(SOURCES)
SEEDS = [int(one) for one in os.environ.get("SELFTAUGHT_OPTIMIZE_SEEDS", "0,1,2").split(",")]
ONLY = [name for name in os.environ.get("SELFTAUGHT_OPTIMIZE_ONLY", "").split(",") if name]
ADAPTERS = ("chat", "json")
HUMAN_SHOTS = 8


def run(options: Options) -> dict[str, Any]:
    """Measure, and return the result."""
    folder = Path(options.data or "")
    if options.data is None or any(not (folder / SOURCES[name].file).exists() for name in TASKS):
        raise Skipped("give --data FOLDER with " + ", ".join(sorted({source.file for source in SOURCES.values()})))
    from selftaught.errors import SelftaughtError

    try:
        lm = shared_model(RUNS)
    except SelftaughtError as error:
        raise Skipped(f"{MODEL} is not here: {type(error).__name__}") from error
    for seed in SEEDS:
        for name in TASKS:
            for contestant in contestants():
                if not ONLY or contestant.split("/")[0] in ONLY or contestant in ONLY:
                    measured(lm, read(folder, name, seed), contestant, seed)
    return summarised()


def contestants() -> list[str]:
    """Return all contestants in the order in which they run."""
    return ["baseline", "human", *makers(), *(f"{peer}/{adapter}" for peer in PEERS for adapter in ADAPTERS)]


def measured(lm: Any, data: Data, contestant: str, seed: int) -> dict[str, Any]:
    """Return what one contestant did on one task; run it where it was not."""
    folder = RUNS / MODEL / data.name / f"{contestant.replace('/', '-')}-{seed}"
    path = folder / "result.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    import dspy

    import selftaught as st
    from selftaught.adapter import CompactAdapter

    kind = contestant.partition("/")[2]
    adapter = {"chat": dspy.ChatAdapter, "json": dspy.JSONAdapter}.get(kind, CompactAdapter)()
    started = time.perf_counter()
    with dspy.context(lm=lm, adapter=adapter):
        program, spent = _tuned(contestant, data, seed, folder)
        seconds = time.perf_counter() - started
        with st.Run(folder / "test") as kept, kept.active():
            found = st.evaluate(program, data.test, right, concurrency=8, progress=False)
    hits = sum(row.score or 0.0 for row in found.rows)
    written = {
        "task": data.name, "contestant": contestant, "seed": seed, "right": hits, "rows": len(found.rows), "failed": found.failed,
        "calls": spent.calls, "tokens": spent.prompt_tokens + spent.completion_tokens, "seconds": round(seconds, 1),
        "instruction": program.predictors()[0].signature.instructions, "demos": len(program.predictors()[0].demos),
        **_more(program),
    }  # fmt: skip
    path.write_text(json.dumps(written, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"{data.name} {contestant} {seed}: {hits:.0f}/{len(found.rows)} with {spent.calls} calls, {seconds:.0f} s", flush=True)
    return written


def _tuned(contestant: str, data: Data, seed: int, folder: Path) -> tuple[Any, Any]:
    """Return the program of a contestant, and what its run paid."""
    import dspy

    import selftaught as st

    task, name = st.signatures.as_task("input -> output").with_instructions(START), contestant.partition("/")[0]
    if name in PEERS:
        with st.Run(folder / "run") as kept, kept.active(), silenced():
            return PEERS[name](dspy.Predict(task), data, seed, folder), kept.ledger.usage
    program = st.Predict(task)
    if name in makers():
        program = tuned(name, program, data, seed, folder)
    elif name == "human":
        program = st.Predict(task.with_instructions(data.human))
        program.demos = data.train[:HUMAN_SHOTS]
    with st.Run(folder / "run") as kept:
        return program, kept.ledger.usage


def _more(program: Any) -> dict[str, Any]:
    """Return what our own optimizers tell besides."""
    outcome = getattr(program, "tuning", None)
    return (
        {}
        if outcome is None
        else {
            "confirmed": outcome.confirmed,
            "reason": outcome.reason,
            "reasons": outcome.reasons,
            "winner": outcome.winner.origin,
        }
    )


def summarised() -> dict[str, Any]:
    """Return the result of the benchmark from everything that was measured."""
    paths = sorted((RUNS / MODEL).glob("*/*/result.json"))
    found = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    tasks = {name: verdict([one for one in found if one["task"] == name]) for name in SOURCES}
    tasks = {name: one for name, one in tasks.items() if one is not None}
    counts = {
        key: sum(bool(one[key]) for one in tasks.values())
        for key in ("reaches_human", "at_least_every_peer", "a_third_of_the_calls")
    }
    worse = [name for name, one in tasks.items() if one["significantly_worse_than"]]
    measured = {"model": MODEL, "date": date.today().isoformat(), "tasks": tasks, "counts": counts, "worse": worse, "runs": found}
    met = min(counts.values()) >= 5 and not worse if len(tasks) == len(SOURCES) else None
    return result("optimize", CLAIM, measured=measured, target="each on >= 5 of 6 tasks, nowhere significantly worse", met=met)


def verdict(runs: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Compare auto with the human reference and with each peer (its better adapter) on one task; None where auto has not run."""
    from scipy.stats import fisher_exact

    from selftaught.statistics import wilson

    pooled = {name: _pooled([one for one in runs if one["contestant"] == name]) for name in {one["contestant"] for one in runs}}
    if "auto" not in pooled or "human" not in pooled:
        return None
    auto, human = pooled["auto"], pooled["human"]
    peers = {}
    for peer in PEERS:
        known = [pooled[name] | {"adapter": name.partition("/")[2]} for name in pooled if name.startswith(f"{peer}/")]
        if known:
            peers[peer] = max(known, key=lambda one: one["score"])
    worse = []
    for name, peer in peers.items():
        table = [[auto["right"], auto["rows"] - auto["right"]], [peer["right"], peer["rows"] - peer["right"]]]
        if peer["score"] > auto["score"] and fisher_exact(table).pvalue < 0.05:
            worse.append(name)
    low = wilson(human["right"], human["rows"])[0]
    return {
        "contestants": {name: pooled[name] for name in sorted(pooled)}, "better_adapter": peers,
        "reaches_human": auto["score"] >= low and auto["calls"] <= 200,
        "at_least_every_peer": bool(peers) and all(auto["score"] >= peer["score"] for peer in peers.values()),
        "a_third_of_the_calls": bool(peers) and any(
            all(one["score"] >= peer["score"] and one["calls"] <= peer["calls"] / 3 for peer in peers.values())
            for one in (auto, pooled.get("auto-100", auto))
        ),
        "significantly_worse_than": worse,
    }  # fmt: skip


def _pooled(runs: list[dict[str, Any]]) -> dict[str, Any]:
    from selftaught.statistics import wilson

    right, rows = sum(one["right"] for one in runs), sum(one["rows"] for one in runs)
    low, high = wilson(right, rows)
    return {
        "score": round(right / rows, 4), "interval": [round(low, 4), round(high, 4)], "right": right, "rows": rows, "seeds": len(runs),
        "calls": max(one["calls"] for one in runs), "tokens": round(sum(one["tokens"] for one in runs) / len(runs)),
        "confirmed": sum(bool(one.get("confirmed")) for one in runs),
    }  # fmt: skip


def line(found: dict[str, Any]) -> str:
    """Return the result in one line."""
    measured = found["measured"]
    counts, tasks = measured["counts"], len(measured["tasks"])
    return (
        f"auto reaches the human reference on {counts['reaches_human']} of {tasks} tasks, is at least as good as every peer measured on "
        f"{counts['at_least_every_peer']}, for a third of the calls (with 100 calls, if need be) on {counts['a_third_of_the_calls']}; worse on {measured['worse'] or 'none'}"
    )
