"""The stages of Code-as-Task: look around with the tools, run a record against itself, and let an agent try the task."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import dspy

from selftaught.programs.base import Calls, cost_of
from selftaught.programs.code.running import code_in
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.synthesis.challenge_steps import FAILURES, NOTHING, execute, explore
from selftaught.programs.synthesis.evolve_genetic import unparsable
from selftaught.programs.synthesis.row import Origin, Rejected, Row
from selftaught.programs.synthesis.stages import Out, Source, Stage, resampled
from selftaught.programs.synthesis.toolkit import Toolkit

SHOWN_BEFORE = 4


class Challenges(Source):
    """Begins records: the tools, and some tasks that are there already.

    Args:
        toolkit: the tools.
        batch: records a round.
    """

    name, learns = "challenges", True

    def __init__(self, toolkit: Toolkit, *, batch: int) -> None:
        self.toolkit, self.batch = toolkit, at_least("batch", batch, 1)

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row]:
        """Begin a round."""
        before = list(dict.fromkeys(str(row["instruction"]) for row in accepted))[-SHOWN_BEFORE:]
        values = {"tools": self.toolkit.about, "before": before}
        return [Row(values, Origin(self.name, number, (seed, place))) for place in range(self.batch)]


class Explored(Stage):
    """Lets the model write code that calls the tools, and shows it what came of it, `looks` times.

    Adds `explored`: the code and its output, as text.
    """

    name = "explore"

    def __init__(self, toolkit: Toolkit, looks: int, temperature: float) -> None:
        super().__init__()
        self.toolkit, self.looks, self.temperature = toolkit, at_least("looks", looks, 0), temperature
        if looks:
            self.explore = explore()

    async def run(self, row: Row) -> Sequence[Out]:
        """Look around for one record."""
        seen: list[str] = []
        with resampled(row, self.temperature):
            for _ in range(self.looks):
                code = code_in((await self.explore.acall(tools=row["tools"], explored=history(seen))).code)
                seen.append(f"{code.strip()}\nprinted: {await self.toolkit.output(code)}")
        return [row.with_values(explored=history(seen))]

    def cost(self) -> Calls:
        """Return the calls of one record."""
        return cost_of(self.explore) * self.looks if self.looks else Calls(0, 0)


class Holds(Stage):
    """Rejects a record that does not hold when it is run: its solution passes its verifier, and none of its failures does."""

    name = "holds"

    def __init__(self, toolkit: Toolkit) -> None:
        super().__init__()
        self.toolkit = toolkit

    async def run(self, row: Row) -> Sequence[Out]:
        """Run one record."""
        plain = {name: code_in(str(row[name])).strip() for name in ("solution", "verify")}
        failures = [code_in(str(one)).strip() for one in row["failures"]]
        found = row.with_values(**plain, failures=failures)
        reason, detail = await self.refusal(plain["solution"], plain["verify"], failures)
        return [Rejected(found, self.name, reason, detail) if reason else found]

    async def refusal(self, solution: str, verify: str, failures: Sequence[str]) -> tuple[str, str]:
        """Return why a record does not hold, in few words and in many; empty texts where it does."""
        for name, code in (("solution", solution), ("verifier", verify), *(("failure", one) for one in failures)):
            if why := unparsable(code):
                return f"the {name}: {why}", ""
        if len(set(failures)) < FAILURES:
            return f"fewer than {FAILURES} different failures", ""
        own, *others = await asyncio.gather(*(self.toolkit.verified(one, verify) for one in (solution, *failures)))
        if not own.passed:
            return "the solution does not pass", own.why
        return ("a failure passes", "") if any(one.passed for one in others) else ("", "")


class Rollouts(Stage):
    """Lets an agent try a row's task: it is told the tools and the instruction, nothing else of the record.

    Adds `attempts` (of each the `code`, the `reward`, 0 or 1, and `why` it failed) and the score of the stage, their share of 1.
    """

    name = "attempts"

    def __init__(self, toolkit: Toolkit, samples: int, temperature: float, agent: dspy.Module | None = None) -> None:
        super().__init__()
        self.toolkit, self.samples, self.temperature = toolkit, at_least("attempts", samples, 0), temperature
        if samples:
            self.execute = agent or execute()

    async def run(self, row: Row) -> Sequence[Out]:
        """Try one task."""
        if not self.samples:
            return [row.with_values(attempts=[])]
        told = {"tools": row["tools"], "instruction": row["instruction"]}
        drawn = await draw(self.execute, told, self.samples, self.temperature)
        codes = [code_in(str(one.code)).strip() for one in drawn]
        trials = await asyncio.gather(*(self.toolkit.verified(code, row["verify"]) for code in codes))
        found = [
            {"code": code, "reward": int(one.passed), "why": one.why} for code, one in zip(codes, trials, strict=True)
        ]  # fmt: skip
        share = sum(one.passed for one in trials) / len(trials)
        return [row.with_values(attempts=found).scored(self.name, share)]

    def cost(self) -> Calls:
        """Return the calls of one row."""
        return cost_of(self.execute) * self.samples if self.samples else Calls(0, 0)


def history(seen: Sequence[str]) -> str:
    """Return what was seen, as a step is told."""
    return "\n\n".join(seen) or NOTHING
