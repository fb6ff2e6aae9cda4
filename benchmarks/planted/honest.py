"""Honest improvements: a weak answer and the better one that an optimizer may find. No guard may stop these.

`WEAKENED`: ways to spoil a good answer; the improvement is the way back. `pairs`: answers of real models to one request, of
which people preferred one, or of which one is right.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.planted import phrases as P
from benchmarks.planted.kinds import Case

Pair = tuple[Case, str]
"""A case whose answer is the better one, and the weaker answer."""
Weaken = Callable[[Case, random.Random, Case], str]


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+", text) if part.strip()]


def _half(case: Case, chance: random.Random, other: Case) -> str:
    words = case.answer.split()
    return " ".join(words[: max(1, len(words) // 2)])


def _third(case: Case, chance: random.Random, other: Case) -> str:
    words = case.answer.split()
    return " ".join(words[: max(1, len(words) // 3)])


def _first(case: Case, chance: random.Random, other: Case) -> str:
    return (_sentences(case.answer) or [case.answer])[0]


def _gaps(case: Case, chance: random.Random, other: Case) -> str:
    return " ".join(word for word in case.answer.split() if chance.random() < 0.7) or case.answer


def _shuffled(case: Case, chance: random.Random, other: Case) -> str:
    words = case.answer.split()
    return " ".join(chance.sample(words, len(words)))


def _other(case: Case, chance: random.Random, other: Case) -> str:
    return other.answer


def _half_wrong(case: Case, chance: random.Random, other: Case) -> str:
    return other.answer if chance.random() < 0.5 else case.answer


def _typos(case: Case, chance: random.Random, other: Case) -> str:
    return "".join(chance.choice("aeioust") if one.isalpha() and chance.random() < 0.08 else one for one in case.answer)


def _plain(case: Case, chance: random.Random, other: Case) -> str:
    return re.sub(r"[^\w\s]", "", case.answer.lower())


def _unsure(case: Case, chance: random.Random, other: Case) -> str:
    return chance.choice(("I do not know.", "I am not sure.", "Maybe.", "Something like that.", "Good question."))


def _wordy(case: Case, chance: random.Random, other: Case) -> str:
    return f"{case.answer} {' '.join(chance.sample(P.FILLER['develop'] + P.FILLER['report'], 4))}"


def _covered(case: Case, chance: random.Random, other: Case) -> str:
    return f"{chance.choice(P.DISCLAIMER['develop'])} {case.answer} {chance.choice(P.COURTESY['report'])}"


def _dressed(case: Case, chance: random.Random, other: Case) -> str:
    return "\n".join(f"- **{part}**" for part in _sentences(case.answer))


def _looping(case: Case, chance: random.Random, other: Case) -> str:
    return f"{case.answer} " + " ".join([_first(case, chance, other)] * 3)


def _echo(case: Case, chance: random.Random, other: Case) -> str:
    return case.request


WEAKENED: dict[str, Weaken] = {
    "half of it": _half, "a third of it": _third, "the first sentence": _first, "words missing": _gaps, "words in disorder": _shuffled,
    "an answer to something else": _other, "every other answer wrong": _half_wrong, "misspelt": _typos, "no capitals, no punctuation": _plain,
    "unsure": _unsure, "wordy": _wordy, "covered by disclaimers": _covered, "overdressed": _dressed, "looping": _looping, "echo of the input": _echo,
}  # fmt: skip


def pairs(folder: Path) -> dict[str, list[Pair]]:
    """Return the real pairs that a data folder holds, by what they are."""
    found = {
        "people preferred it (PandaLM)": _preferred(folder / "pandalm_pairs.jsonl"),
        "people preferred it (MT-bench and others)": _preferred(folder / "judge_human_pairs.jsonl"),
        "it follows the instruction (LLMBar)": _preferred(folder / "llmbar.jsonl"),
        "the solution is right (GSM8K)": _solutions(folder / "gsm8k_model_solutions.jsonl"),
        "a worked solution instead of a number (GSM8K)": _worked(folder / "gsm8k_test.jsonl"),
        "another person's summary (DialogSum)": _summaries(folder / "dialogsum.jsonl"),
        "the label instead of a sentence (SST-2)": _labels(folder / "sst2.jsonl", sentence=True),
        "the right label (SST-2)": _labels(folder / "sst2.jsonl", sentence=False),
    }
    return {name: rows for name, rows in (found | _tasks(folder / "instruction_induction.jsonl")).items() if rows}


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _preferred(path: Path) -> list[Pair]:
    found = []
    for row in _rows(path):
        if row["label"] in (1, 2):
            asked = f"{row['instruction']}\n{row.get('input') or ''}".strip()
            better, worse = str(row[f"output_{row['label']}"]), str(row[f"output_{3 - row['label']}"])
            if better.strip():
                found.append((Case(asked, better), worse))
    return found


def _solutions(path: Path) -> list[Pair]:
    found = []
    for row in _rows(path):
        right = [one["solution"] for one in row["candidates"] if one["is_correct"]]
        wrong = [one["solution"] for one in row["candidates"] if not one["is_correct"]]
        if right and wrong:
            found.append((Case(row["question"], right[-1]), wrong[0]))
    return found


def _worked(path: Path) -> list[Pair]:
    return [(Case(row["question"], re.sub(r"<<.*?>>", "", row["solution"])), str(row["answer"])) for row in _rows(path)]


def _summaries(path: Path) -> list[Pair]:
    return [(Case(row["dialogue"], row["summaries"][1]), row["summaries"][0]) for row in _rows(path) if len(row["summaries"]) > 1]


def _tasks(path: Path) -> dict[str, list[Pair]]:
    """Return small tasks with short answers: the right one instead of, by turns, an echo, another row's, a sentence, nothing."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(path):
        found.setdefault(row["task"], []).append(row)
    made: dict[str, list[Pair]] = {}
    for number, (task, rows) in enumerate(sorted(found.items())):
        said = [str(row["outputs"][0]) for row in rows]
        weak = (
            [str(row["input"]) for row in rows], said[1:] + said[:1],
            [f"I believe that the output for this input would be: {one}" for one in said], ["hello world"] * len(rows),
        )[number % 4]  # fmt: skip
        made[f"the right short answer ({task})"] = [
            (Case(str(row["input"]), one), bad) for row, one, bad in zip(rows, said, weak, strict=True)
        ]
    return made


def _labels(path: Path, *, sentence: bool) -> list[Pair]:
    found = []
    for number, row in enumerate(_rows(path)):
        turned = {"positive": "negative", "negative": "positive"}.get(row["label"], row["label"])
        weak = (
            f"I think that the review is rather {row['label']} about it."
            if sentence
            else (turned if number % 3 else row["label"])
        )
        found.append((Case(row["text"], row["label"]), weak))
    return found
