"""SEC, compiled (041; Li, Wang and Li, 2023): demonstrations that the model wrote itself, once for the task, and checked.

For a task with inputs but no labels, or too few to show. What the model cannot do it cannot demonstrate: a wrong example misleads
it further, so the examples are checked, and the race decides. With labels at hand, `BootstrapDemonstrations` shows better ones.

1. Take `requests` inputs; for each the model writes `each` examples like it (`SelfDemonstrations`). No label is read. Equal ones are one.
2. Check each example. "vote": the program answers its input `votes` times, and most answers are the example's own. "judge": the
   judge that selects scores the example's answer at least 0.5. "none": its form is enough.
3. Draw `sets` random sets of `shots` checked examples, and one of all that were written, as a control of the checking.
4. Race them: all meet a block, the better half meets the next, until one block is left or one set.
5. Finals: the best two meet the whole pool.

Departures: (1) one fixed set for the task; the paper writes new examples for each input, which is the program `SelfDemonstrations`.
(2) Examples are checked; the paper checks the form alone. (3) They are written at a temperature, so that they differ.
"""

from __future__ import annotations

import asyncio
from itertools import chain, cycle, islice
from typing import Any, Literal

import dspy

from selftaught import scope
from selftaught.errors import CallError, SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate
from selftaught.optimizers.demos import choose
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.races import Halving
from selftaught.optimizers.strategy import Problem
from selftaught.programs.demonstrate.self_made import SelfDemonstrations
from selftaught.programs.normalise import answer_key
from selftaught.programs.reason import REASONING
from selftaught.programs.sampling import draw
from selftaught.registry import method
from selftaught.signatures import input_names, output_names

Check = Literal["vote", "judge", "none"]
ACCEPTED = 0.5


@method(41, "sec-compiled", family="demonstrations")
class SelfMadeDemonstrations(Optimizer):
    """Race sets of demonstrations that the model wrote itself.

    Args:
        metric: see `Optimizer`.
        shots: demonstrations in a set.
        requests: inputs for which examples are written.
        each: examples written for one input.
        check: "vote", "judge" (needs a judge as metric) or "none"; see above.
        votes: answers to each example that vote on it.
        sets: random sets that race.
        tries: how often examples are asked for again where their form was wrong.
        temperature: of the examples.
        block: rows of a block.
        settings: see `Optimizer`.
    """

    def __init__(
        self, metric: Any = None, *, shots: int = 4, requests: int = 8, each: int = 3, check: Check = "vote", votes: int = 3,
        sets: int = 4, tries: int = 2, temperature: float = 0.9, block: int = 5, **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(metric, **settings)
        if min(shots, requests, each, votes, sets, tries, block) < 1 or temperature <= 0:
            raise SettingError("shots, requests, each, votes, sets, tries and block are at least 1; temperature is above 0.")
        if check not in ("vote", "judge", "none"):
            raise SettingError(f"check={check!r}: expected 'vote', 'judge' or 'none'.")
        self.shots, self.requests, self.each, self.check, self.votes = shots, requests, each, check, votes
        self.sets, self.tries, self.temperature, self.block = sets, tries, temperature, block

    def race(self) -> Halving:
        """Return successive halving."""
        return Halving(self.block)

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows, and the calls that write and check examples."""
        return 2 * self.block * (self.sets + 1) + 2 * pool, self.requests * (self.tries + self.each * self.checks())

    def checks(self) -> int:
        """Return the calls that check one example."""
        return {"vote": self.votes, "judge": 1, "none": 0}[self.check]

    def strategy(self, problem: Problem) -> SelfMadeStrategy:
        """Build the strategy.

        Raises:
            SettingError: a judge is to check, and the metric is none.
        """
        if self.check == "judge" and not (problem.metric.self_judged and problem.metric.samples == 1):
            raise SettingError(f"check='judge' needs a judge as metric; {problem.metric.name} is none. Use check='vote'.")
        return SelfMadeStrategy(self, problem)


class SelfMadeStrategy(Generations):
    """Writes and checks examples once; the race does the rest."""

    def __init__(self, knobs: SelfMadeDemonstrations, problem: Problem) -> None:
        super().__init__(problem)
        self.knobs = knobs
        answers = dict(problem.program.named_predictors())[problem.targets[0]]
        task = problem.task.with_instructions(answers.signature.instructions)
        reasoning = REASONING in answers.signature.output_fields
        self.maker = SelfDemonstrations(task, shots=knobs.each, reasoning=reasoning, tries=knobs.tries)
        self.maker.set_lm(answers.lm)
        self.counts = (0, 0)

    def reasons(self) -> list[str]:
        """Say how many examples passed the check."""
        return [f"{self.counts[1]} of {self.counts[0]} self-made examples passed the check ({self.knobs.check})"]

    async def first(self) -> list[Candidate]:
        """Return the sets."""
        made = await self._made()  # 1
        passed = await asyncio.gather(*(self._passes(one) for one in made))  # 2
        checked = [one for one, fine in zip(made, passed, strict=True) if fine]
        self.counts = len(made), len(checked)
        sets = [self._set(checked, f"self-made set {number + 1}") for number in range(self.knobs.sets) if checked]  # 3
        control = [self._set(made, "control: self-made, unchecked")] if len(checked) < len(made) else []
        return [*sets, *control]  # 4, 5

    async def _made(self) -> list[dict[str, Any]]:
        """Return the different examples, in the order written."""
        problem, knobs = self.problem, self.knobs
        reserve = 2 * knobs.block * (knobs.sets + 1) + 2 * problem.pool
        requests = problem.fit(knobs.requests, 1 + knobs.each * knobs.checks(), reserve)
        shuffled = problem.random.sample(problem.labelled, len(problem.labelled))
        inputs = [dict(example.inputs()) for example in islice(cycle(shuffled), requests)]
        written = await asyncio.gather(*(self._written(number, one) for number, one in enumerate(inputs)))
        different: dict[str, dict[str, Any]] = {}
        for one in chain.from_iterable(written):
            different.setdefault(answer_key(one, input_names(problem.task)), one)
        return list(different.values())

    async def _written(self, number: int, inputs: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            with scope.resampled(f"made{number}", self.knobs.temperature):
                return (await self.maker.examples_for(inputs))[0]
        except CallError:
            return []

    async def _passes(self, made: dict[str, Any]) -> bool:
        if self.knobs.check == "none" or not hasattr(self.problem.program, "aforward"):
            return True
        try:
            return await (self._outvoted(made) if self.knobs.check == "vote" else self._judged(made))
        except CallError:
            return False

    async def _outvoted(self, made: dict[str, Any]) -> bool:
        """Return whether most of the program's answers are the example's."""
        names = output_names(self.problem.task)
        inputs = {name: made[name] for name in input_names(self.problem.task)}
        drawn = await draw(self.problem.program, inputs, self.knobs.votes, self.knobs.temperature, own_first=True)
        agreeing = sum(answer_key(one, names) == answer_key(made, names) for one in drawn)
        return 2 * agreeing > len(drawn)

    async def _judged(self, made: dict[str, Any]) -> bool:
        inputs = {name: made[name] for name in input_names(self.problem.task)}
        example = dspy.Example(**inputs).with_inputs(*inputs)  # without its answer, which a judge may take for a right one
        found = await self.problem.metric.score(example, [dspy.Prediction(**made)])
        return found.value is not None and found.value >= ACCEPTED

    def _set(self, examples: list[dict[str, Any]], origin: str) -> Candidate:
        demos = choose(examples, self.knobs.shots, self.problem.task, self.problem.random)
        return self.candidate(None, origin, parent=BASELINE, demos=tuple(demos))
