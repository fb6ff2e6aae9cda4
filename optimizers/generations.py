"""Strategies in rounds: think of candidates, have them raced, keep the best as parents, think again."""

from __future__ import annotations

from collections.abc import Sequence

from selftaught.optimizers.candidate import BASELINE, Candidate, Tuning
from selftaught.optimizers.strategy import Problem, Standing, Trial, raced


class Generations:
    """Base of strategies in rounds. A subclass says what to try first, and what to try after it was told how things stand.

    Args:
        problem: what is known.
        rounds: the most rounds; the first is `first`'s.
        keep: parents that are kept from round to round, best first; a parent is only replaced by a better one.

    Attributes:
        parents: how the best candidates so far stand.
        told: every standing so far, by key, in the order told.
        round: rounds that were asked.
    """

    def __init__(self, problem: Problem, *, rounds: int = 1, keep: int = 1) -> None:
        self.problem, self.rounds, self.keep = problem, rounds, keep
        self.parents: list[Standing] = []
        self.told: dict[str, Standing] = {}
        self.round = 0

    async def first(self) -> list[Candidate]:
        """Return the candidates of the first round."""
        raise NotImplementedError

    async def next(self) -> list[Candidate]:
        """Return the candidates of a later round; none ends the search."""
        return []

    async def ask(self) -> list[Trial]:
        """Return the candidates of the next round, to be raced."""
        if self.round >= self.rounds:
            return []
        self.round += 1
        return raced(await (self.first() if self.round == 1 else self.next()))

    def tell(self, standings: list[Standing]) -> None:
        """Remember how the candidates stand, and choose the parents."""
        self.told |= {one.candidate.key: one for one in standings}
        self.parents = self.select(standings)

    def select(self, standings: Sequence[Standing]) -> list[Standing]:
        """Return the parents of the next round: of old and new ones those on the most rows, and of these the best."""
        known = {one.candidate.key: one for one in [*self.parents, *standings] if one.score is not None}
        return sorted(known.values(), key=lambda one: (-one.rows, -one.value))[: self.keep]

    def candidate(
        self, instruction: str | None, origin: str, *, parent: Candidate | None = None, demos: tuple[dict, ...] | None = None
    ) -> Candidate:
        """Return a candidate that sets an instruction (and demonstrations) in every target; the parent's are kept where it sets none."""
        source = parent or BASELINE
        tunings = {}
        for name in self.problem.targets:
            old = source.tunings.get(name, Tuning())
            tunings[name] = Tuning(old.instruction if instruction is None else instruction, old.demos if demos is None else demos)
        others = {name: one for name, one in source.tunings.items() if name not in tunings}
        return Candidate({**others, **tunings}, source.key, origin, source.program, source.knobs)

    def instruction_of(self, candidate: Candidate) -> str:
        """Return the instruction that a candidate has in the first target, its own or the program's."""
        name = self.problem.targets[0]
        own = candidate.tunings.get(name, Tuning()).instruction
        return own if own is not None else dict(self.problem.program.named_predictors())[name].signature.instructions
