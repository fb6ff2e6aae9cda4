"""Judges: which of them carries information at this size, and does the best beat a plain score?

Claim: the best configuration (kind of judge, panel, calibration) beats a plain score from 1 to 10 by a significant margin on
at least 3 of 6 sets. The result says whether it does.

Method: six public sets with human or computed labels; of each the first rows (they are in random order) whose text is at
most 700 characters, because a small model on processors reads some hundred tokens a second. Graded sets (is this answer
right?): RealCritic, HaluEval, GSM8K model solutions, FED. Pair sets (which is better?): LLMBar, PandaLM. Every judge sees the
same items at temperature 0. A graded set is judged by AUROC, which needs no threshold; a pair set by the share of pairs that
the judge orders right, ties half. Panels are the mean of their members' scores, and so is a calibration fitted and applied
by cross-validation: neither takes more calls. Differences from the plain score are paired over items (bootstrap, 2,000
resamples), corrected for the number of configurations (Holm) within a set. On GSM8K solutions the model also solves the
question itself, several times: the share of its own samples that end in the solution's number (`recurrence`, 110).

Command: `python -m benchmarks judges --data FOLDER`; set SELFTAUGHT_JUDGE_MODELS to `qwen-0.5b,qwen-1.5b` for both models.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import Options, Skipped

CLAIM = "the best judge configuration beats a plain score from 1 to 10 on at least 3 of 6 sets"
ROWS = int(os.environ.get("SELFTAUGHT_JUDGE_ROWS", "50"))
LONGEST = 700
SOLVED, SAMPLES = 30, 4
RUNS = Path(os.environ.get("SELFTAUGHT_JUDGE_RUNS", "runs/benchmark-judges"))


@dataclass
class Item:
    """One answer with its label, or one pair. `answers`: one text, or two; `label`: goodness, or which of two is better (0, 1)."""

    inputs: dict[str, str]
    answers: list[str]
    label: float
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Set:
    """A data set: its file, its task, and how a row becomes items."""

    file: str
    task: str
    items: Callable[[dict[str, Any]], Iterator[Item]]


def _pair(row: dict[str, Any]) -> Iterator[Item]:
    given = row["instruction"] + (f"\n{row['input']}" if row.get("input") else "")
    yield Item({"instruction": given}, [row["output_1"], row["output_2"]], float(row["label"] - 1))


def _realcritic(row: dict[str, Any]) -> Iterator[Item]:
    yield Item({"question": row["question"]}, [row["solution"]], float(row["is_correct"]))


def _halueval(row: dict[str, Any]) -> Iterator[Item]:
    yield Item({"question": row["question"]}, [row["response"]], float(row["hallucination"] == "no"))


def _solutions(row: dict[str, Any]) -> Iterator[Item]:
    """One right and one wrong solution of a question that has both."""
    for wanted in (True, False):
        found = next((one for one in row["candidates"] if one["is_correct"] is wanted), None)
        if found is not None and len({one["is_correct"] for one in row["candidates"]}) == 2:
            yield Item({"question": row["question"]}, [_plain(found["solution"])], float(wanted), {"id": row["id"]})


def _fed(row: dict[str, Any]) -> Iterator[Item]:
    yield Item({"dialogue": row["context"]}, [row["response"].removeprefix("System: ")], row["human_mean"]["Overall"] / 4)


def _plain(solution: str) -> str:
    return re.sub(r"<<[^>]*>>", "", solution)


SETS = {
    "LLMBar": Set("llmbar.jsonl", "instruction -> response", _pair),
    "PandaLM": Set("pandalm_pairs.jsonl", "instruction -> response", _pair),
    "HaluEval": Set("halueval_general.jsonl", "question -> response", _halueval),
    "GSM8K solutions": Set("gsm8k_model_solutions.jsonl", "question -> solution", _solutions),
    "FED": Set("fed_dialogue_quality.jsonl", "dialogue -> response", _fed),
    "RealCritic": Set("realcritic.jsonl", "question -> solution", _realcritic),
}


def items_of(folder: Path, name: str, rows: int = ROWS) -> list[Item]:
    """Return the items of a set: short enough, in the file's random order, ties of the annotators left out."""
    found: list[Item] = []
    for line in (folder / SETS[name].file).read_text(encoding="utf-8").splitlines():
        for item in SETS[name].items(json.loads(line)):
            if sum(map(len, (*item.inputs.values(), *item.answers))) <= LONGEST and 0.0 <= item.label <= 1.0:
                found.append(item)
        if len(found) >= rows:
            break
    return found[:rows]


def judges_of(task: str, pairs: bool) -> dict[str, Any]:
    """Return the judges measured, by name."""
    import selftaught as st

    found: dict[str, Any] = {
        "plain 1 to 10": st.judges.Rating(task, reasons=False),
        "expected 0 to 9": st.judges.SelfJ(task),
        "verify both ways": st.judges.Verify(task),
    }
    return {**found, "pairwise both orders": st.judges.Pairwise(task)} if pairs else found


def collect(folder: Path, model: str, name: str, rows: int = ROWS) -> dict[str, Any]:
    """Return the raw verdicts of every judge on a set: a score for each answer, or the chance that the first is better."""
    import dspy

    import selftaught as st
    from selftaught.programs.judge import Pairwise

    items, output = items_of(folder, name, rows), SETS[name].task.split("-> ")[1]
    pairs = len(items[0].answers) == 2
    verdicts: dict[str, Any] = {}
    for kind, judge in judges_of(SETS[name].task, pairs).items():
        data = _examples(items, output, compared=isinstance(judge, Pairwise))
        found = st.evaluate(judge, data, _score, concurrency=8, run_dir=RUNS / f"{model}-{name}-{kind}".replace(" ", "-"))
        by_row = {row.index: row for row in found.rows}
        verdicts[kind] = {
            "scores": [by_row[i].answers[0]["score"] if i in by_row and by_row[i].answers else None for i in range(len(data))],
            "consistent": _consistent(found.rows), "calls": sum(row.calls for row in found.rows) / max(1, len(items)),
            "tokens": sum(row.tokens for row in found.rows) / max(1, len(items)), "failed": found.failed,
        }  # fmt: skip
    assert dspy.settings.lm is not None
    return {"pairs": pairs, "labels": [item.label for item in items], "verdicts": verdicts}


def _examples(items: list[Item], output: str, *, compared: bool) -> list[Any]:
    import dspy

    rows = []
    for item in items:
        if compared:
            first, second = item.answers
            given = {**item.inputs, output: first, "reference": second}
            rows.append(dspy.Example(**given).with_inputs(*given))
        else:
            for answer in item.answers:
                given = {**item.inputs, output: answer}
                rows.append(dspy.Example(**given).with_inputs(*given))
    return rows


def _score(example: Any, prediction: Any) -> float:
    return float(prediction.score or 0.0)


def _consistent(rows: list[Any]) -> float | None:
    criteria = [one for row in rows if row.answers for one in row.answers[0]["verdict"].criteria]
    return sum(one.passed is not None for one in criteria) / len(criteria) if criteria else None
