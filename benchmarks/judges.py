"""Judges: which of them carries information at this size, and does the best beat a plain score?

Claim: the best configuration (kind of judge, or a panel) beats a plain score from 1 to 10 by a significant margin on
at least 3 of 6 sets. The result says whether it does.

Method: six public sets with human or computed labels; of each the first rows (they are in random order) whose text is at
most 700 characters, because a small model on processors reads some hundred tokens a second. Graded sets (is this answer
right?): RealCritic, HaluEval, GSM8K model solutions, FED. Pair sets (which is better?): LLMBar, PandaLM. Every judge sees the
same items at temperature 0. A graded set is judged by AUROC, which needs no threshold; a pair set by the share of pairs that
the judge orders right, ties half. The panel is the mean of its members' scores and takes no more calls. On GSM8K solutions
the model also solves the question itself, four times with reasoning: the share of its samples that end in the solution's
number (110). Differences from the plain score are paired over items (bootstrap, 2,000 resamples), corrected for the number of
configurations (Holm) within a set.

Command: `python -m benchmarks judges --data FOLDER`; set SELFTAUGHT_JUDGE_MODELS to `qwen-0.5b,qwen-1.5b` for both models.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.measure import Options, Skipped, result

CLAIM = "the best judge configuration beats a plain score from 1 to 10 on at least 3 of 6 sets"
ROWS = int(os.environ.get("SELFTAUGHT_JUDGE_ROWS", "50"))
LONGEST, RESAMPLES = 700, 2000
MODELS = os.environ.get("SELFTAUGHT_JUDGE_MODELS", "qwen-0.5b").split(",")
SAMPLES = 4
PLAIN, COMPARING, AGREEING = "plain 1 to 10", "pairwise both orders", "own samples agree"
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
    final: Callable[[str], float | None] | None = None


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


def _number(solution: str) -> float | None:
    """Return the number that a solution ends in."""
    found = re.search(r"####\s*\$?(-?[\d,]*\.?\d+)", solution)
    return float(found.group(1).replace(",", "")) if found else None


def _plain(solution: str) -> str:
    return re.sub(r"<<[^>]*>>", "", solution)


SETS = {
    "LLMBar": Set("llmbar.jsonl", "instruction -> response", _pair),
    "PandaLM": Set("pandalm_pairs.jsonl", "instruction -> response", _pair),
    "HaluEval": Set("halueval_general.jsonl", "question -> response", _halueval),
    "GSM8K solutions": Set("gsm8k_model_solutions.jsonl", "question -> solution", _solutions, _number),
    "FED": Set("fed_dialogue_quality.jsonl", "dialogue -> response", _fed),
    "RealCritic": Set("realcritic.jsonl", "question -> solution", _realcritic),
}


def run(options: Options) -> dict[str, Any]:
    """Measure, and return the result."""
    folder = Path(options.data or "")
    if options.data is None or any(not (folder / one.file).exists() for one in SETS.values()):
        raise Skipped("give --data FOLDER with " + ", ".join(one.file for one in SETS.values()))
    import dspy

    import selftaught as st
    from selftaught.errors import SelftaughtError

    found: dict[str, Any] = {}
    for model in MODELS:
        try:
            lm = st.lm(model, max_tokens=200)
        except SelftaughtError as error:
            raise Skipped(f"{model} is not here: {type(error).__name__}") from error
        with dspy.context(lm=lm):
            found[model] = {name: measured(collect(folder, model, name)) for name in SETS}
    return summarised(found)


def summarised(found: dict[str, Any]) -> dict[str, Any]:
    """Return the result of the benchmark from the figures of each model and set."""
    wins = {model: [name for name, one in sets.items() if one["beats_plain"]] for model, sets in found.items()}
    met = any(len(names) >= 3 for names in wins.values())
    informative = {
        model: {
            name: [kind for kind, figure in one["judges"].items() if figure["interval"][0] > 0.5] for name, one in sets.items()
        }
        for model, sets in found.items()
    }
    data = {
        "rows": ROWS,
        "seed": 0,
        "date": date.today().isoformat(),
        "longest": LONGEST,
        "sets_where_the_best_beats_plain": wins,
        "above_chance": informative,
        "models": found,
    }
    return result("judges", CLAIM, measured=data, target="at least 3 of 6 sets", met=met)


def line(found: dict[str, Any]) -> str:
    """Return the result in one line."""
    data = found["measured"]
    parts = []
    for model, wins in data["sets_where_the_best_beats_plain"].items():
        above = sum(bool(kinds) for kinds in data["above_chance"][model].values())
        parts.append(f"{model}: better than plain on {len(wins)} sets, any judge above chance on {above} of {len(SETS)}")
    return "; ".join(parts)


def measured(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of one set: each configuration with its interval, its cost, and its difference from the plain score."""
    from selftaught.statistics import holm

    labels = raw["labels"] if not raw["pairs"] else [float(label == 0.0) for label in raw["labels"]]
    each = {kind: _per_item(one["scores"], raw["pairs"], kind == COMPARING) for kind, one in raw["verdicts"].items()}
    each |= _panels(each)
    judges = {
        kind: {**_figure(scores, labels, raw["pairs"]), **_cost(raw["verdicts"].get(kind))} for kind, scores in each.items()
    }
    rivals = [kind for kind in each if kind != PLAIN]
    differences = [_difference(each[kind], each[PLAIN], labels, raw["pairs"]) for kind in rivals]
    for kind, difference, p in zip(rivals, differences, holm([one["p"] for one in differences]), strict=True):
        judges[kind]["against_plain"] = {**difference, "p": p}
    best = max(rivals, key=lambda kind: judges[kind]["value"])
    won = [kind for kind in rivals if judges[kind]["against_plain"]["value"] > 0 and judges[kind]["against_plain"]["p"] <= 0.05]
    return {"n": len(labels), "measure": "pairs ordered right" if raw["pairs"] else "AUROC", "best": best, "beats_plain": won, "judges": judges}  # fmt: skip


def _per_item(scores: list[float | None], pairs: bool, compared: bool) -> list[float | None]:
    """Return one number for each item: the score, or how much better the first of a pair is, from -1 to 1."""
    if not pairs:
        return scores
    if compared:
        return [None if one is None else 2 * one - 1 for one in scores]
    return [None if a is None or b is None else a - b for a, b in zip(scores[::2], scores[1::2], strict=True)]


def _panels(each: dict[str, list[float | None]]) -> dict[str, list[float | None]]:
    """Return panels: the mean of their members, each brought to the same spread (a member that failed is left out)."""
    import numpy as np

    members = {kind: scores for kind, scores in each.items() if kind != PLAIN}
    spread = {kind: np.nanstd(np.array(scores, dtype=float)) or 1.0 for kind, scores in members.items()}
    rows = zip(
        *([None if one is None else one / spread[kind] for one in scores] for kind, scores in members.items()), strict=True
    )
    mean = [float(np.mean(known)) if (known := [one for one in row if one is not None]) else None for row in rows]
    return {"panel of all but plain": mean}


def _statistic(scores: Any, labels: Any, pairs: bool) -> float:
    """Return the AUROC (ties half; for numbers, of all pairs with different labels), or the share of pairs ordered right."""
    import numpy as np

    if pairs:
        return float(np.mean(np.where(scores == 0, 0.5, (scores > 0) == (labels > 0.5))))
    order = np.sign(np.subtract.outer(labels, labels))
    total = np.abs(order).sum()
    return float(0.5 + (order * np.sign(np.subtract.outer(scores, scores))).sum() / (2 * total)) if total else 0.5


def _resampled(labels: list[float], known: list[int], statistic: Callable[[Any], float]) -> list[float]:
    import numpy as np

    draws = np.random.default_rng(0).integers(0, len(known), (RESAMPLES, len(known)))
    return [statistic(np.asarray(known)[picks]) for picks in draws]


def _figure(scores: list[float | None], labels: list[float], pairs: bool) -> dict[str, Any]:
    import numpy as np

    known = [number for number, one in enumerate(scores) if one is not None]
    s, y = np.array([-9.0 if one is None else one for one in scores]), np.array(labels)
    drawn = _resampled(labels, known, lambda picks: _statistic(s[picks], y[picks], pairs))
    low, high = np.quantile(drawn, (0.025, 0.975))
    ties = (
        float(np.mean([scores[number] == 0 for number in known])) if pairs else 1 - len({scores[n] for n in known}) / len(known)
    )
    value = _statistic(s[known], y[known], pairs)
    return {"value": value, "interval": [float(low), float(high)], "n": len(known), "ties": ties}


def _difference(one: list[float | None], other: list[float | None], labels: list[float], pairs: bool) -> dict[str, Any]:
    """Return a paired difference with its bootstrap interval and two-sided p."""
    import numpy as np

    known = [number for number, (a, b) in enumerate(zip(one, other, strict=True)) if a is not None and b is not None]
    a, b, y = (np.array([0.0 if value is None else value for value in values]) for values in (one, other, labels))
    drawn = np.array(
        _resampled(labels, known, lambda picks: _statistic(a[picks], y[picks], pairs) - _statistic(b[picks], y[picks], pairs))
    )
    low, high = np.quantile(drawn, (0.025, 0.975))
    tail = min(np.sum(drawn <= 0), np.sum(drawn >= 0))
    value = _statistic(a[known], y[known], pairs) - _statistic(b[known], y[known], pairs)
    return {"value": value, "interval": [float(low), float(high)], "p": float(min(1.0, 2 * (tail + 1) / (RESAMPLES + 1)))}


def _cost(verdicts: dict[str, Any] | None) -> dict[str, Any]:
    if verdicts is None:
        return {}
    return {name: verdicts[name] for name in ("calls", "tokens", "failed", "consistent")}


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
        PLAIN: st.judges.Rating(task, reasons=False),
        "expected 0 to 9": st.judges.SelfJ(task),
        "verify both ways": st.judges.Verify(task),
    }
    return {**found, COMPARING: st.judges.Pairwise(task)} if pairs else found


def collect(folder: Path, model: str, name: str, rows: int = ROWS) -> dict[str, Any]:
    """Return the raw verdicts of every judge on a set: a score for each answer, or the chance that the first is better."""
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
    if SETS[name].final is not None:
        verdicts[AGREEING] = _agreement(items, SETS[name].final, RUNS / f"{model}-{name}-own-samples".replace(" ", "-"))
    return {"pairs": pairs, "labels": [item.label for item in items], "verdicts": verdicts}


def _agreement(items: list[Item], final: Callable[[str], float | None], folder: Path) -> dict[str, Any]:
    """Return how many of the model's own samples, with reasoning, end in the number of each solution (110)."""
    import dspy

    import selftaught as st

    own = st.Predict("question -> reasoning, answer: float")
    judge = st.judges.Confidence("question -> answer: float", how="recurrence", samples=SAMPLES, generate=own)
    known = [(number, value) for number, item in enumerate(items) if (value := final(item.answers[0])) is not None]
    data = [dspy.Example(**items[n].inputs, answer=value).with_inputs(*items[n].inputs, "answer") for n, value in known]
    found = st.evaluate(judge, data, _score, concurrency=8, run_dir=folder)
    scores: list[float | None] = [None] * len(items)
    for row in found.rows:
        scores[known[row.index][0]] = row.answers[0]["score"] if row.answers else None
    return {
        "scores": scores, "consistent": None, "calls": sum(row.calls for row in found.rows) / len(items),
        "tokens": sum(row.tokens for row in found.rows) / len(items), "failed": found.failed,
    }  # fmt: skip


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
