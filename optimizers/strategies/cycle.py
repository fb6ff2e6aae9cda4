"""CyclePrompt (109; Diesendruck, Lin et al., 2024) for instructions: what cannot be read back from an answer was missing in it.

For tasks without a checker whose answer can be translated back into its input: code, summaries, queries. Consistent is not
correct, and an answer with few words (a label, a number) cannot be translated back; where tests can run, run them.

1. Forward: the program answers some inputs, with the hints so far below its instruction.
2. Backward: from each answer ALONE, describe the input that it must have been given for.
3. Discriminate: compare the input with its description; where they differ in what matters, a hint for the next time.
4. No hint: every answer is consistent, the search ends.
5. Race the hints: each below the earlier ones, and all together. The best so far goes on to the next cycle, with new inputs.

No label is read but by the metric of the race. `max_cycles=0` leaves the program as it is.

Departures: (1) the paper refines one answer and returns it; here hints of several inputs improve the instruction for all.
(2) Hints that do not help are not kept; the paper measures nothing. Kept hints accumulate, the newest last. (3) A hint that
gives away an example is dropped.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.optimizers.asking import checked_lm, predictions
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, apply
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.principles import ruled
from selftaught.optimizers.proposer import Proposer
from selftaught.optimizers.rollouts import Attempt
from selftaught.optimizers.strategy import Problem
from selftaught.optimizers.unchecked import unchecked
from selftaught.programs import Step
from selftaught.registry import method
from selftaught.signatures import Task, output_names, proposal_of, render

LONGEST_HINT = 200


@method(109, "cycleprompt-instructions", family="refine")
class CyclePrompt(Optimizer):
    """Translate answers back into inputs, and turn what is lost on the way into hints below the instruction.

    Args:
        metric: see `Optimizer`.
        max_cycles: the most rounds of forward, backward, discriminate.
        inputs: examples that are answered in each cycle; only their inputs are used.
        hints: different new hints that are raced in a cycle.
        lm: the model that describes and compares; the one that answers by default, which shares its blind spots.
        settings: see `Optimizer`.
    """

    def __init__(
        self, metric: Any = None, *, max_cycles: int = 2, inputs: int = 4, hints: int = 3, lm: dspy.BaseLM | None = None,
        **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(metric, **settings)
        if max_cycles < 0 or min(inputs, hints) < 1:
            raise SettingError("max_cycles is at least 0; inputs and hints are at least 1.")
        self.max_cycles, self.inputs, self.hints = max_cycles, inputs, hints
        self.lm, self.reader = checked_lm(lm), None if lm is None else lm.model

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        return self.max_cycles * (self.hints + 1) * pool, self.max_cycles * 3 * self.inputs

    def strategy(self, problem: Problem) -> CycleStrategy:
        """Build the strategy."""
        return CycleStrategy(self, problem)


class CycleStrategy(Generations):
    """One cycle a round; the round before the first one only learns how the baseline stands."""

    def __init__(self, knobs: CyclePrompt, problem: Problem) -> None:
        super().__init__(problem, rounds=1 + knobs.max_cycles)
        self.knobs = knobs
        self.describe = Proposer(problem, describe_of(problem.task), temperature=0.0, lm=knobs.lm, name="describe")
        self.compare = Step(COMPARISON, retries=0)
        if knobs.lm is not None:
            self.compare.set_lm(knobs.lm)
        self.hints: dict[str, list[str]] = {BASELINE.key: []}
        self.said: list[str] = []

    async def first(self) -> list[Candidate]:
        """Return the baseline, which has met all rows."""
        return [BASELINE]

    async def next(self) -> list[Candidate]:
        """Return the candidates of one cycle: the best one's hints and new ones."""
        best = self.parents[0].candidate if self.parents else BASELINE
        known = self.hints[best.key]
        found = [hint for hint in await self._found(best) if hint not in known][: self.knobs.hints]
        self.said += [f"cycle {self.round - 1}: {hint}" for hint in found] or [f"cycle {self.round - 1}: no new hint"]  # 4
        sets = [[*known, hint] for hint in found] + ([[*known, *found]] if len(found) > 1 else [])
        made = {
            one.key: (one, hints)
            for hints in sets
            if (one := ruled(self.problem, hints, f"{len(hints)} hints", heading=HINTS)).tunings
        }
        fresh = {key: pair for key, pair in made.items() if key not in self.told}
        self.hints |= {key: hints for key, (_, hints) in fresh.items()}
        return [one for one, _ in fresh.values()]  # 5

    async def _found(self, best: Candidate) -> list[str]:
        """Carry out one cycle; return the hints, those that more inputs led to first."""
        problem = self.problem
        chosen = problem.random.sample(problem.labelled, min(self.knobs.inputs, len(problem.labelled)))
        program = apply(best, problem.program, problem.space.programs)
        answered = await unchecked(problem, program, chosen, name=f"forward{self.round}")  # 1
        texts = [render(output_names(problem.task), one.answer) for one in answered]
        guesses = await self.describe.raw([{"answer": text} for text in texts])  # 2
        return await self._hints([(one, guess) for one, guess in zip(answered, guesses, strict=True) if guess])

    async def _hints(self, pairs: list[tuple[Attempt, str]]) -> list[str]:
        given = list(self.problem.task.input_fields)
        shown = [{"given": render(given, dict(one.example.inputs())), "guessed": guess} for one, guess in pairs]
        said = await predictions(self.compare, shown, name=f"compare{self.round}-", temperature=0.0)  # 3
        usable = (self.describe.usable(one.hint) for one in said if one is not None and not one.consistent)
        return [hint for hint, _ in Counter(hint for hint in usable if hint).most_common()]

    def reasons(self) -> list[str]:
        """Return the hints of each cycle."""
        return self.said


def describe_of(task: Task) -> Task:
    """Return the signature of the way back: an answer, and nothing else, to the input it was given for."""
    parts = ", ".join(name.replace("_", " ") for name in task.input_fields)
    return proposal_of(
        "Describe",
        f"{DESCRIBE} It had: {parts}.",
        {"answer": "what somebody answered"},
        asked="described",
        described="the input in full",
    )


DESCRIBE = "Somebody was given an input and wrote this answer. Write the input that the answer must have been for. Use only what the answer says."
COMPARE = (
    "An input was guessed from its answer alone. Compare the guess with what was really given. If they agree in all that matters, "
    "they are consistent. If not, write a hint: what must an answer say so that the input can be read from it?"
)
COMPARISON = dspy.make_signature(
    {
        "given": (str, dspy.InputField(desc="what was really given")),
        "guessed": (str, dspy.InputField(desc="what was guessed from the answer")),
        "consistent": (bool, dspy.OutputField(desc="they agree in all that matters")),
        "hint": (
            str,
            dspy.OutputField(desc="one short sentence of advice for any input; empty if consistent", max_length=LONGEST_HINT),
        ),
    },
    COMPARE,
    "Discriminate",
)
HINTS = "Mind this:"
