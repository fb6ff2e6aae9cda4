"""Self-AMPLIFY (045; Bhan et al., 2024): demonstrations with reasons that the model wrote after it saw the right answer.

For a small model, with labelled examples but nobody's written reasoning. Such reasons may be unfaithful: random words sometimes do
nearly as well, so they always race along, and the outcome says how close they came.

1. Answer the labelled examples without demonstrations. `pick="success"` keeps those answered right, "error" those answered wrong.
   Draw `shots` of them; all explainers explain the same ones.
2. Explain each right answer, with the answer at hand: by each of `explainers`, and by random words as the control (`rationales`).
3. Demonstrations: input, reason, right answer. The program writes its reasoning before its answer; one that does not yet is
   replaced by one that does (`Reasoned`), which also races without demonstrations.
4. Race them: all meet a block, the better half meets the next, until one block is left or one candidate.
5. Finals: the best two meet the whole pool.

Departures: (1) attribution explains the metric's score of the answer, not its log-probability, so that any model will do; there is
no DeepLift, which needs the weights. (2) Constants are not known for certain: 8 shots, 4 words and 3 steps are ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, Tuning
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.races import Halving
from selftaught.optimizers.rationales import EXPLAINERS, Explainer, Rationales
from selftaught.optimizers.rollouts import attempts
from selftaught.optimizers.strategy import Problem, Standing
from selftaught.optimizers.variants import GENERATE, offer
from selftaught.programs.reason import REASONING, Reasoned, reasons_first
from selftaught.registry import method
from selftaught.signatures import output_names

CONTROL: Explainer = "random_words"
REASONS_FIRST = "reasoning first"


@method(45, "self-amplify", family="demonstrations")
class Amplify(Optimizer):
    """Race demonstrations whose reasons were written by different explainers.

    Args:
        metric: see `Optimizer`.
        shots: demonstrations in a set.
        pick: "success" shows examples that the program answers right without any, "error" those it answers wrong.
        explainers: "topk_words", "steps", "attribution"; "random_words" is always among them.
        words: the most words in a reason of words.
        masks: answers that attribution takes for one example.
        block: rows of a block.
        lm: the model that explains; the one that answers by default.
        settings: see `Optimizer`.
    """

    def __init__(
        self, metric: Any = None, *, shots: int = 8, pick: Literal["success", "error"] = "success",
        explainers: Sequence[Explainer] = ("topk_words", "steps"), words: int = 4, masks: int = 24, block: int = 5,
        lm: dspy.BaseLM | None = None, **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(metric, **settings)
        if min(shots, words, block) < 1 or masks < 4:
            raise SettingError("shots, words and block are at least 1, masks at least 4.")
        if pick not in ("success", "error"):
            raise SettingError(f"pick={pick!r}: expected 'success' or 'error'.")
        if isinstance(explainers, str) or not {*explainers} <= {*EXPLAINERS}:
            raise SettingError(f"explainers={explainers!r}: expected some of {', '.join(EXPLAINERS)}.")
        self.explainers = tuple(dict.fromkeys([*explainers, CONTROL]))
        self.shots, self.pick, self.words, self.masks, self.block, self.lm = shots, pick, words, masks, block, lm

    def race(self) -> Halving:
        """Return successive halving."""
        return Halving(self.block)

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows, and the calls that select and explain."""
        each = sum({"attribution": self.masks, CONTROL: 0}.get(one, 1) for one in self.explainers)
        return 2 * self.block * (len(self.explainers) + 1) + 2 * pool, labelled + min(self.shots, labelled) * each

    def strategy(self, problem: Problem) -> AmplifyStrategy:
        """Build the strategy.

        Raises:
            SettingError: the program does not reason before it answers, and no step of it can be made to.
        """
        return AmplifyStrategy(self, problem)


class AmplifyStrategy(Generations):
    """Selects and explains once; the race does the rest."""

    def __init__(self, knobs: Amplify, problem: Problem) -> None:
        super().__init__(problem)
        self.knobs = knobs
        self.rationales = Rationales(problem, words=knobs.words, masks=knobs.masks, lm=knobs.lm)
        self.program: str | None = None
        self.target = problem.targets[0]
        if not reasons_first(dict(problem.program.named_predictors())[self.target].signature):  # 3
            self.program = REASONS_FIRST
            self.target = f"{offer(problem, REASONS_FIRST, self._reasoned)}{GENERATE}"
        self.picked = 0

    def reasons(self) -> list[str]:
        """Say what was shown, and how the explainers stand beside random words, each on the rows that both met."""
        known = {one.candidate.origin: one for one in self.told.values()}
        control = known.get(_origin(CONTROL))
        others = [known[_origin(one)] for one in self.knobs.explainers if one != CONTROL and _origin(one) in known]
        lines = [line for one in others if control is not None and (line := _beside(one, control))]
        return [f"{self.picked} demonstrations ({self.knobs.pick})", *lines]

    async def first(self) -> list[Candidate]:
        """Return one candidate for each explainer."""
        picked = await self._pick()  # 1
        kinds = self.knobs.explainers if picked else ()
        written = await asyncio.gather(*(self.rationales.write(kind, picked) for kind in kinds))  # 2
        sets = [(kind, self._demos(picked, reasons)) for kind, reasons in zip(kinds, written, strict=True)]
        found = [self._candidate(_origin(kind), Tuning(demos=tuple(demos))) for kind, demos in sets if demos]
        return [*found, *([self._candidate(f"control: {REASONS_FIRST}, no demonstrations")] if self.program else [])]  # 4, 5

    async def _pick(self) -> list[dspy.Example]:
        tried = await attempts(self.problem)
        fit = [one.example for one in tried if (one.right if self.knobs.pick == "success" else one.wrong)]
        chosen = self.problem.random.sample(fit, min(self.knobs.shots, len(fit)))
        self.picked = len(chosen)
        return chosen

    def _demos(self, examples: Sequence[dspy.Example], reasons: Sequence[str | None]) -> list[dict[str, Any]]:
        names = [name for name in output_names(self.problem.task) if name != REASONING]
        return [
            {**dict(example.inputs()), REASONING: reason, **{name: example[name] for name in names if name in example}}
            for example, reason in zip(examples, reasons, strict=True)
            if reason is not None
        ]

    def _candidate(self, origin: str, tuning: Tuning | None = None) -> Candidate:
        return Candidate({self.target: tuning} if tuning else {}, BASELINE.key, origin, self.program)

    def _reasoned(self, step: dspy.Predict) -> Reasoned:
        made = Reasoned(self.problem.task.with_instructions(step.signature.instructions))
        made.generate.config = {**made.generate.config, **step.config}
        made.set_lm(step.lm)
        return made


def _origin(explainer: Explainer) -> str:
    return f"control: {explainer}" if explainer == CONTROL else f"reasons: {explainer}"


def _beside(one: Standing, control: Standing) -> str | None:
    shared = [row for row, score in one.scores.items() if score is not None and control.scores.get(row) is not None]
    if not shared:
        return None
    mine, theirs = (sum(found.scores[row] or 0.0 for row in shared) / len(shared) for found in (one, control))
    return f"{one.candidate.origin} {mine:.0%}, {control.candidate.origin} {theirs:.0%} on {len(shared)} rows".replace("%", " %")
