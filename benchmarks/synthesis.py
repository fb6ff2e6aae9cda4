"""Synthesis: what so many calls buy with four methods, and how much of the gain of real data synthesized data reach.

Claim: none. Two tables.

Method, rows: Self-Instruct (005), CoT-Self-Instruct (006, four answers a prompt), Instruct-SkillMix (042, skills found in the seeds) and
Auto Evol-Instruct (031) start from the same 24 public seed instructions, and each gets the same number of calls. Told are the rows
accepted, the share that each part lets through, calls a row, diversity of the instructions, and the score of `Verify` (the same small
model, asked both ways) on the first rows; what such a judge is worth on this model, `benchmarks judges` says.

Method, tuning: on five tasks of Instruction Induction, a program that starts from "Given the input, produce the output." has five solved
examples. SELF-GUIDE (029) makes a trainset of them; `auto` tunes on it, and on as many real rows, with the same budget. All are scored on
rows that none has seen, beside the program as it is and with the five as demonstrations. Where fewer than 15 rows were made, none are left to
select with: the program stays as it is. The share of the gold gain is (synthesized - plain) / (gold - plain); it says little where
tuning on gold is below the five demonstrations.

Command: `python -m benchmarks synthesis --data FOLDER`; SELFTAUGHT_SYNTHESIS_MODEL, _CALLS, _METHODS (numbers), _TASKS, _TEST and _RUNS
narrow what is run. Runs are kept, and continued where they were interrupted; the tables hold everything that was measured.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import Options, Skipped, result
from benchmarks.optimizing.tasks import START, plain, right

CLAIM = "what so many calls buy with four methods; how much of the gain of real data synthesized data reach"
MODEL = os.environ.get("SELFTAUGHT_SYNTHESIS_MODEL", "qwen-0.5b")
CALLS, TEST = int(os.environ.get("SELFTAUGHT_SYNTHESIS_CALLS", "200")), int(os.environ.get("SELFTAUGHT_SYNTHESIS_TEST", "40"))
RUNS = Path(os.environ.get("SELFTAUGHT_SYNTHESIS_RUNS", "runs/benchmark-synthesis"))
KNOWN = ("singular_to_plural", "antonyms", "second_word_letter", "num_to_verbal", "larger_animal")
METHODS = [name for name in os.environ.get("SELFTAUGHT_SYNTHESIS_METHODS", "").split(",") if name]
TASKS = [name for name in os.environ.get("SELFTAUGHT_SYNTHESIS_TASKS", "").split(",") if name] or list(KNOWN)
SEEDS, JUDGED, GIVEN, ROWS, TUNING = 24, 10, 5, 32, 100
FOUND = "result.json"
FILES = ("self_instruct_seeds.jsonl", "instruction_induction.jsonl")


def run(options: Options) -> dict[str, Any]:
    """Measure both tables."""
    folder = Path(options.data or "")
    if options.data is None or any(not (folder / name).exists() for name in FILES):
        raise Skipped(f"give --data FOLDER with {', '.join(FILES)}")
    import dspy

    import selftaught as st
    from selftaught.errors import SelftaughtError

    try:
        lm = st.lm(MODEL, context=4096, slots=4)
    except SelftaughtError as error:
        raise Skipped(f"{MODEL} is not here: {type(error).__name__}") from error
    with dspy.context(lm=lm):
        for name, make in pipelines(seeds_of(folder)).items():
            if not METHODS or name[:3] in METHODS:
                once(f"{name[:3]}-{CALLS}", lambda name=name, make=make: bought(name, make))
        for name in TASKS:
            once(name, lambda name=name: tuned(name, folder))
    methods = known({name: f"{name[:3]}-{CALLS}" for name in pipelines(seeds_of(folder))})
    tuning = known({name: name for name in KNOWN})
    measured = {"model": MODEL, "calls": CALLS, "methods": methods, "tuning": tuning}
    return result("synthesis", CLAIM, measured=measured, target="none: the tables are the result", met=None)


def once(name: str, measure: Callable[[], dict[str, Any]]) -> None:
    """Measure what was not measured, and keep it."""
    path = RUNS / MODEL / name / FOUND
    if not path.exists():
        found = measure()
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")


def known(names: dict[str, str]) -> dict[str, Any]:
    """Return what was measured, under the names of the table; from name -> the run's folder."""
    paths = {name: RUNS / MODEL / folder / FOUND for name, folder in names.items()}
    return {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items() if path.exists()}


def paid(folder: Path) -> int:
    """Return the calls that an interrupted run has paid."""
    import selftaught as st
    from selftaught.programs.synthesis.sequel import FIRST

    total = 0
    for one in (folder, folder / FIRST):  # a pipeline on another one has that inside
        if (one / "settings.json").exists():
            with st.Run(one) as run:
                total += run.ledger.usage.calls
    return total


def seeds_of(folder: Path) -> list[str]:
    """Return the first seed instructions that stand without an input."""
    rows = [json.loads(line) for line in (folder / FILES[0]).read_text(encoding="utf-8").splitlines()]
    return [row["instruction"] for row in rows if not row["instances"][0]["input"]][:SEEDS]


def pipelines(seeds: list[str]) -> dict[str, Any]:
    """Return how each method's pipeline is made."""
    import selftaught as st

    return {
        "005 Self-Instruct": lambda: st.synthesis.SelfInstruct(seeds, proposals=4, batch=4),
        "006 CoT-Self-Instruct": lambda: st.synthesis.CoTSelfInstruct(seeds, samples=4, batch=4),
        "042 Instruct-SkillMix": lambda: st.synthesis.InstructSkillMix(instructions=seeds[:8], batch=4),
        "031 Auto Evol-Instruct": lambda: st.synthesis.AutoEvolved(seeds, generations=2, batch=8),
    }


def bought(name: str, make: Any) -> dict[str, Any]:
    """Return what the calls bought with one method."""
    import selftaught as st

    folder = RUNS / MODEL / f"{name[:3]}-{CALLS}"
    left = max(1, CALLS - paid(folder))  # of an interrupted run
    made = make().run(300, run_dir=folder, budget=st.Budget(calls=left), concurrency=4, progress=False)
    texts = [str(row["instruction"]) for row in made.rows]
    print(f"{name}: {made.summary()}", flush=True)
    figures = made.diversity("instruction") if texts else None
    return {
        "rows": len(made), "calls": made.usage.calls, "calls_a_row": made.calls_per_row, "ended": made.ended[:60],
        "tokens": made.usage.prompt_tokens + made.usage.completion_tokens,
        "funnel": {one.name: {"entered": one.entered, "rejected": dict(one.rejected)} for one in made.funnel},
        "diversity": figures and {
            "words": round(figures.words, 1), "distinct_2": round(figures.distinct[1], 3), "vendi": round(figures.vendi, 1),
            "of": figures.sample, "self_bleu": round(figures.self_bleu, 3),
        },
        "judge": judged(made.rows[:JUDGED]), "examples": [row.values for row in made.rows[:3]],
    }  # fmt: skip


def judged(rows: Any) -> dict[str, Any]:
    """Return the mean score of the first rows, with how many have one."""
    import selftaught as st

    if not rows:
        return {"n": 0}
    stage = st.synthesis.Judged(st.judges.Verify("instruction -> output"), least=None, name="verify")
    found = st.synthesis.Pipeline(st.synthesis.Rows([row.values for row in rows]), [stage]).run(progress=False)
    scores = [row.scores["verify"] for row in found.rows if "verify" in row.scores]
    return {"n": len(scores), "mean": round(sum(scores) / len(scores), 3) if scores else None}


def tuned(name: str, folder: Path) -> dict[str, Any]:
    """Return the scores of one task: as it is, with five examples, tuned on made rows, and on real ones."""
    import selftaught as st

    examples, real, test = data_of(folder, name)
    task = st.signatures.as_task("input -> output").with_instructions(START)
    kept = RUNS / MODEL / name
    kept.mkdir(parents=True, exist_ok=True)
    made = st.synthesis.SelfGuide(examples, task=task).run(
        ROWS, run_dir=kept / "rows", budget=st.Budget(calls=200), progress=False
    )
    shown = st.Predict(task)
    shown.demos = examples
    rows = made.examples(task)
    programs = {"plain": st.Predict(task), "five": shown, "synthesized": learned(task, examples, rows, kept), "gold": learned(task, examples, real, kept)}  # fmt: skip
    with st.Run(kept / "test") as run, run.active():
        found = {key: st.evaluate(one, test, right, concurrency=4, progress=False) for key, one in programs.items()}
    scores = {
        key: {"score": one.score, "interval": [round(end, 4) for end in one.interval], "n": one.n} for key, one in found.items()
    }
    told = {
        **scores,
        "rows": len(rows),
        "labels_right": known_right(rows, folder, name),
        "calls": made.usage.calls,
        "share": share(scores),
    }
    print(name, json.dumps(told), flush=True)
    return told


def data_of(folder: Path, name: str) -> tuple[list[Any], list[Any], list[Any]]:
    """Return five solved examples, real rows to tune on, and test rows."""
    import dspy

    rows = [json.loads(line) for line in (folder / FILES[1]).read_text(encoding="utf-8").splitlines()]
    found = [
        dspy.Example(input=str(row["input"]), output=str(row["outputs"][0])).with_inputs("input")
        for row in rows if row["task"] == name
    ]  # fmt: skip
    return found[:GIVEN], found[GIVEN : GIVEN + ROWS], found[-TEST:]


def learned(task: Any, examples: list[Any], rows: list[Any], kept: Path) -> Any:
    """Return the program that `auto` makes of examples and rows; the plain one where there are too few rows to tune with."""
    import selftaught as st
    from selftaught.store import fingerprint

    train, val = [*examples, *rows[: len(rows) // 2]], rows[len(rows) // 2 :]
    folder = kept / f"tuned-{fingerprint([dict(one) for one in rows])[:8]}"
    if len(val) < 8:
        return st.Predict(task)
    return st.optimizers.auto(
        st.Predict(task), train, right, st.Budget(calls=TUNING), valset=val, run_dir=folder, progress=False
    )  # fmt: skip


def known_right(rows: list[Any], folder: Path, name: str) -> dict[str, int]:
    """Return how many made rows have an input of the data set, and how many of those its answer."""
    lines = (folder / FILES[1]).read_text(encoding="utf-8").splitlines()
    gold = {plain(row["input"]): [plain(one) for one in row["outputs"]] for row in map(json.loads, lines) if row["task"] == name}
    known = [row for row in rows if plain(row.input) in gold]
    return {"known": len(known), "right": sum(plain(row.output) in gold[plain(row.input)] for row in known)}


def share(scores: dict[str, Any]) -> float | None:
    """Return the share of the gold gain; None where gold gains nothing."""
    gain = scores["gold"]["score"] - scores["plain"]["score"]
    return round((scores["synthesized"]["score"] - scores["plain"]["score"]) / gain, 3) if gain > 0 else None


def line(found: dict[str, Any]) -> str:
    """Return the result in one line."""
    methods, tuning = found["measured"]["methods"], found["measured"]["tuning"]
    rows = ", ".join(f"{name[4:]} {one['rows']}" for name, one in methods.items())
    shares = ", ".join(f"{name} {one['share']:.0%}" for name, one in tuning.items() if one["share"] is not None)
    return f"rows for {found['measured']['calls']} calls: {rows}; share of the gold gain: {shares}"
