"""The quickstart: the whole story on real data with a small real model, in a few minutes on two cores.

For three small tasks, each known by eight solved examples (eight more are kept back to confirm): measure a judge and refuse it, watch the guards of a
self-judged metric stop two cheats, tune instruction and demonstrations against that metric under a budget, confirm on
examples no candidate was selected on, and show the accuracy by hidden gold labels beside it as the proof. Then save a
program, load it in a new process, and ask it something.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy

import selftaught as st
from selftaught.data import bundled, unlabelled
from selftaught.errors import SelftaughtError, UntrustedJudge
from selftaught.evaluation import Evaluation, describe, interval_of
from selftaught.metrics import Row
from selftaught.optimizers import APE
from selftaught.programs import Predict
from selftaught.programs.judge import Agreement, Checklist, Exact, label_by_construction
from selftaught.run import Run, write_atomically

CALLS = 600
GIVEN, FREE, KEPT = 8, 14, 8
"""Solved examples to learn from, unlabelled inputs to select and confirm on, solved examples kept for the confirmation."""

TASKS = {
    "plural": ("candle", "Is the answer the plural form of the given noun?"),
    "first-letter": ("tomato", "Is the answer the first letter of the given word?"),
    "sentiment": ("a joy from start to finish", "Does the answer name the mood of the given sentence?"),
}
"""Name -> an input of our own to try at the end, and a yes/no question for the checklist judge."""


class Transform(dspy.Signature):
    """Given the input, produce the output."""

    input: str = dspy.InputField()
    output: str = dspy.OutputField()


@dataclass(frozen=True, slots=True)
class Material:
    """The examples of one task, by purpose. `hidden` holds the labels of the unlabelled inputs, for the proof only."""

    given: list[dspy.Example]
    free: list[dspy.Example]
    kept: list[dspy.Example]
    hidden: dict[str, dspy.Example]


class Teller:
    """Prints the story, or keeps quiet."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def __call__(self, text: str = "") -> None:
        if not self.quiet:
            print(text, flush=True)


def tell(folder: Path, *, fresh: bool = False, quiet: bool = False, lm: Any = None) -> dict[str, Any]:
    """Tell the story and return its summary, which is also written to `summary.json`.

    Args:
        folder: where everything is kept; an interrupted quickstart continues there, a finished one is told again for free.
        fresh: forget an earlier run.
        quiet: print nothing.
        lm: the model; the small local one by default.
    """
    say, started = Teller(quiet), time.perf_counter()
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    say("selftaught quickstart: three tasks, one model of 135 million parameters. Each task: eight solved examples to learn")
    say("from, fourteen inputs without answers, and eight more solved examples kept back to confirm.\n")
    model = lm or st.lm("local")
    summary: dict[str, Any] = {"model": model.model, "tasks": {}}
    with dspy.context(lm=model), st.Budget(calls=CALLS):
        material = {name: prepare(name) for name in TASKS}
        summary["judge"] = measure_judge(material["plural"], folder, say)
        summary["guards"] = show_guards(material["plural"], folder, say)
        for name in TASKS:
            summary["tasks"][name] = tune(name, material[name], folder, say)
    summary["calls"] = _count_calls(folder)
    summary["answer"] = ask_again(folder, say, model, own=lm is None)
    summary["seconds"] = round(time.perf_counter() - started, 1)
    conclude(folder, summary, say)
    return summary


def prepare(name: str) -> Material:
    """Split a bundled task: what the program may see, and what is kept from it."""
    rows = bundled(name, Transform)
    given, kept, rest = rows[:GIVEN], rows[GIVEN : GIVEN + KEPT], rows[GIVEN + KEPT : GIVEN + KEPT + FREE]
    return Material(given, unlabelled(rest), kept, {row.input: row for row in [*kept, *rest]})


def measure_judge(material: Material, folder: Path, say: Teller) -> dict[str, Any]:
    """Measure a checklist judge on answers that are right or wrong by construction, and gate it."""
    say("1. Can the model judge its own answers? A checklist judge, asked both ways, on ten answers labelled by construction:")
    judge = Checklist(Transform, questions=[TASKS["plural"][1]])
    with Run(folder / "judge", {"quickstart": "judge"}) as run, run.active():
        trust = judge.trust(label_by_construction(Transform, material.given[:5]), by_construction=True)
    say(textwrap.fill(str(trust), 120, initial_indent="   ", subsequent_indent="   "))
    try:
        trust.gate()
        refused = ""
        say("   It passes the gate.")
    except UntrustedJudge:
        refused = "refused as a metric"
        say("   Refused as a metric. The handful of solved examples and the agreement of samples are used instead.\n")
    return {**trust.to_dict(), "gate": refused or "passed"}


def show_guards(material: Material, folder: Path, say: Teller) -> dict[str, Any]:
    """Run two programs that cheat the agreement of samples, and show what the guards leave of them."""
    say("2. A metric without labels: does a program give the same answer again? Two cheats do; the guards see them:")
    found: dict[str, Any] = {}
    for name, demos in CHEATS.items():
        cheat = Predict(Transform)
        cheat.demos = [dspy.Example(input=shown, output=said) for shown, said in demos]
        metric = Agreement(Transform, samples=3)
        result = st.evaluate(cheat, material.free[: FREE // 2], metric, run_dir=folder / "guards", progress=False)
        found[name] = metric.parts(result.rows)
        say(f"   {name:22}  raw agreement {_percent(found[name]['raw'])}, guarded {_percent(found[name]['guarded'])}")
    say()
    return found


def tune(name: str, material: Material, folder: Path, say: Teller) -> dict[str, Any]:
    """Tune instruction and demonstrations of a plain program for one task; save program and report."""
    say(f"3. Tuning {name!r} against guarded agreement of its own samples:")
    metric = Agreement(Transform, samples=3)
    optimizer = APE(metric, shots=GIVEN, proposals=4, rounds=1, block=GIVEN, finalists=2)
    tuned = optimizer.compile(
        Predict(Transform), trainset=material.given, valset=[*material.free, *material.kept], run_dir=folder / name, progress=None if not say.quiet else False,
    )  # fmt: skip
    outcome = tuned.tuning
    st.save(tuned, folder / name / "program.st")
    gold = {which: _gold(getattr(outcome, which), material) for which in ("baseline", "tuned")}
    for which in ("baseline", "tuned"):
        found: Evaluation = getattr(outcome, which)
        say(f"   {which:9} {describe(found.score, found.interval, found.n):30}  gold accuracy {_gold_text(gold[which])}")
    say(f"   {'Confirmed' if outcome.confirmed else 'Not confirmed'}: {outcome.reason}\n")
    return {
        **{which: {**_figures(getattr(outcome, which)), "gold": gold[which]} for which in ("baseline", "tuned")},
        "metric": metric.name, "confirmed": outcome.confirmed, "reason": outcome.reason, "winner": outcome.winner.origin,
        "calls": dict(outcome.usage.by_purpose), "seconds": round(outcome.seconds, 1),
    }  # fmt: skip


def _gold(found: Evaluation, material: Material) -> dict[str, Any]:
    """Score the confirmation answers by the hidden labels. No program is run."""
    metric, rows = Exact("output"), []
    for row in found.rows:
        if row.answers:
            right = metric.compare(row.answers[0]["output"], material.hidden[row.inputs["input"]].output)
            rows.append(Row(row.index, row.inputs, row.answers, score=right))
    return {"score": metric.combine(rows), "interval": list(interval_of(rows, metric)), "n": len(rows)}


def ask_again(folder: Path, say: Teller, model: Any, *, own: bool) -> dict[str, Any]:
    """Load the best confirmed program, in a new process where the model is the local one, and ask it something new."""
    outcomes = {name: json.loads((folder / name / "outcome.json").read_text()) for name in TASKS}
    best = max(outcomes, key=lambda name: (outcomes[name]["confirmed"], outcomes[name]["tuned"]["score"] or 0.0))
    shutil.copyfile(folder / best / "program.st", folder / "program.st")
    asked = TASKS[best][0]
    if own:
        command = [
            sys.executable,
            "-m",
            "selftaught.cli",
            "run",
            str(folder / "program.st"),
            "--input",
            f"input={asked}",
            "--json",
        ]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SelftaughtError(f"The saved program could not be run in a new process: {done.stderr.strip()}")
        said = json.loads(done.stdout)["output"]
    else:
        with dspy.context(lm=model):
            said = st.load(folder / "program.st")(input=asked).output
    say(f"4. The program for {best!r}, saved, loaded in a new process, and asked something new:  {asked}  ->  {said}\n")
    return {"task": best, "input": asked, "output": said}


def conclude(folder: Path, summary: dict[str, Any], say: Teller) -> None:
    """Write summary and report, and say where they are."""
    from selftaught.cli.story import write_story

    write_atomically(folder / "summary.json", json.dumps(summary, indent=1))
    write_story(folder / "report.html", summary)
    say(f"{summary['calls']['total']} calls, {summary['seconds']:.0f} s. Everything is in {folder}:")
    say("   report.html    what happened, with a report for each task beside it")
    say("   summary.json   the figures")
    say(f"   program.st     the program; ask it:  selftaught run {folder / 'program.st'} --input input=...")


def _count_calls(folder: Path) -> dict[str, int]:
    counts = {"task": 0, "judge": 0, "optimizer": 0}
    for part in ("judge", "guards", *TASKS):
        with Run(folder / part) as run:
            for purpose, count in run.ledger.usage.by_purpose.items():
                counts[purpose] += count
    return {**counts, "total": sum(counts.values())}


def _figures(found: Evaluation) -> dict[str, Any]:
    return {"score": found.score, "interval": list(found.interval), "n": found.n, "failed": found.failed}


def _gold_text(found: dict[str, Any]) -> str:
    return describe(found["score"], (found["interval"][0], found["interval"][1]), found["n"])


def _percent(share: float | None) -> str:
    return "undetermined" if share is None else f"{share:.0%}".replace("%", " %")


CHEATS = {
    "says always the same": [("stone", "yes"), ("cloud", "yes"), ("lamp", "yes"), ("garden", "yes"), ("wheel", "yes")],
    "copies its input": [("stone", "stone"), ("cloud", "cloud"), ("lamp", "lamp"), ("garden", "garden"), ("wheel", "wheel")],
}
"""Demonstrations that teach a program to cheat."""
