"""Six real tasks, each with one instruction to start from, one that a person wrote, and three sets of rows apart.

The rows of a file are in random order; the first go to the trainset, the next to the valset, the last to the test. All tasks
have the same fields and start from the same words, so that an optimizer has to find out what is wanted.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START = "Given the input, produce the output."
TRAIN, VAL, TEST = 30, 40, 100
FEW_ROWS = (24, 32, 44)
"""Train, val and test of a task with 100 rows."""
TREC_KINDS = "abbreviation, entity, description, human, location or numeric"
BBH = ("boolean_expressions", "navigate", "web_of_lies", "sports_understanding")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a task comes from: file, fields of input and output, the rows' `task` where the file holds several."""

    file: str
    given: str
    asked: str
    human: str
    tasks: tuple[str, ...] = ()


SOURCES = {
    "plural": Source("instruction_induction.jsonl", "input", "outputs", "Convert the input word to its plural form.", ("singular_to_plural",)),
    "sst2": Source("sst2.jsonl", "text", "label", "Say whether the sentiment of the sentence is positive or negative."),
    "trec": Source("trec.jsonl", "text", "label", f"Say what kind of thing the question asks for: {TREC_KINDS}."),
    "subj": Source("subj.jsonl", "text", "label", "Say whether the sentence is subjective (an opinion) or objective (plot, facts)."),
    "bbh": Source("bbh.jsonl", "question", "answer", "Answer the question. The answer is yes or no, or True or False.", BBH),
    "sums": Source("chain_sum.jsonl", "question", "answer", "Work out the sum. Answer with the number alone."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Data:
    """A task with its rows."""

    name: str
    human: str
    train: list[Any]
    val: list[Any]
    test: list[Any]


def read(folder: Path, name: str, seed: int) -> Data:
    """Return a task. `seed` shuffles train and val; the test rows are always the same."""
    import dspy

    source = SOURCES[name]
    rows = [json.loads(line) for line in (folder / source.file).read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if not source.tasks or row["task"] in source.tasks]
    train, val, test = (TRAIN, VAL, TEST) if len(rows) >= TRAIN + VAL + TEST else FEW_ROWS
    examples = [
        dspy.Example(input=str(row[source.given]), output=_first(row[source.asked])).with_inputs("input")
        for row in rows[: train + val + test]
    ]
    learn, held = examples[: train + val], examples[train + val :]
    learn = random.Random(f"data {seed}").sample(learn, len(learn))
    return Data(name, source.human, learn[:train], learn[train:], held)


def _first(answer: Any) -> str:
    return str(answer[0] if isinstance(answer, list) else answer)


def right(gold: Any, predicted: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None) -> float:
    """Compare answers without case, blanks and punctuation at the ends: the metric of every contestant."""
    return float(plain(gold.output) == plain(getattr(predicted, "output", "")))


def plain(text: Any) -> str:
    """Return an answer in the form that is compared."""
    return re.sub(r"\s+", " ", str(text)).strip().strip(".!?\"'` ").lower()
