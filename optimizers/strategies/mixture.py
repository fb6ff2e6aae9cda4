"""Mixture of prompts (178 MoP; Wang et al., 2024): split the inputs into regions, and find each its own prompt.

For a task whose inputs fall into groups that need different instructions and demonstrations. Regions follow the topic, not the
difficulty; with few examples a region chooses by noise. A task of one kind is better off with one prompt, which races along.

1. Embed the labelled inputs and find regions by k-means (`regions`). Each expert shows up to labelled // `max_experts` examples of
   its region, so that no prompt grows longer than one prompt's would be; the others are spare.
2. For each region induce instructions from the demonstrations of all *other* regions and the spare ones: an expert's own show its
   pattern already.
3. Race mixtures whose experts all have the same instruction: each induced one, the program's own, and none at all. The best `kept` of the
   induced, the own and none are the list for all experts; all start with the winner.
4. Expert after expert: try each instruction of the list for this expert alone, on the whole pool. Only rows of its region change,
   the others are answered from the store. The best stays; on ties what was there before.

Departures: (1) 4 experts at most, not 10, and 12 proposals: our sets are small. (2) Short regions are not padded with repeated
demonstrations. (3) A general expert answers inputs that lie beyond the reach of all regions. (4) Instructions are scored with the
demonstrations they will stand beside. (5) One region is one prompt: no router is built.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

import dspy

from selftaught.embedding import Encoder
from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, Tuning
from selftaught.optimizers.demos import choose
from selftaught.optimizers.experts import Experts, experts_for
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.induction import Inducer
from selftaught.optimizers.policies import AtLeastAsGood
from selftaught.optimizers.races import PairedRace
from selftaught.optimizers.regions import ALPHA
from selftaught.optimizers.strategy import Problem, Standing, Trial, raced
from selftaught.registry import method

NOTHING = ""
"""The empty instruction: the prompt then only names the fields."""
STRICTLY = AtLeastAsGood(1e-9)
Instruction = str | None


@method(178, "mop", family="route")
class MoP(Optimizer):
    """Find a mixture of prompts, one for each region of inputs.

    Args:
        metric: see `Optimizer`.
        max_experts: the most regions; 1 searches one prompt.
        proposals: instructions asked for, over all regions.
        kept: induced instructions that every expert tries, besides the program's own and none.
        alpha: what one more region has to gain.
        general: one more expert answers inputs that lie beyond all regions.
        block: rows of a block.
        encoder: see `selftaught.embedding`.
        settings: see `Optimizer`.
    """

    def __init__(
        self, metric: Any = None, *, max_experts: int = 4, proposals: int = 12, kept: int = 4, alpha: float = ALPHA,
        general: bool = True, block: int = 5, encoder: Encoder | None = None, **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(metric, **settings)
        if min(max_experts, proposals, kept, block) < 1 or alpha < 0:
            raise SettingError("max_experts, proposals, kept and block are at least 1; alpha at least 0.")
        self.max_experts, self.proposals, self.kept, self.alpha = max_experts, proposals, kept, alpha
        self.general, self.block, self.encoder = general, block, encoder

    def search_settings(self) -> dict[str, Any]:
        """Return the settings that define the search, the encoder's name among them."""
        return {**super().search_settings(), "encoder": getattr(self.encoder, "__qualname__", type(self.encoder).__name__)}

    def race(self) -> PairedRace:
        """Return a race in which no more than the kept ones go on after the first block."""
        return PairedRace(self.block, at_most=self.kept)

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows, and the proposals' calls."""
        return self.block * (self.proposals + 3) + pool * self.kept + pool * (self.kept + 2), self.proposals + self.max_experts

    def strategy(self, problem: Problem) -> MoPStrategy:
        """Build the strategy."""
        return MoPStrategy(self, problem)


class MoPStrategy(Generations):
    """First one instruction for all experts, then expert after expert."""

    def __init__(self, knobs: MoP, problem: Problem) -> None:
        super().__init__(problem)
        self.knobs = knobs
        self.labelled = [example for example in problem.labelled if dict(example.labels())]
        self.shots = max(1, len(self.labelled) // knobs.max_experts)
        self.kept = problem.fit(knobs.kept, problem.pool, 2 * problem.pool)
        self.said: dict[str, list[Instruction]] = {}
        self.list: list[Instruction] = []
        self.best: Standing | None = None
        self.experts = Experts(None, [], [], [])
        if self.labelled:
            self.experts = experts_for(
                problem, self.labelled, most=knobs.max_experts, shots=self.shots, alpha=knobs.alpha, general=knobs.general, encoder=knobs.encoder
            )  # 1  # fmt: skip

    def reasons(self) -> list[str]:
        """Say which regions there are."""
        sizes = [len(group) for group in self.experts.groups]
        return [f"{len(sizes)} regions, of {', '.join(map(str, sizes))} labelled examples"]

    async def first(self) -> list[Candidate]:
        """Return mixtures whose experts all have the same instruction."""
        induced = await self._induced()  # 2
        same = [[instruction] * len(self.experts.names) for instruction in (None, NOTHING, *induced)]
        return [self._mixture(one, f"all experts: {_named(one[0])}") for one in same]  # 3

    async def _induced(self) -> list[str]:
        """Return the different instructions induced for the regions, each from the demonstrations of the others and the spare ones."""
        wanted = self.problem.fit(self.knobs.proposals, self.knobs.block, (2 + self.kept) * self.problem.pool)
        names, regions = list(self.labelled[0].inputs().keys()), range(len(self.experts.groups))
        others = [[dspy.Example(**one).with_inputs(*names) for one in self.experts.beyond(region)] for region in regions]
        choosers = [random.Random(self.problem.random.random()) for _ in others]
        inducer, each = Inducer(self.problem.task), -(-wanted // len(others))
        found = await asyncio.gather(*(inducer.propose(seen, each, own) for seen, own in zip(others, choosers, strict=True)))
        return list(dict.fromkeys(text for said in found for text, _ in said))

    async def ask(self) -> list[Trial]:
        """Return the first race, and after it the trials of one expert after the other."""
        if self.round == 0:
            self.round = 1
            return raced(await self.first()) if self.labelled else []
        while self.best is not None and self.round <= len(self.experts.groups):  # 4
            expert, self.round = self.round - 1, self.round + 1
            asked = [self.best.candidate, *self._changed(self.best.candidate, expert), *self._control(expert)]
            if len(asked) > 1:
                return [Trial(one, tuple(range(self.problem.pool))) for one in {one.key: one for one in asked}.values()]
        return []

    def tell(self, standings: list[Standing]) -> None:
        """Choose what all experts start with, or what one of them keeps."""
        mixtures = [one for one in standings if one.candidate.key in self.said and one.score is not None]
        if self.best is None:
            mixtures.sort(key=lambda one: (-one.rows, -one.value))
            said = [self.said[one.candidate.key][0] for one in mixtures]
            self.list = [*[one for one in said if one not in (None, NOTHING)][: self.kept], None, NOTHING]
            self.best = mixtures[0] if mixtures else None
            return
        for one in mixtures:
            if one.candidate.key == self.best.candidate.key or STRICTLY.accepts(self.best, one):
                self.best = one

    def _changed(self, candidate: Candidate, expert: int) -> list[Candidate]:
        """Return a mixture with each other instruction for one expert."""
        now = self.said[candidate.key]
        return [
            self._mixture([*now[:expert], said, *now[expert + 1 :]], f"expert {expert + 1}: {_named(said)}", candidate)
            for said in self.list
            if said != now[expert]
        ]

    def _control(self, expert: int) -> list[Candidate]:
        """Return one prompt for all inputs, with the instruction that all experts started with; once, and only beside a mixture."""
        if expert or self.experts.program is None or self.best is None:
            return []
        demos = choose(self.labelled, self.shots, self.problem.task, self.problem.random)
        instruction = self.said[self.best.candidate.key][0]
        return [self.candidate(instruction, "control: one prompt", parent=BASELINE, demos=tuple(demos))]

    def _mixture(self, instructions: list[Instruction], origin: str, parent: Candidate = BASELINE) -> Candidate:
        parts = zip(self.experts.names, instructions, self.experts.shown, strict=True)
        tunings = {name: Tuning(instruction, tuple(shown)) for name, instruction, shown in parts}
        made = Candidate(tunings, parent.key, origin, self.experts.program)
        self.said[made.key] = instructions
        return made


def _named(instruction: Instruction) -> str:
    return {None: "the program's own instruction", NOTHING: "no instruction"}.get(instruction) or f"{instruction[:60]!r}"  # type: ignore[index]
