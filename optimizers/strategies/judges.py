"""Tuning a judge without human labels (159 Self-Taught Evaluator; T. Wang et al., 2024; 054 Meta-Rewarding; Wu et al., 2024).

When you need a judge for your task and have solved examples, or pairs of answers: right or wrong is known by construction. What it
learns is to see such faults; a fault that is subtle it may still miss. The model must be able to judge at all: a judge that
guesses gives no right judgements to learn from, and then only instructions compete.

1. Pairs: a good answer and a bad one (another example's, or one with a mechanical fault). The label is never a judge's.
2. Draw `samples` judgements of the labelled pairs, each pair in both orders.
3. Keep judgements that agree with the label; a tie never does. A pair counts only if there is one in both orders.
   Of several, keep a random one (159), or the one that a meta-judge finds the most accurate (054).
4. Demonstrations: random sets of kept judgements, as many that say "first" as "second", or of good answers as of bad ones.
5. Instructions: propose them for each step of the judge, from pairs that it judged wrong; each goes with a set of demonstrations.
6. Race by agreement with the labels of other pairs; the judge that is returned has no trust yet: measure it.

Departures: (1) the judge is prompted; training it is missing, and so is the next iteration. (2) Bad answers are mechanical faults
by default: give pairs of `construct_pairs` for the paper's, written by a model. (3) Temperature and number of samples are small.
(4) 054 meta-judges what varies most; here all judgements of the labelled pairs that agree with the label.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, Tuning
from selftaught.optimizers.engine import Engine
from selftaught.optimizers.estimate import Estimate
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.judged import Agrees, Preferring, pairs_of
from selftaught.optimizers.judgements import Judgements, draw_judgements
from selftaught.optimizers.proposer import Proposer
from selftaught.optimizers.races import Halving
from selftaught.optimizers.strategy import Problem
from selftaught.programs.judge import Pairwise
from selftaught.registry import method
from selftaught.signatures import input_names, output_names, proposal_of, render
from selftaught.signatures.derive import TASK_HEADING

SHARE = 3
"""The part of the rows that the search can pay for, one in so many, that judgements to learn from may take."""


@method(159, "self-taught-evaluator-tuned", family="judge", missing="iterations")
@method(54, "meta-rewarded-judge-tuned", family="judge", missing="iterations", meta=True, samples=3)
class TuneJudge(Optimizer):
    """Tune a judge on pairs of answers whose label is known by construction.

    `compile` takes a judge as student, and solved examples of the judge's task or labelled pairs as `trainset` and `valset`. It
    returns the judge. In a study, `finish()` returns a program whose `judge` it is.

    Args:
        metric: agreement with the known label by default.
        shots: the most demonstrations of a step; 0 for instructions alone.
        sets: random sets of demonstrations that race.
        samples: judgements drawn of each pair.
        proposals: instructions asked for; 0 for demonstrations alone.
        meta: let a meta-judge choose among right judgements; for judges of one answer, which say why.
        kinds: faults that make an answer bad, see `label_by_construction`.
        temperature: of the judgements.
        block: rows of a block.
        settings: see `Optimizer`; `targets` are steps of the judge, by default all.
    """

    def __init__(
        self,
        metric: Any = None,
        *,
        shots: int = 4,
        sets: int = 4,
        samples: int = 2,
        proposals: int = 4,
        meta: bool = False,
        kinds: Sequence[str] = ("swapped",),
        temperature: float = 0.7,
        block: int = 5,
        **settings: Any,
    ) -> None:
        super().__init__(Agrees() if metric is None else metric, **settings)
        if (
            min(samples, block) < 1
            or min(sets, proposals) < 0
            or sets + proposals < 1
            or shots < 0
            or shots == 1
            or temperature <= 0
        ):
            raise SettingError(
                "samples and block are at least 1, sets and proposals at least 0 and not both 0, temperature is above 0, and shots are 0 "
                "or at least 2: one judgement of each kind."
            )
        self.shots, self.sets, self.samples, self.proposals = shots, sets if shots else 0, samples, proposals
        self.meta, self.kinds, self.temperature, self.block = meta, tuple(kinds), temperature, block

    def compile(self, student: dspy.Module, **settings: Any) -> dspy.Module:
        """Tune a judge; see `Optimizer.compile`."""
        tuned = super().compile(student, **settings)
        judge, outcome = tuned.judge, tuned.tuning
        if outcome.confirmed:
            judge.trusted = judge.calibration = None  # they were measured of another judge
        judge._compiled, judge.tuning, outcome.program = True, outcome, judge
        return judge

    @contextlib.contextmanager
    def opened(self, student: dspy.Module, **settings: Any) -> Iterator[Engine]:
        """Give the engine of a run on pairs; see `Optimizer`."""
        program, named = self._prepared(student, settings), self.targets
        own = [name for name, _ in student.named_predictors() if not name.startswith("against")]
        self.targets = tuple(f"judge.{name}" for name in named or own)
        try:
            with super().opened(program, **settings) as engine:
                yield engine
        finally:
            self.targets = named

    def estimate(self, student: dspy.Module, **settings: Any) -> Estimate:
        """Return what `compile` would spend, without a call."""
        return super().estimate(self._prepared(student, settings), **settings)

    def _prepared(self, student: dspy.Module, settings: dict[str, Any]) -> Preferring:
        """Return the judge in the form in which it is tuned, and put pairs in the place of examples."""
        if self.meta and isinstance(student, Pairwise):
            raise SettingError("meta=True compares judgements of one answer. A judge that compares answers is tuned without.")
        program = Preferring(student)
        for name in ("trainset", "valset"):
            if settings.get(name) is not None:
                settings[name] = pairs_of(student.task, settings[name], self.kinds, int(settings.get("seed", 0)))  # 1
        return program

    def race(self) -> Halving:
        """Return successive halving."""
        return Halving(self.block)

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows, those of the judgements to learn from included, and the proposals' calls."""
        drawn = 2 * labelled * self.samples * (1 + self.meta * (self.samples - 1))
        return 2 * self.block * (self.sets + self.proposals) + 2 * pool + drawn, self.proposals

    def strategy(self, problem: Problem) -> JudgeStrategy:
        """Build the strategy."""
        return JudgeStrategy(self, problem)


class JudgeStrategy(Generations):
    """Draws judgements once, and makes demonstrations and instructions of them; the race does the rest."""

    def __init__(self, knobs: TuneJudge, problem: Problem) -> None:
        super().__init__(problem)
        self.knobs = knobs
        self.found: Judgements | None = None

    async def first(self) -> list[Candidate]:
        """Return sets of demonstrations, and instructions with sets of their own."""
        knobs, problem = self.knobs, self.problem
        each = knobs.samples * (1 + knobs.meta * (knobs.samples - 1))
        pairs = problem.random.sample(problem.labelled, problem.fit(len(problem.labelled), SHARE * each))
        self.found = await draw_judgements(problem, pairs, knobs.samples, knobs.temperature, meta=knobs.meta)  # 2, 3
        room = problem.fit(knobs.sets + knobs.proposals, 2 * knobs.block, reserve=len(pairs) * each + problem.pool)
        sets = [self._with_demos({}, f"judgements, set {number + 1}") for number in range(min(knobs.sets, room))]  # 4
        return [one for one in sets if one.tunings] + await self._instructed(min(knobs.proposals, max(0, room - len(sets))))

    def _with_demos(self, instructions: dict[str, str], origin: str) -> Candidate:
        kept = self.found.kept if self.found else []
        chosen = self.problem.random.sample(kept, min(self.knobs.shots // 2, len(kept)))
        tunings = {}
        for name in self.problem.targets:
            shown = [demo for one in chosen for demo in one.get(name, [])]
            demos = tuple(self.problem.random.sample(shown, len(shown))) or None
            if demos or name in instructions:
                tunings[name] = Tuning(instructions.get(name), demos)
        return Candidate(tunings, BASELINE.key, origin)

    async def _instructed(self, count: int) -> list[Candidate]:
        if not count:
            return []
        steps = dict(self.problem.program.named_predictors())
        names = [self.problem.targets[number % len(self.problem.targets)] for number in range(count)]
        own = {name: steps[name].signature.instructions.partition(f"\n\n{TASK_HEADING}") for name in names}
        proposer = Proposer(self.problem, proposal_of("ImproveJudge", WRITE_A_BETTER_ONE, GIVEN), name="judge")
        said = await proposer.instructions([{"current": own[name][0], "judged": self._judged()} for name in names])  # 5
        texts = {(name, text): f"{text}{''.join(own[name][1:])}" for name, text in zip(names, said, strict=True) if text}
        return [self._with_demos({name: whole}, f"a new instruction for {name}") for (name, _), whole in texts.items()]

    def _judged(self, count: int = 3) -> str:
        """Return some pairs as text, those that were judged wrong first."""
        wrong = self.found.wrong if self.found else []
        chosen = self.problem.random.sample(wrong, min(count, len(wrong)))
        others = [pair for pair in self.problem.labelled if pair not in chosen]
        chosen += self.problem.random.sample(others, min(count - len(chosen), len(others)))
        judged = self.problem.program.judge.task
        names, lines = output_names(judged), []
        for pair in chosen:
            good, bad = (pair.first, pair.second) if pair.better == "first" else (pair.second, pair.first)
            lines.append(
                f"Input: {render(input_names(judged), pair)}\nGood answer: {render(names, good)}\nBad answer: {render(names, bad)}"
            )
        return "\n\n".join(lines)

    def reasons(self) -> list[str]:
        """Return what there was to learn from."""
        return [str(self.found)] if self.found else []


GIVEN = {"current": "what the judge is told now", "judged": "answers that the judge should tell apart"}
WRITE_A_BETTER_ONE = (
    "A judge of answers makes mistakes. Compare the good answers with the bad ones: what is wrong with the bad ones? "
    "Write a better instruction for the judge. It says what to check, and asks for the same kind of verdict as now. "
    "It names no example."
)
