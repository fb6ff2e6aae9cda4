"""Rules from mistakes: what the strategies share that learn from wrong answers (LEAP, 177; TPD, 088).

1. Try a program on labelled examples; a wrong answer whose right one is known is a mistake.
2. Reflect: for each mistake the general rules that would have avoided it, one call each, all together.
3. Join: the different rules, those that more mistakes led to first.
4. Condense: one call makes at most `most` rules of them, none about one case.
5. Write rules below an instruction.

A rule that gives away an example or holds a labelled answer is dropped, and so is one with which the guards would refuse the
whole instruction because it is too long.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest

import dspy

from selftaught.optimizers.candidate import BASELINE, Candidate, Tuning
from selftaught.optimizers.guards import AntiCopy, Known, TokenCap
from selftaught.optimizers.guards.instructions import answers_of
from selftaught.optimizers.proposer import Proposer
from selftaught.optimizers.rollouts import Attempt
from selftaught.optimizers.strategy import Problem
from selftaught.signatures import Task, list_of, output_names, principles_of, render

MOST_RULES = 5
REFLECTING = 0.3
"""The temperature of reflection; the mistakes differ, so the samples need not."""
FIRST_ROWS = 5
"""Rows of a race's first block, which every candidate meets."""
_BULLET = re.compile(r"^(?:[-*•]|\d+[.)])\s*")


def race_rows(problem: Problem, candidates: int) -> int:
    """Return the rows that a race of so many candidates should be left: a block for each, and the pool for the best two."""
    return candidates * FIRST_ROWS + 2 * problem.pool


def examples_to_try(problem: Problem, most: int, rows_each: int, reserve: int) -> list[dspy.Example]:
    """Return up to `most` labelled examples, fewer where the budget is small.

    Args:
        rows_each: what learning from one of them may take.
        reserve: rows to leave for the race.
    """
    return problem.random.sample(problem.labelled, problem.fit(min(most, len(problem.labelled)), rows_each, reserve))


def mistakes_in(tried: Sequence[Attempt], task: Task, most: int) -> list[Attempt]:
    """Return up to `most` different mistakes: one of every example before the second of any."""
    names, by_example = output_names(task), dict[int, dict[str, Attempt]]()
    for one in tried:
        said = render(names, one.answer).strip()
        known = all(name in one.example for name in names)
        if one.wrong and known and said != render(names, dict(one.example)).strip():
            by_example.setdefault(id(one.example), {}).setdefault(said, one)
    ranks = zip_longest(*(group.values() for group in by_example.values()))
    return [one for rank in ranks for one in rank if one is not None][:most]


def mistake_inputs(mistake: Attempt, task: Task) -> dict[str, object]:
    """Return a mistake as the inputs of a step derived from the task: its inputs, the wrong answer and the right one."""
    names = output_names(task)
    return {**mistake.example.inputs(), "draft": render(names, mistake.answer), "solution": render(names, dict(mistake.example))}


class Principles:
    """Learns rules from mistakes.

    Args:
        problem: whose task and examples.
        most: rules after condensing.
        lm: the model that reflects; the one that answers by default.
    """

    def __init__(self, problem: Problem, *, most: int = MOST_RULES, lm: dspy.BaseLM | None = None) -> None:
        self.problem, self.most = problem, most
        self._answers = answers_of(Known(problem.task, tuple(problem.labelled), {}))
        condense = list_of("Condense", CONDENSE, GIVEN_TO_CONDENSE, "rules", "short general rules", at_most=most)
        self._reflect = Proposer(problem, principles_of(problem.task, LEARN), temperature=REFLECTING, lm=lm, name="reflect")
        self._condense = Proposer(problem, condense, temperature=REFLECTING, lm=lm, name="condense")

    async def learned(self, mistakes: Sequence[Attempt]) -> list[str]:
        """Return the different rules that avoid these mistakes, those of more mistakes first."""
        given = [mistake_inputs(one, self.problem.task) for one in mistakes]
        said = await self._reflect.raw([{**one, "demos": [] if i % 2 else SHOWN} for i, one in enumerate(given)])  # 2
        return [rule for rule, _ in Counter(rule for rules in said for rule in self._usable(rules)).most_common()]  # 3

    async def condensed(self, rules: Sequence[str]) -> list[str]:
        """Return at most `most` general rules; the first of `rules` where the model names none."""
        if not rules:
            return []
        lessons = "\n".join(f"- {rule}" for rule in rules)
        said = await self._condense.raw([{"task": self.problem.task.instructions, "lessons": lessons}])  # 4
        return (self._usable(said[0]) or list(rules))[: self.most]

    def _usable(self, said: list[str] | None) -> list[str]:
        found = (self._reflect.usable(_BULLET.sub("", rule.strip())) for rule in said or [])
        return list(dict.fromkeys(rule for rule in found if rule and rule not in SHOWN_RULES and not self._answered(rule)))

    def _answered(self, rule: str) -> bool:
        return any(re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", rule.lower()) for answer in self._answers)


def ruled(
    problem: Problem, rules: Sequence[str], origin: str, *, instruction: str | None = None,
    demos: Sequence[dict] | None = None, heading: str | None = None,
) -> Candidate:  # fmt: skip
    """Return a candidate with rules below the instruction of every target.

    Args:
        problem: whose program.
        rules: the rules; none leaves the instruction as it is.
        origin: how it was made, in words.
        instruction: replaces the targets' own.
        demos: their demonstrations; None leaves them as they are.
        heading: the line above the rules.
    """
    own = {name: predictor.signature.instructions for name, predictor in problem.program.named_predictors()}
    shown = None if demos is None else tuple(demos)
    tunings = {}
    for name in problem.targets:
        text = with_rules(problem, name, instruction or own[name], rules, heading or RULES)
        tunings[name] = Tuning(None if text == own[name] else text, shown)
    return Candidate({name: one for name, one in tunings.items() if one != Tuning()}, BASELINE.key, origin)


def with_rules(problem: Problem, target: str, instruction: str, rules: Sequence[str], heading: str) -> str:
    """Return an instruction with those rules below that the guards of instructions let pass."""
    own = {name: predictor.signature.instructions for name, predictor in problem.program.named_predictors()}
    known, kept = Known(problem.task, tuple(problem.labelled), own), list[str]()
    for rule in rules:
        candidate = Candidate({target: Tuning(_written(instruction, [*kept, rule], heading))})
        if not any(guard.examine(candidate, known) for guard in (AntiCopy(), TokenCap())):
            kept.append(rule)
    return _written(instruction, kept, heading)  # 5


def _written(instruction: str, rules: Sequence[str], heading: str) -> str:
    return "\n".join([instruction, "", heading, *(f"- {rule}" for rule in rules)]) if rules else instruction


GIVEN_TO_CONDENSE = {"task": "what had to be done", "lessons": "what was learned from single mistakes"}
LEARN = (
    "An answer was wrong. Compare it with the right one. Say what must be done with any input to get it right. "
    "Write short commands. Do not repeat the answers."
)
SHOWN = [
    dspy.Example(draft="4 May", solution="2024-05-04", principles=["Write a date as year, month and day, in digits."]),
    dspy.Example(draft="The banana is a fruit.", solution="yellow", principles=["Name the colour of the thing."]),
]
"""What learning a rule looks like, on tasks of our own. Every other reflection sees them: without, a very small model describes
the mistake; with them, a larger one leans on their words."""
SHOWN_RULES = [rule for one in SHOWN for rule in one.principles]
CONDENSE = (
    "Make a few short rules of these lessons. Join those that say the same. Each rule must hold for any input. Name no example."
)
RULES = "Keep to these rules:"
