"""InstOptima (187; Yang and Li, 2023): evolve instructions towards several goals at once, and return the trade-off.

For an instruction that must be good and short (or cheap in tokens, calls, dollars): the front of the run shows what a shorter one
costs in quality, and `prefer` says which point wins. Not for one goal alone, where a simpler search does as well, and not
on a handful of selection examples: the front is then mostly noise.

1. The population starts with the program's own instruction, and with what operators make of it.
2. Generation: each member and a second parent, won in a tournament of two, become a child by an operator drawn at random: a model
   rewrites one instruction or combines two, and is shown how both stand in every objective; with `shots`, demonstrations are
   drawn anew or crossed over instead. What gives no usable text leaves its parent as it is.
3. The children meet the whole pool, so that their objectives can be compared.
4. Archive, old and new members are sorted by Pareto front, then by how much room a point has in its front; the best `population`
   go on. The front of everything that was evaluated is the run's front.

With `objectives=("quality",)` it is a plain elitist genetic search, and weak children leave the race early.

Departures: (1) the crowding distance is taken after scaling, so that characters do not drown out quality. (2) Survivors are
chosen from all that was ever evaluated, so a point of the front is never lost. (3) The starting population is evaluated;
in the release its objectives are infinite. (4) Objectives are what the engine measures; naturalness by perplexity is not
among them, since most models give no probabilities of a text. (5) Operators are shown solved examples: from an instruction that
says nothing, nothing can be evolved. (6) Operators stay as they are; for operators that evolve see `MoH`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, Tuning
from selftaught.optimizers.demos import choose
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.history import some_examples
from selftaught.optimizers.induction import tidy
from selftaught.optimizers.objectives import measured, points, ranked
from selftaught.optimizers.races import PairedRace, Race, WholePool
from selftaught.optimizers.showing import ShowingProposer, shown_rewritings
from selftaught.optimizers.strategy import Problem, Standing
from selftaught.registry import method
from selftaught.signatures import proposal_of

SHOWN = 3
"""Solved examples that an operator sees."""


@method(187, "instoptima", family="instructions")
class InstOptima(Optimizer):
    """Evolve instructions towards several objectives (NSGA-II), with a language model as operators.

    Args:
        metric: see `Optimizer`.
        population: members that live from generation to generation.
        generations: after the first population.
        shots: the most demonstrations of a member; 0 evolves instructions alone.
        objectives: "quality" first, then any of length (characters), calls, tokens, usd, seconds.
        temperature: of the operators.
        settings: see `Optimizer`.
    """

    def __init__(
        self, metric: Any = None, *, population: int = 5, generations: int = 3, shots: int = 0,
        objectives: Sequence[str] = ("quality", "length"), temperature: float = 1.0, **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(metric, objectives=objectives, **settings)
        if population < 2 or min(generations, shots) < 0 or temperature <= 0:
            raise SettingError("population is at least 2, generations and shots at least 0, and the temperature is above 0.")
        self.population, self.generations, self.shots, self.temperature = population, generations, shots, temperature

    def race(self) -> Race:
        """Return a race in which everybody meets the whole pool; with one objective, one that the weak leave early."""
        return WholePool() if len(self.preference.objectives) > 1 else PairedRace()

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the operators' calls."""
        children = self.population * (1 + self.generations) - 1
        return children * pool, children

    def strategy(self, problem: Problem) -> InstOptimaStrategy:
        """Build the strategy."""
        return InstOptimaStrategy(self, problem)


class InstOptimaStrategy(Generations):
    """Breeds; the engine's scoreboard is the archive of the front."""

    def __init__(self, knobs: InstOptima, problem: Problem) -> None:
        size = max(2, problem.fit(knobs.population, problem.pool * (1 + knobs.generations)))
        super().__init__(problem, rounds=2 + knobs.generations, keep=size)
        self.knobs, self.objectives = knobs, knobs.preference.objectives
        self.operators = {name: operator_of(name, problem, knobs.temperature) for name in OPERATORS}
        self.tried = self.kept = 0

    async def first(self) -> list[Candidate]:
        """Return the baseline, which was measured before: it shows the operators where the search starts."""
        return [BASELINE]

    async def next(self) -> list[Candidate]:
        """Return the children of a generation that were not met before."""
        if not self.parents:
            return []
        count = self.problem.fit(self.keep - (self.round == 2), self.problem.pool + 1)
        mothers = [self.parents[number % len(self.parents)] for number in range(count)]
        planned = [self._planned(mother, self._tournament()) for mother in mothers]
        children = await asyncio.gather(*(self._child(*one) for one in planned))  # 1, 2
        self.tried, self.kept = self.tried + len(children), self.kept + children.count(None)
        return [child for child in children if child is not None and child.key not in self.told]  # 3

    def select(self, standings: Sequence[Standing]) -> list[Standing]:
        """Return the best members of all that met the whole pool: by front, then by room in it."""
        whole = [one for one in self.told.values() if one.score is not None and one.rows >= self.problem.pool]
        return [whole[index] for index in ranked(points(whole, self.objectives))[: self.keep]]  # 4

    def reasons(self) -> list[str]:
        """Say how often an operator gave nothing."""
        return [f"{self.kept} of {self.tried} children were unusable or unchanged, so their parents stayed"] if self.kept else []

    def _tournament(self) -> Standing:
        """Return the better of two random members; they are in order."""
        here = range(len(self.parents))
        return self.parents[min(self.problem.random.choice(here), self.problem.random.choice(here))]

    def _planned(self, mother: Standing, father: Standing) -> tuple[str, Standing, Standing, str]:
        """Draw the operator, and the examples that it sees, before anything is awaited."""
        chooser, examples = self.problem.random, some_examples(self.problem, SHOWN)
        same = self.instruction_of(mother.candidate) == self.instruction_of(father.candidate)
        operator = chooser.choice([name for name in OPERATORS if name != COMBINE or not same])
        return "examples" if self.knobs.shots and chooser.random() < 0.5 else operator, mother, father, examples

    async def _child(self, operator: str, mother: Standing, father: Standing, examples: str) -> Candidate | None:
        if operator == "examples":
            return self._with_other_examples(mother.candidate, father.candidate)
        given = {
            "examples": examples,
            "current": self.instruction_of(mother.candidate),
            "measured": measured(mother, self.objectives),
        }
        if operator == COMBINE:
            given |= {"other": self.instruction_of(father.candidate), "other_measured": measured(father, self.objectives)}
        text = (await self.operators[operator].instructions([given]))[0]
        same = text in (None, "", tidy(given["current"]))
        return None if same else self.candidate(text, operator, parent=mother.candidate)

    def _with_other_examples(self, mother: Candidate, father: Candidate) -> Candidate:
        """Cross the demonstrations of two parents, or draw new ones where there is nothing to cross."""
        name, chooser = self.problem.targets[0], self.problem.random
        both = [demo for one in (mother, father) for demo in one.tunings.get(name, Tuning()).demos or ()]
        different = [demo for number, demo in enumerate(both) if demo not in both[:number]]
        if len(different) > self.knobs.shots:
            demos = [dict(demo) for demo in chooser.sample(different, self.knobs.shots)]
        else:
            demos = choose(self.problem.labelled, self.knobs.shots, self.problem.task, chooser)
        return self.candidate(None, "demonstrations", parent=mother, demos=tuple(demos))


def operator_of(name: str, problem: Problem, temperature: float) -> ShowingProposer:
    """Return an operator: a step that rewrites one instruction, or combines two."""
    given = {"examples": "solved examples of the task", "current": "the instruction so far", "measured": MEASURED}
    more = {"other": "another instruction for the same task", "other_measured": MEASURED} if name == COMBINE else {}
    shown = shown_rewritings("current", **SHOWN_VALUES, **(SHOWN_OTHER if more else {}))
    signature = proposal_of(name.capitalize(), OPERATORS[name], {**given, **more})
    return ShowingProposer(problem, signature, shown, temperature=temperature, name=name)


MEASURED = "how it did; more quality is better, less of everything else is better"
COMBINE = "combine"
OPERATORS = {
    "reword": "Say the current instruction in other words. Keep its meaning.",
    "shorten": "Make the current instruction shorter. Leave out every word that is not needed.",
    "clarify": "Make the current instruction clearer. Say exactly what the output must look like.",
    "renew": "Look at the examples. Write a new instruction that turns each input into its output.",
    COMBINE: "Take the best part of both instructions. Write one short instruction from them.",
}
SHOWN_VALUES = {"measured": "quality 0, length 23"}
SHOWN_OTHER = {"other": "Be brief.", "other_measured": "quality 10, length 9"}
