"""Working: a small model reasons better in lines of text than inside a JSON string.

Claim: where an answer begins with `reasoning`, the local engine's text-then-JSON gets more answers right than the same schema as one
JSON object.

Method: `st.programs.Reasoned` on the first rows of three public sets, the same prompts, temperature 0, 400 tokens; only the constraint
differs, and the order of the two is changed from set to set. Differences are paired over rows, with an exact test.

Command: `python -m benchmarks working --data FOLDER`; SELFTAUGHT_WORKING_ROWS is the number of rows.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.inference.sets import SETS
from benchmarks.measure import Options, Skipped, paired, result

CLAIM = "reasoning as text before JSON gets more right than reasoning in JSON"
MODEL, ROWS = "qwen-0.5b", int(os.environ.get("SELFTAUGHT_WORKING_ROWS", "40"))
CHOSEN = ("multiarith", "commonsense", "drop")


def run(options: Options) -> dict[str, Any]:
    """Measure both forms on each set."""
    folder = Path(options.data or "")
    if options.data is None or any(not (folder / SETS[name].file).exists() for name in CHOSEN):
        raise Skipped("give --data FOLDER with " + ", ".join(SETS[name].file for name in CHOSEN))
    import selftaught as st
    from selftaught.errors import SelftaughtError

    try:
        lm = st.lm(MODEL, context=4096, slots=4)
    except SelftaughtError as error:
        raise Skipped(f"{MODEL} is not here: {type(error).__name__}") from error
    found = {}
    for number, name in enumerate(CHOSEN):
        forms = ("text", "json") if number % 2 else ("json", "text")
        found[name] = compared({form: measured(lm, name, folder, form) for form in forms})
    met = found["multiarith"]["p"] < 0.05 and all(one["difference"] >= 0 or one["p"] >= 0.05 for one in found.values())
    target = "significantly more on arithmetic, significantly fewer nowhere"
    return result("working", CLAIM, measured={"model": MODEL, "rows": ROWS, "sets": found}, target=target, met=met)


def measured(lm: Any, name: str, folder: Path, form: str) -> dict[str, Any]:
    """Return which rows were right, and what it took."""
    import dspy

    import selftaught as st
    from selftaught import scope
    from selftaught.engines import local
    from selftaught.ledger import Ledger

    ledger, started = Ledger(), time.perf_counter()
    asking = local.worked if form == "text" else lambda body: None
    with dspy.context(lm=lm), scope.scoped(ledgers=(ledger,)), patch.object(local, "worked", asking):
        program = st.programs.Reasoned(SETS[name].task)
        rows = st.evaluate(program, SETS[name].rows(folder, ROWS), SETS[name].right, concurrency=4, progress=False)
    right = "".join("1" if row.score else "0" for row in rows.rows)
    print(f"{name} {form}: {right.count('1')}/{ROWS}, {rows.failed} failed", flush=True)
    usage = ledger.usage
    return {
        "right": right, "score": round(right.count("1") / len(right), 4), "failed": rows.failed,
        "completion_tokens": round(usage.completion_tokens / len(right), 1), "seconds": round((time.perf_counter() - started) / len(right), 2),
    }  # fmt: skip


def compared(forms: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return both forms with the paired difference of text from JSON."""
    return {**forms, **paired(forms["text"]["right"], forms["json"]["right"])}


def line(found: dict[str, Any]) -> str:
    """Return the result in one line."""
    sets = found["measured"]["sets"]
    return "; ".join(
        f"{name}: {one['text']['score']:.0%} as text, {one['json']['score']:.0%} in JSON (p={one['p']:.2g})"
        for name, one in sets.items()
    )
