"""Exams: what a student gets right with given demonstrations (M1 of learning by teaching, 194).

1. A lesson is a labelled example; worked out where the program says more than the answer, and got it right.
2. Each student sees one lesson and nothing else, and answers the labelled questions most like it.
3. The score of a lesson is the share of right answers; calls that fail do not count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.optimizers.candidate import Candidate, Tuning, apply
from selftaught.optimizers.rollouts import Attempt, attempts
from selftaught.optimizers.strategy import Problem
from selftaught.signatures import output_names, render

NOT_EXAMINED = -1.0


class Students:
    """Those who take exams.

    Args:
        problem: whose program they run, and whose labelled examples are the questions.
        lms: one model a student; None for the one that answers.
    """

    def __init__(self, problem: Problem, lms: Sequence[dspy.BaseLM | None]) -> None:
        self.problem, self.lms = problem, lms

    async def sit(self, demos: Sequence[dict[str, Any]], questions: Sequence[dspy.Example]) -> list[Attempt]:
        """Return every student's answers to questions, with these demonstrations and no others."""
        shown = Candidate({name: Tuning(demos=tuple(demos)) for name in self.problem.targets})
        program = apply(shown, self.problem.program, self.problem.space.programs)
        return [one for found in await asyncio.gather(*(self._one(lm, program, questions) for lm in self.lms)) for one in found]

    async def _one(self, lm: dspy.BaseLM | None, program: dspy.Module, questions: Sequence[dspy.Example]) -> list[Attempt]:
        with dspy.context(lm=lm or dspy.settings.lm):
            return await attempts(self.problem, program, questions, name="exam")

    async def scores(self, lessons: Sequence[dict[str, Any]], exam: int, count: int) -> list[float]:
        """Return the score of each lesson in an exam of `exam` questions; of `count` lessons, the others are not examined.

        Args:
            lessons: one for each labelled example, in order.
        """
        problem = self.problem
        near = nearest([render(list(problem.task.input_fields), dict(one)) for one in problem.labelled], exam)
        chosen = problem.random.sample(range(len(lessons)), min(count, len(lessons)))
        sat = await asyncio.gather(*(self.sit([lessons[i]], [problem.labelled[j] for j in near[i]]) for i in chosen))  # 2
        shares = {i: sum(one.right for one in found) / len(found) for i, found in zip(chosen, sat, strict=True) if found}  # 3
        return [shares.get(i, NOT_EXAMINED) for i in range(len(lessons))]


async def lessons_of(problem: Problem) -> list[dict[str, Any]]:
    """Return every labelled example as a demonstration of the first target."""
    name = problem.targets[0]
    step = dict(problem.program.named_predictors())[name]
    says_more = bool(set(step.signature.output_fields) - set(output_names(problem.task)))
    tried = await attempts(problem) if says_more else []  # 1
    worked = {id(one.example): one.demos[name][0] for one in tried if one.right and one.demos.get(name)}
    return [worked.get(id(one), dict(one)) for one in problem.labelled]


def nearest(texts: Sequence[str], count: int) -> list[list[int]]:
    """Return for each text up to `count` others, the most similar first, by the groups of letters they share; equal texts are left out."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)).fit_transform([text.strip() or "-" for text in texts])
    alike = (letters @ letters.T).toarray().round(9)
    others = [[j for j, other in enumerate(texts) if other != text] for text in texts]
    return [sorted(found, key=lambda j: (-alike[i][j], j))[:count] for i, found in enumerate(others)]
