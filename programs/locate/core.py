"""The locate-and-mend core: cut a chain of steps before its first wrong one, and go on from a better one.

1. Write the steps and the answer, in one call.
2. Locate the first wrong step. None known: return what there is, without a further call.
3. Mend: another step in its place, and what follows from it. What was wrong is banned there. Nothing else to be had: stop.
4. Locate again. The new chain is kept where that speaks for it; otherwise its new step is banned too. Go to 3, for `passes` passes.

The steps before a mistake are never changed. Papers that are this loop with other ways to locate and mend are its subclasses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dspy

from selftaught.programs.base import Calls, Program
from selftaught.programs.judge.step_pairs import PREFIX
from selftaught.programs.normalise import normalise
from selftaught.programs.sampling import at_least
from selftaught.programs.search.chain import Chain, written
from selftaught.programs.search.writing import MORE, MOST_STEPS, rest_of
from selftaught.programs.step import Step
from selftaught.signatures import Task


@dataclass(frozen=True, slots=True)
class Mistake:
    """The first wrong step of a chain, counted from 0.

    `step`: what is to stand there instead, where that is known. `chain`: or even what to go on with. `score`: of the chain
    with the mistake, for those who compare chains.
    """

    at: int
    step: str = ""
    chain: Chain | None = None
    score: float = 0.0


class Banned:
    """Steps that turned out wrong, each after the steps that it was tried after."""

    def __init__(self) -> None:
        self._after: dict[tuple[str, ...], dict[str, str]] = {}

    def add(self, before: tuple[str, ...], step: str) -> None:
        """Ban a step after these steps."""
        self._after.setdefault(Chain(before).key(), {})[normalise(step)] = step

    def after(self, before: tuple[str, ...]) -> dict[str, str]:
        """Return what is banned after these steps: comparable form -> text."""
        return self._after.get(Chain(before).key(), {})


class Mending(Program):
    """Base of programs that write a chain of steps, find its first wrong step, and go on from a better one.

    The prediction also holds `path` (the steps), `changed`, `mistake` (index of the first wrong step of the first chain, None
    where none was found), `wrong` (its text) and `passes` (made).

    Args:
        task: what to do.
        passes: the most mistakes that are mended; 0 is a plain chain.
        recheck: keep a new chain only where locating again speaks for it.
    """

    def __init__(self, task: str | Task, *, passes: int = 1, recheck: bool = True) -> None:
        super().__init__(task)
        self.passes, self.recheck = at_least("passes", passes, 0), recheck
        self.write = Step(rest_of(self.task))

    async def locate(self, inputs: dict[str, Any], chain: Chain) -> Mistake | None:
        """Return the first wrong step; None where none is known."""
        raise NotImplementedError

    async def mended(self, inputs: dict[str, Any], chain: Chain, mistake: Mistake, banned: Banned) -> Chain | None:
        """Return a chain with another step in place of the wrong one, which is banned there; None where there is none."""
        raise NotImplementedError

    def keeps(self, mistake: Mistake, again: Mistake | None) -> bool:
        """Return whether a new chain is to be kept, from the first mistakes of the old and of the new one."""
        return again is None or again.at > mistake.at

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        original = chain = await self.written(inputs, ())  # 1
        first = mistake = await self.locate(inputs, chain) if self.passes else None  # 2
        banned, made = Banned(), 0
        while mistake is not None and made < self.passes:
            made += 1
            better = await self.mended(inputs, chain, mistake, banned)  # 3
            if better is None:
                break
            again = await self.locate(inputs, better) if self.recheck or made < self.passes else None  # 4
            if not self.recheck or self.keeps(mistake, again):
                chain, mistake = better, again
            else:
                banned.add(better.steps[: mistake.at], better.steps[mistake.at])
        at = None if first is None else first.at
        more = {"path": list(chain.steps), "changed": chain.key() != original.key(), "mistake": at, "passes": made}
        return self.answer(chain.outputs or {}, wrong="" if at is None else original.steps[at], **more)

    async def written(self, inputs: dict[str, Any], before: tuple[str, ...]) -> Chain:
        """Return a chain that begins with these steps, carried to its end."""
        return self.chain(inputs, before, await self.write.acall(**inputs, **{PREFIX: list(before)}))

    def chain(self, inputs: dict[str, Any], before: tuple[str, ...], found: dspy.Prediction) -> Chain:
        """Return a chain of the steps before and what was written after them."""
        return Chain((*before, *written(found[MORE], inputs, before))[:MOST_STEPS], self.outputs(found))

    def cost(self) -> Calls:
        """Return the calls of one input: fewest where no mistake is found."""
        if not self.passes:
            return Calls(1, 1)
        located = self.cost_of_location()
        return Calls(1, 1) + located + Calls(0, self.cost_of_mending() + located.at_most) * self.passes

    def cost_of_location(self) -> Calls:
        """Return the calls of locating once."""
        raise NotImplementedError

    def cost_of_mending(self) -> int:
        """Return the most calls of one new chain."""
        raise NotImplementedError
