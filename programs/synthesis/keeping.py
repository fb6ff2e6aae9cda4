"""Which candidates of a row are kept, with what weight, and the rows that they become."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

from selftaught.errors import SettingError
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.candidates import OWN, Answers, Candidate, candidates_of, entropy_of
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.programs.vote.decline import share
from selftaught.signatures import Task

Keeping = Literal["right", "all", "inputs"]
Order = Literal["first", "shortest", "score"]
Weigh = Literal["one", "entropy", "share", "wrong"]
Facts = dict[str, Any]

WEIGHTS: dict[Weigh, Callable[[Facts], float]] = {
    "one": lambda facts: 1.0,
    "entropy": lambda facts: facts["entropy"] / math.log2(max(2, facts["samples"])),
    "share": lambda facts: facts["share"],
    "wrong": lambda facts: 1.0 - facts["share_right"],
}
"""By name, what a row's weight is: one, how divided the answers are, how many agree, how many are wrong. In [0, 1]."""


class Kept(Stage):
    """Turns a row with checked candidates into the rows to learn from.

    Args:
        task: what is answered.
        keep: `"right"` candidates; `"all"` that were checked; or the `"inputs"` themselves, with their right answer.
        most: kept for each input; None keeps all.
        order: which come first: the `"first"` drawn, the `"shortest"`, or those of the highest `"score"`. Own ones before
            hinted ones.
        band: the share of right ones, from and to, outside of which an input is dropped.
        mixed: drop an input where no candidate is right, or none is wrong.
        least_share: of the own candidates, that must say what a kept one says.
        weigh: what a row's `weight` comes from, see `WEIGHTS`.
        sharpness: the power of the weight; 0 weighs all alike.
        carry: further fields of the input's row that its rows keep, such as its source or level.
        name: of the stage.

    Raises:
        SettingError: a setting that is none.
    """

    def __init__(
        self, task: str | Task, *, keep: Keeping = "right", most: int | None = None, order: Order = "first",
        band: Sequence[float] = (0.0, 1.0), mixed: bool = False, least_share: float = 0.0, weigh: Weigh = "one",
        sharpness: float = 1.0,
        carry: Sequence[str] = (), name: str = "keep",
    ) -> None:  # fmt: skip
        super().__init__()
        for label, value, kind in (("keep", keep, Keeping), ("order", order, Order), ("weigh", weigh, Weigh)):
            if value not in get_args(kind):
                raise SettingError(f"{label}={value!r}: expected one of {', '.join(map(repr, get_args(kind)))}.")
        if len(band) != 2 or not 0.0 <= band[0] <= band[1] <= 1.0 or sharpness < 0:
            raise SettingError(
                f"band={band!r}, sharpness={sharpness!r}: expected two shares from 0 to 1, and a number of at least 0."
            )
        self.answers, self.keep, self.order, self.weigh, self.sharpness = Answers(task), keep, order, weigh, sharpness
        self.most = None if most is None else at_least("most", most, 1)
        self.band, self.mixed, self.least_share, self.name = tuple(band), mixed, share("least_share", least_share), name
        self.carry = tuple(carry)

    async def run(self, row: Row) -> Sequence[Out]:
        """Select, weigh and write the rows of one input."""
        candidates = candidates_of(row)
        facts = facts_of(self.answers, candidates)
        kept = self.selected(candidates, facts)
        if reason := self.refusal(candidates, facts, kept):
            return [Rejected(row, self.name, reason)]
        if self.keep == "inputs":
            return [
                replace(row, values={**self.given(row), **(self.answers.labels(row) or {}), "share_right": facts["share_right"]})
            ]
        return [row.split(number, self.values(row, one, facts)) for number, one in enumerate(kept)]

    def refusal(self, candidates: Sequence[Candidate], facts: Facts, kept: Sequence[Candidate]) -> str:
        """Return why an input gives no row, or an empty text."""
        checked = {one.right for one in candidates} - {None}
        if self.mixed and len(checked) < 2:
            return "all answers are right" if checked == {True} else "no answer is right"
        if not self.band[0] <= facts["share_right"] <= self.band[1]:
            return f"the share of right answers is outside {self.band[0]:g} to {self.band[1]:g}"
        if self.keep == "inputs" or kept:
            return ""
        return (
            f"the share that agrees is below {self.least_share:g}"
            if True in checked and self.least_share
            else "no answer is right"
        )

    def selected(self, candidates: Sequence[Candidate], facts: Facts) -> list[Candidate]:
        """Return the candidates to keep, in order."""
        fit = [one for one in candidates if one.right is not None and (one.right or self.keep == "all")]
        fit = [
            one for one in fit if one.source != OWN or facts["shares"].get(self.answers.key(one.said), 0.0) >= self.least_share
        ]
        return sorted(self.answers.distinct(fit), key=self._rank)[: self.most]

    def _rank(self, one: Candidate) -> tuple[float, ...]:
        order = {"first": 0.0, "shortest": float(len(self.answers.text(one.said))), "score": -(one.score or 0.0)}
        return float(one.source != OWN), order[self.order]

    def values(self, row: Row, one: Candidate, facts: Facts) -> dict[str, Any]:
        """Return what a row holds. Where the task has a field of a name that is used here, the task's stays."""
        own = {**facts, "share": facts["shares"].get(self.answers.key(one.said), 0.0)}
        told = {name: own[name] for name in ("share", "share_right", "entropy", "tied")}
        found = {"source": one.source, "right": bool(one.right), "score": one.score, **told}
        found["weight"] = WEIGHTS[self.weigh](own) ** self.sharpness
        loss = {"loss": one.loss} if one.loss is not None else {}
        return {**found, **loss, **self.given(row), **one.said}

    def given(self, row: Row) -> dict[str, Any]:
        """Return what a row keeps of the row it was made from."""
        return {**{name: row[name] for name in self.carry if name in row.values}, **self.answers.given(row)}


def facts_of(answers: Answers, candidates: Sequence[Candidate]) -> Facts:
    """Return what the own candidates of a row say together.

    `shares` of each answer, `share_right`, `entropy` in bits, `samples` that were drawn, and `tied` (another answer is as
    frequent).
    """
    own = [one for one in candidates if one.source == OWN]
    shares = answers.shares(own)
    right = sum(bool(one.right) for one in own) / len(own) if own else 0.0
    most = max(shares.values(), default=0.0)
    return {
        "shares": shares, "share_right": right, "entropy": entropy_of(list(shares.values())), "samples": len(own),
        "tied": sum(share == most for share in shares.values()) > 1,
    }  # fmt: skip


def rescaled(rows: Sequence[Row]) -> list[Row]:
    """Return rows whose weights have the mean 1, so that a learning rate means what it means without weights (043)."""
    mean = math.fsum(row["weight"] for row in rows) / len(rows) if rows else 0.0
    return [row.with_values(weight=row["weight"] / mean) for row in rows] if mean else list(rows)


def shaped_reward(right: bool, score: float, alpha: float = 0.5) -> float:
    """Return Qwen2.5-Math's reward (058): a right answer is above every wrong one, and the score only orders within the two.

    Args:
        right: whether the answer is right.
        score: a reward model's, any number.
        alpha: how much the score counts.
    """
    return 1.0 / (1.0 + math.exp(-alpha * score)) + (float(right) - 1.0)
