"""Rejection-sampled judgements (159): draw a judge's verdicts on labelled pairs and keep the right ones, balanced.

1. Draw several verdicts on each pair, as it stands.
2. A verdict is right when it names the label's answer. A tie, or an answer that cannot be read, never is.
3. Keep one right verdict of each order of a pair, chosen by the seed, and only if there is one of both orders: so the kept
   verdicts say "first" as often as "second".
4. Report how often the judge is right, and how often it names the same answer in both orders, apart: neither tells the other.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json

from selftaught.errors import AnswerError, DataError, SettingError
from selftaught.loop import run_sync
from selftaught.programs.judge.pairwise import Pairwise
from selftaught.programs.judge.rating import SAMPLE_TEMPERATURE
from selftaught.programs.sampling import at_least, draw
from selftaught.signatures import input_names, output_names, render

OTHER = {"first": "second", "second": "first"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """One verdict on a labelled pair. `row`: the number of the pair; `asked`: what the judge saw; `right`: whether `better` is the label."""

    row: int
    asked: dict[str, Any]
    better: str
    reason: str
    right: bool


@dataclass(frozen=True, slots=True)
class Rejection:
    """What became of the verdicts.

    Attributes:
        kept: right ones, as many for "first" as for "second".
        wrong: verdicts for the other answer, and ties.
        accuracy: share of the readable verdicts that are right; None without any.
        consistency: share of pairs on which most verdicts name the same answer in both orders; None where no pair has verdicts in both.
        drawn: readable verdicts. unreadable: the others.
    """

    kept: tuple[Judgement, ...]
    wrong: tuple[Judgement, ...]
    accuracy: float | None
    consistency: float | None
    drawn: int
    unreadable: int


def rejection_sampled(
    judge: Pairwise, pairs: Sequence[dspy.Example], samples: int = 5, *, temperature: float = SAMPLE_TEMPERATURE, seed: int = 0
) -> Rejection:
    """Draw a judge's verdicts on labelled pairs and keep the right ones.

    Args:
        judge: a pairwise judge; with `reason=True` the verdicts say why. Each pair is asked in the order in which it stands.
        pairs: as `construct_pairs` makes them: task inputs, `first`, `second`, `better`; both orders of each.
        samples: verdicts drawn for each.
        temperature: at which they are drawn.
        seed: which of several right ones is kept.

    Raises:
        DataError: no pairs, or one without a label. SettingError: a judge that does not compare.
    """
    if not isinstance(judge, Pairwise):
        raise SettingError(f"judge={type(judge).__name__}: expected a judge that compares, such as Pairwise(task, reason=True).")
    at_least("samples", samples, 1)
    if not pairs:
        raise DataError("There are no pairs to judge.")
    for number, pair in enumerate(pairs):
        if pair.get("better") not in OTHER:
            raise DataError(f"Pair {number} has better={pair.get('better')!r}: expected 'first' or 'second'.")
    found = run_sync(lambda: _drawn(judge, pairs, samples, temperature))
    return _sorted(found, _orders(judge, pairs), len(pairs) * samples, random.Random(seed))


async def _drawn(judge: Pairwise, pairs: Sequence[dspy.Example], samples: int, temperature: float) -> list[list[Judgement]]:
    async def one(number: int, pair: dspy.Example) -> list[Judgement]:
        asked = {**_inputs(judge, pair), "first_draft": _text(judge, pair.first), "second_draft": _text(judge, pair.second)}
        try:
            said = await draw(judge.choose, asked, samples, temperature)  # 1
        except AnswerError:
            return []
        words = [(str(each.better), str(each.get("reason", ""))) for each in said]
        return [Judgement(number, asked, better, reason, better == pair.better) for better, reason in words]  # 2

    with judge.judging():
        return list(await asyncio.gather(*(one(number, pair) for number, pair in enumerate(pairs))))


def _orders(judge: Pairwise, pairs: Sequence[dspy.Example]) -> list[dict[str, int]]:
    """Return, for each pair that is there in both orders, the row in which the label is first, and that in which it is second."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for number, pair in enumerate(pairs):
        answers = (pair.first, pair.second) if pair.better == "first" else (pair.second, pair.first)
        key = json.dumps(serialize_for_json([_inputs(judge, pair), *answers]), sort_keys=True)
        found[key].setdefault(pair.better, number)
    return [rows for rows in found.values() if len(rows) == 2]


def _sorted(found: list[list[Judgement]], orders: list[dict[str, int]], asked: int, chance: random.Random) -> Rejection:
    kept: list[Judgement] = []
    same = []
    for rows in orders:
        both = [found[rows["first"]], found[rows["second"]]]
        right = [[one for one in said if one.right] for said in both]
        if all(right):  # 3
            kept += [chance.choice(said) for said in right]
        if all(both):  # 4
            same.append(_winner(both[0]) == OTHER.get(_winner(both[1]), "tie"))
    every = [one for said in found for one in said]
    wrong = tuple(one for one in every if not one.right)
    return Rejection(
        tuple(kept), wrong, 1 - len(wrong) / len(every) if every else None, sum(same) / len(same) if same else None,
        len(every), asked - len(every),
    )  # fmt: skip


def _winner(said: list[Judgement]) -> str:
    """Return what most verdicts say; a tie where none leads."""
    first, *others = Counter(one.better for one in said).most_common()
    return "tie" if others and others[0][1] == first[1] else first[0]


def _inputs(judge: Pairwise, pair: dspy.Example) -> dict[str, Any]:
    return {name: pair[name] for name in input_names(judge.task) if name in pair}


def _text(judge: Pairwise, answer: Any) -> str:
    names = output_names(judge.task)
    return render(names, answer if isinstance(answer, dict) and len(names) > 1 else {names[0]: answer})
