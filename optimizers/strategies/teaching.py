"""Learning by teaching (194; Ning, Wang, Li, Lin et al., 2024): examples are as good as what a student learns from them.

For tasks with labelled questions that resemble each other, where demonstrations are worth choosing. An exam measures
whether an example can be followed, not whether it is true; and it takes many calls.

Selection (M1): 1. Each lesson, a labelled example, is scored by an exam: how many questions like it do the students get right
   who see this lesson alone (`exams.py`)?   2. The first sets: the lessons with the best scores, and random ones.
Evolution (M3), in each later round, for each of the `beam` best sets so far:
3. The students answer labelled questions that are not in the set; their mistakes are pooled.
4. The teacher says `reasons` times why the set misleads, each time of other mistakes, and names the worst demonstration.
5. It writes a new one for this reason, which takes that place; a missed question does, where it writes nothing usable.
6. All are raced, and the best stay, old and new: a set is only ever replaced by a better one.

Departures: (1) M1 chooses demonstrations, not the answer to one question. (2) The first sets are labelled examples; the
paper's teacher writes eight. (3) One demonstration is exchanged, not the whole set. (4) Nearness is shared groups of letters,
not embeddings. (5) Smaller counts. As in the paper the teacher, here the model that answers, scores the sets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.optimizers.asking import checked_lm
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import Candidate
from selftaught.optimizers.demos import choose
from selftaught.optimizers.exams import Students, lessons_of
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.principles import mistakes_in, race_rows
from selftaught.optimizers.rewriting import Rewriter, same_inputs
from selftaught.optimizers.rollouts import Attempt
from selftaught.optimizers.strategy import Problem
from selftaught.registry import method

MISTAKES = 3
"""Mistakes that one reason is made from."""


@method(194, "learning-by-teaching", family="vote", missing="M2 (preference data)")
class LearningByTeaching(Optimizer):
    """Choose demonstrations by what students learn from them, and rewrite those that mislead.

    Args:
        metric: see `Optimizer`.
        lm: the students; a model, several, or none for the one that answers.
        shots: demonstrations in a set.
        lessons: labelled examples that are examined at most.
        exam: questions in the exam of one lesson; 0 for random sets alone.
        rounds: of the race; the first has no rewriting.
        beam: sets that are kept.
        reasons: rewritten sets of each kept one.
        questions: labelled questions that students answer with a set.
        settings: see `Optimizer`.
    """

    def __init__(
        self, metric: Any = None, *, lm: dspy.BaseLM | Sequence[dspy.BaseLM] | None = None, shots: int = 4, lessons: int = 16,
        exam: int = 3, rounds: int = 3, beam: int = 2, reasons: int = 2, questions: int = 12, **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(metric, **settings)
        if min(shots, lessons, rounds, beam, reasons, questions) < 1 or exam < 0:
            raise SettingError("shots, lessons, rounds, beam, reasons and questions are at least 1; exam at least 0.")
        self.lm = [checked_lm(one) for one in (lm if isinstance(lm, Sequence) else [lm])] or [None]
        self.students = tuple(one.model for one in self.lm if one is not None)
        self.shots, self.lessons, self.exam = shots, lessons, exam
        self.rounds, self.beam, self.reasons, self.questions = rounds, beam, reasons, questions

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        later, students = (self.rounds - 1) * self.beam, len(self.lm)
        examined = labelled + min(labelled, self.lessons) * self.exam * students if self.exam else 0
        rewriting = min(self.questions, labelled) * students + 2 * self.reasons
        return (self.beam + later * self.reasons) * pool, examined + later * rewriting

    def strategy(self, problem: Problem) -> TeachingStrategy:
        """Build the strategy."""
        return TeachingStrategy(self, problem)


class TeachingStrategy(Generations):
    """Examines lessons once, then rewrites the best sets."""

    def __init__(self, knobs: LearningByTeaching, problem: Problem) -> None:
        super().__init__(problem, rounds=knobs.rounds, keep=knobs.beam)
        self.knobs, self.students, self.said = knobs, Students(problem, knobs.lm), list[str]()
        self.rewriter = Rewriter(problem)

    async def first(self) -> list[Candidate]:
        """Return the set of the best lessons, and random ones."""
        problem, knobs = self.problem, self.knobs
        sets = [("best lessons", await self._best_lessons())] if knobs.exam and len(problem.labelled) > 1 else []
        while len(sets) < knobs.beam:
            sets.append((f"random set {len(sets) + 1}", choose(problem.labelled, knobs.shots, problem.task, problem.random)))
        return [self.candidate(None, origin, demos=tuple(demos)) for origin, demos in sets]  # 2

    async def _best_lessons(self) -> list[dict]:
        problem, knobs = self.problem, self.knobs
        count = problem.fit(knobs.lessons, knobs.exam * len(knobs.lm), race_rows(problem, knobs.beam))
        lessons = await lessons_of(problem)
        scores = await self.students.scores(lessons, knobs.exam, count)  # 1
        best = sorted(range(len(lessons)), key=lambda i: -scores[i])[: knobs.shots]
        self.said.append(f"exam scores of the best lessons: {', '.join(f'{scores[i]:.2f}' for i in best)}")
        return [lessons[i] for i in best]

    async def next(self) -> list[Candidate]:
        """Return the kept sets, each with one demonstration exchanged, once for each reason."""
        target = self.problem.targets[0]
        sets = [[dict(demo) for demo in one.candidate.tunings[target].demos or ()] for one in self.parents]
        sat = await asyncio.gather(*(self.students.sit(demos, self._questions(demos)) for demos in sets))  # 3
        jobs = [(demos, missed) for demos, tried in zip(sets, sat, strict=True) for missed in self._drawn(tried)]
        made = await self.rewriter.rewritten(jobs, f"{self.round}-")  # 4, 5
        self.said += [f"round {self.round}: demonstration {worst + 1} exchanged: {reason}" for _, worst, reason in made]
        found = [self.candidate(None, f"rewritten set, round {self.round}", demos=tuple(demos)) for demos, _, _ in made]
        return [one for one in found if one.key not in self.told]  # 6

    def _questions(self, demos: Sequence[dict]) -> list[dspy.Example]:
        rest = [
            one for one in self.problem.labelled if not any(same_inputs(self.problem.task, demo, dict(one)) for demo in demos)
        ]
        count = self.problem.fit(self.knobs.questions, self.keep * len(self.knobs.lm), race_rows(self.problem, self.keep))
        return self.problem.random.sample(rest, min(count, len(rest)))

    def _drawn(self, tried: list[Attempt]) -> list[list[Attempt]]:
        """Return the mistakes that each reason is made from; nothing where there are none."""
        missed = mistakes_in(tried, self.problem.task, len(tried))
        draws = range(self.knobs.reasons if missed else 0)
        return [self.problem.random.sample(missed, min(MISTAKES, len(missed))) for _ in draws]

    def reasons(self) -> list[str]:
        """Return the exam scores, and why demonstrations were exchanged."""
        return self.said
