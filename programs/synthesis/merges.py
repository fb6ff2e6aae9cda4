"""Merging single questions into one over several passages, and the proof that each passage is needed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import dspy
import numpy as np

from selftaught.embedding import Encoder, embed
from selftaught.errors import CallError
from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.normalise import normalise
from selftaught.programs.step import Step
from selftaught.programs.synthesis.hops import Single
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Out, Stage


class Merge(Stage):
    """Turns a group with `singles` into rows, one for each merge.

    Args:
        hops: single questions in one, at most.
        starts: chains, at most.
        near: neighbours of a start, in its document and in others.
        encoder: see `selftaught.embedding`.
    """

    name = "merge"

    def __init__(self, hops: int, starts: int, near: int, encoder: Encoder | None) -> None:
        super().__init__()
        self.hops, self.starts, self.near, self.encoder = hops, starts, near, encoder
        self.merge = Step(MERGE)

    async def run(self, row: Row) -> Sequence[Out]:
        """Merge the questions of one group; the chains together, the merges of one chain in turn."""
        singles = row["singles"]
        near = likeness(singles, self.encoder)
        chains: dict[frozenset[int], list[int]] = {}
        for start in self._begun(row):
            for chain in self._chains(start, singles, near):
                chains.setdefault(frozenset(chain[:2]), chain)  # a pair is merged once, from whichever end
        made = await survivors(self._merged([singles[one] for one in chain]) for chain in chains.values())
        found = [one for merged in made if merged for one in merged]
        rows = [row.split(number, one) for number, one in enumerate(found)]
        return rows or [Rejected(row, self.name, "no merge")]

    def _begun(self, row: Row) -> list[int]:
        count = len(row["singles"])
        return random.Random(row.id).sample(range(count), min(self.starts, count))

    def _chains(self, start: int, singles: Sequence[Single], near: np.ndarray) -> list[list[int]]:
        """Return chains from a start over each of its nearest, on to the nearest that is not in the chain."""
        order = [int(one) for one in np.argsort(-near[start], kind="stable") if one != start]
        fitting = [one for one in order if mergeable(singles[start], singles[one])]
        here = [one for one in fitting if singles[one]["document"] == singles[start]["document"]][: self.near]
        there = [one for one in fitting if singles[one]["document"] != singles[start]["document"]][: self.near]
        chains = []
        for second in [*here, *there]:
            chain = [start, second]
            rest = [one for one in (int(one) for one in np.argsort(-near[second], kind="stable")) if one not in chain]
            chains.append((chain + [one for one in rest if mergeable(singles[second], singles[one])])[: self.hops])
        return chains

    async def _merged(self, chain: Sequence[Single]) -> list[dict[str, Any]]:
        """Merge a chain, one more question at a time; what fails ends it."""
        current: Mapping[str, Any] = chain[0]
        rows: list[dict[str, Any]] = []
        for number, other in enumerate(chain[1:], 2):
            try:
                said = await self.merge.acall(
                    question=current["question"], answer=current["answer"], other_question=other["question"],
                    other_answer=other["answer"],
                )  # fmt: skip
            except CallError:
                if not rows:
                    raise
                break
            if normalise(said.merged_question) in (normalise(current["question"]), normalise(other["question"])):
                break  # one of the two, and no merge
            rows.append(row_of(chain[:number], said))
            current = {"question": said.merged_question, "answer": said.merged_answer}
        return rows

    def cost(self) -> Calls:
        """Return the calls of one group."""
        return Calls(1, self.starts * 2 * self.near * (self.hops - 1))


class LeaveOneOut(Stage):
    """Rejects a row whose question can be answered with one of its passages missing."""

    name = "leave one out"

    def __init__(self) -> None:
        super().__init__()
        self.enough = Step(ENOUGH)

    async def run(self, row: Row) -> Sequence[Out]:
        """Ask about one row with each passage missing."""
        passages = row["passages"]
        if len(passages) < 2:
            return [row]
        left = ["\n\n".join(passages[:missing] + passages[missing + 1 :]) for missing in range(len(passages))]
        said = await survivors(self.enough.acall(text=one, question=row["instruction"]) for one in left)
        return [Rejected(row, self.name, "one passage is not needed") if any(one is None or one.enough for one in said) else row]

    def cost(self) -> Calls:
        """Return the calls of a row with two passages."""
        return Calls(0, 2)


def likeness(singles: Sequence[Single], encoder: Encoder | None) -> np.ndarray:
    """Return the cosines of all pairs of questions with their answers."""
    rows = embed([f"{one['question']} {one['answer']}" for one in singles], encoder)
    return (rows @ rows.T).round(9)


def mergeable(one: Single, other: Single) -> bool:
    """True where two questions have different answers."""
    return normalise(one["answer"]) != normalise(other["answer"])


def row_of(used: Sequence[Single], said: Any) -> dict[str, Any]:
    """Return a merge as a row."""
    passages = list(dict.fromkeys(one["passage"] for one in used))
    documents = list(dict.fromkeys(one["document"] for one in used))
    return {
        "instruction": said.merged_question, "output": said.merged_answer, "reasoning": said.reasoning, "passages": passages,
        "input": "\n\n".join(passages), "documents": documents, "cites": [one["id"] for one in used], "hops": len(used),
        "kind": "inter" if len(documents) > 1 else "intra", "singles": list(used),
    }  # fmt: skip


MERGE = dspy.make_signature(
    {
        "question": (str, dspy.InputField()), "answer": (str, dspy.InputField()), "other_question": (str, dspy.InputField()),
        "other_answer": (str, dspy.InputField()),
        "merged_question": (str,
            dspy.OutputField(desc="one question that cannot be answered without both facts", max_length=400)),
        "reasoning": (str, dspy.OutputField(desc="how both facts lead to the answer", max_length=500)),
        "merged_answer": (str, dspy.OutputField(desc="short", max_length=200)),
    },
    "Make one question of two: compare, put in order, count together, or let one lead to the other. Do not join them with "
    "and. Do not tell the "
    "answers in the question.", "Merge",
)  # fmt: skip
ENOUGH = dspy.make_signature(
    {
        "text": (str, dspy.InputField()), "question": (str, dspy.InputField()),
        "enough": (bool, dspy.OutputField(desc="the text alone is enough to answer all of the question")),
    },
    "Say whether the text holds every fact that the question needs.", "Enough",
)  # fmt: skip
