"""TPD (088; Wang et al., 2024): a teacher finds the principles that a student's errors violate, and teaches by them.

For a cheap model that does the work, with a strong one that is affordable only while compiling. With one model in both
roles expect little, and long lists of principles crowd out demonstrations: both are raced against each other here.

1. The teacher writes an instruction from a few solved examples.
2. The student answers labelled examples with it; the wrong answers are the errors.
3. The teacher states the principles that each error violates, and merges them.
4. The teacher matches: which principles does each error violate? A principle that none violates is dropped.
5. Demonstrations: the errors that together violate every principle, by greedy cover, with their right answers.
6. Race the instruction alone, with the principles (inject), with the demonstrations (select), and with both.

A student without errors is left as it is. No answer of the tuned program calls the teacher.

Departures: (1) the student answers first as it is, and the teacher's instruction is kept only where the student then gets
no fewer right. (2) A demonstration is the error's input and its right answer, without the flawed reasoning. (3) The paper
reports no counts; at most five principles and four demonstrations here. (4) The uses are raced and confirmed on other
examples than those that gave the errors. (5) Principles that hold labelled answers are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.optimizers.asking import checked_lm
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import Candidate, apply
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.principles import (
    MOST_RULES,
    Principles,
    examples_to_try,
    mistake_inputs,
    mistakes_in,
    race_rows,
    ruled,
)
from selftaught.optimizers.proposer import Proposer
from selftaught.optimizers.rollouts import Attempt, attempts
from selftaught.optimizers.strategy import Problem
from selftaught.registry import method
from selftaught.signatures import derived, example_lines, proposal_of

CANDIDATES = 4
SOLVED = 4
"""Solved examples that the teacher sees when it writes the instruction."""


@method(88, "tpd", family="instructions")
class TPD(Optimizer):
    """A teacher writes an instruction, finds the principles that errors violate, and chooses demonstrations that cover them.

    Args:
        metric: see `Optimizer`.
        lm: the teacher; the model that answers by default.
        rules: the most principles.
        shots: the most demonstrations.
        examples: labelled examples that the student answers at most.
        mistakes: errors that are looked into at most.
        settings: see `Optimizer`.
    """

    def __init__(
        self, metric: Any = None, *, lm: dspy.BaseLM | None = None, rules: int = MOST_RULES, shots: int = 4,
        examples: int = 24, mistakes: int = 12, **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(metric, **settings)
        if min(rules, shots, examples, mistakes) < 1:
            raise SettingError("rules, shots, examples and mistakes are at least 1.")
        self.lm, self.teacher = checked_lm(lm), None if lm is None else lm.model
        self.rules, self.shots, self.examples, self.mistakes = rules, shots, examples, mistakes

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        return CANDIDATES * pool, 2 * min(labelled, self.examples) + 2 * self.mistakes + 2

    def strategy(self, problem: Problem) -> TPDStrategy:
        """Build the strategy."""
        return TPDStrategy(self, problem)


class TPDStrategy(Generations):
    """Learns once; the race does the rest."""

    def __init__(self, knobs: TPD, problem: Problem) -> None:
        super().__init__(problem)
        self.knobs, self.principles = knobs, Principles(problem, most=knobs.rules, lm=knobs.lm)
        given = {"examples": "inputs and their right outputs", "present": "the present instruction"}
        self.teach = Proposer(problem, proposal_of("Teach", TEACH, given), lm=knobs.lm, name="teach")
        self.said: list[str] = []

    async def first(self) -> list[Candidate]:
        """Return the uses of what was learned."""
        knobs, problem = self.knobs, self.problem
        examples = examples_to_try(problem, knobs.examples, 4, race_rows(problem, CANDIDATES))
        plain = await attempts(problem, None, examples)
        if not mistakes_in(plain, problem.task, 1):
            return []
        instruction, tried = await self._instructed(examples, plain)  # 1, 2
        errors = mistakes_in(tried, problem.task, knobs.mistakes)
        rules = await self.principles.condensed(await self.principles.learned(errors))  # 3
        violated = await self._matched(errors, rules)  # 4
        kept = sorted({number for numbers in violated for number in numbers})
        self.said = [f"principle, violated {sum(i in one for one in violated)}×: {rules[i]}" for i in kept]
        shown = [dict(errors[i].example) for i in cover(violated, knobs.shots)]  # 5
        return self._uses(instruction, [rules[i] for i in kept], shown)  # 6

    async def _instructed(self, examples: list[dspy.Example], plain: list[Attempt]) -> tuple[str | None, list[Attempt]]:
        """Return the teacher's instruction and the answers with it; no instruction where it does not help."""
        problem = self.problem
        solved = problem.random.sample(problem.labelled, min(SOLVED, len(problem.labelled)))
        shown = "\n\n".join(example_lines(problem.task, one) for one in solved)
        said = (await self.teach.instructions([{"examples": shown, "present": problem.task.instructions}]))[0]
        if said is None:
            return None, plain
        program = apply(ruled(problem, [], "taught", instruction=said), problem.program, problem.space.programs)
        taught = await attempts(problem, program, examples)
        better = sum(one.right for one in taught) >= sum(one.right for one in plain)
        return (said, taught) if better else (None, plain)

    async def _matched(self, errors: list[Attempt], rules: list[str]) -> list[set[int]]:
        """Return which rules each error violates."""
        if not rules:
            return [set() for _ in errors]
        numbered = "\n".join(f"{number}. {rule}" for number, rule in enumerate(rules, 1))
        matcher = Proposer(self.problem, _match_of(self.problem, len(rules)), temperature=0.0, lm=self.knobs.lm, name="match")
        said = await matcher.raw([{**mistake_inputs(one, self.problem.task), "rules": numbered} for one in errors])
        return [{number - 1 for number in numbers or () if 1 <= number <= len(rules)} for numbers in said]

    def _uses(self, instruction: str | None, rules: list[str], demos: list[dict]) -> list[Candidate]:
        uses: list[tuple[str, list[str], list[dict] | None]] = [("taught", [], None)]
        uses += [("inject", rules, None)] if rules else []
        uses += [("select", [], demos)] if demos else []
        uses += [("both", rules, demos)] if rules and demos else []
        found = [ruled(self.problem, kept, use, instruction=instruction, demos=shown) for use, kept, shown in uses]
        return [one for one in found if one.tunings]

    def reasons(self) -> list[str]:
        """Return the principles."""
        return self.said


def cover(violated: Sequence[set[int]], most: int) -> list[int]:
    """Return up to `most` items that violate every principle, each time the one that violates most of those not yet covered.

    The earlier item wins ties; once all are covered, they are covered again. An item that violates none is never chosen.
    """
    left, chosen, missing = list(range(len(violated))), list[int](), set[int]()
    while len(chosen) < most:
        missing = missing or set[int]().union(*(violated[item] for item in left))
        if not missing:
            break
        chosen.append(max(left, key=lambda item: (len(violated[item] & missing), -item)))
        left.remove(chosen[-1])
        missing = missing - violated[chosen[-1]]
    return chosen


def _match_of(problem: Problem, rules: int) -> Any:
    given = {
        "draft": (str, dspy.InputField(desc="a wrong answer")), "solution": (str, dspy.InputField(desc="the right answer")),
        "rules": (str, dspy.InputField(desc="numbered rules")),
    }  # fmt: skip
    asked = {"violated": (list[int], dspy.OutputField(desc="the numbers of the rules it breaks", max_length=rules))}
    return derived(problem.task, "Match", MATCH, given, asked)


TEACH = (
    "Look at these inputs and their right outputs. Write a better instruction for a beginner: how to make such an output from any "
    "input. Do not repeat the examples."
)
MATCH = "Compare a wrong answer with the right one. Name the numbers of the rules that the wrong answer breaks."
