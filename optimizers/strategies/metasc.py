"""MetaSC (160; Gallego, 2025): the principle that guides a critic improves over a stream of inputs, without labels.

For a program that criticises and revises its answers (`Refine`, `SelfRefine`). The order of the inputs matters, and
principles drift to cautious wording: whatever is accepted is measured, and confirmed on unseen inputs.

The specification stands below the critic's instruction. At first it is `specification`, or none: the critic as it is.
1. Answer the next input of the stream with the specification as it is now: draft, critique, revision.
2. Meta-critique: shown this conversation and told that the critique fell short, a model writes a better specification, one
   short sentence.
3. Gate: the program with it meets the rows of the race; it is accepted if it scores at least as well on the rows that the
   present one met too. Then it holds for the next inputs.
4. After `warm` inputs the specification is frozen.

`warm=0` is the static program with `specification`. Of all specifications the one with the best score wins.

Departures: (1) the paper takes every update, which `margin=None` does; an attacker among the inputs could steer it. (2) A
specification that repeats the conversation or gives away an example is dropped. (3) The search is offline, on the trainset; the tuned program learns no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.optimizers.asking import checked_lm
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, apply
from selftaught.optimizers.engine import Engine
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.policies import AtLeastAsGood
from selftaught.optimizers.principles import ruled
from selftaught.optimizers.proposer import Proposer
from selftaught.optimizers.rollouts import Attempt
from selftaught.optimizers.strategy import Problem, Standing
from selftaught.optimizers.unchecked import unchecked
from selftaught.registry import method
from selftaught.signatures import output_names, proposal_of, render

LONGEST_SPECIFICATION = 160
NONE_YET = "none"


@method(160, "metasc", family="instructions")
class MetaSC(Optimizer):
    """Improve the principle by which a program criticises its own drafts.

    Args:
        metric: see `Optimizer`.
        specification: the first principle; empty for the critic as it is.
        warm: inputs of the trainset to learn from, one after the other; labels are not read.
        margin: how much better a new one must be on the rows that both met; negative for small losses, None to take every one.
        lm: the meta model; the one that answers by default.
        settings: see `Optimizer`; `targets` names the critic, where it is not found by its fields.

    Raises:
        SettingError: (`compile`) the program has no critic.
    """

    def __init__(
        self, metric: Any = None, *, specification: str = "", warm: int = 10, margin: float | None = 0.0,
        lm: dspy.BaseLM | None = None, **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(metric, **settings)
        if warm < 0:
            raise SettingError(f"warm={warm}: at least 0 inputs.")
        self.specification, self.warm, self.margin = specification.strip(), warm, margin
        self.lm, self.meta = checked_lm(lm), None if lm is None else lm.model

    @contextmanager
    def opened(self, student: dspy.Module, **settings: Any) -> Iterator[Engine]:
        """Give the engine of a run; refuses a program without a critic before anything is paid."""
        if self.targets is None and not critics_of(student):
            raise SettingError(
                f"{type(student).__name__} has no critic: no step from a `draft` to its `problems`. MetaSC tunes programs such as "
                "SelfRefine; name another critic with targets=[...]."
            )
        with super().opened(student, **settings) as engine:
            yield engine

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        warm = min(self.warm, labelled)
        return (warm + bool(self.specification)) * pool, warm * 4

    def strategy(self, problem: Problem) -> MetaSCStrategy:
        """Build the strategy."""
        return MetaSCStrategy(self, replace(problem, targets=list(self.targets or critics_of(problem.program))))


def critics_of(program: dspy.Module) -> list[str]:
    """Return the names of the steps that go from a `draft` to its `problems`."""
    signatures = ((name, predictor.signature) for name, predictor in program.named_predictors())
    return [name for name, one in signatures if "draft" in one.input_fields and "problems" in one.output_fields]


class MetaSCStrategy(Generations):
    """One input of the stream a round; the rounds before it learn how the baseline and the first specification stand."""

    def __init__(self, knobs: MetaSC, problem: Problem) -> None:
        super().__init__(problem)
        self.knobs, self.specification = knobs, knobs.specification
        count = min(knobs.warm, len(problem.labelled))
        warm = min(count, problem.fit(count, problem.pool // 2 + 2))
        self.stream = problem.random.sample(problem.labelled, warm)
        self.rounds = 1 + bool(self.specification) + warm
        given = {
            "task": "what is to be done",
            "conversation": "an answer, its critique and the revision",
            "present": "the present rule",
        }
        asked = proposal_of(
            "MetaCritique", DEEPEN, given, asked="rule", described="one short sentence", longest=LONGEST_SPECIFICATION
        )
        self.meta = Proposer(problem, asked, lm=knobs.lm, name="meta")
        self.gate = None if knobs.margin is None else AtLeastAsGood(knobs.margin)
        self.current: Standing | None = None
        self.item, self.proposed, self.said = 0, self.specification, list[str]()

    async def first(self) -> list[Candidate]:
        """Return the baseline, which has met all rows."""
        return [BASELINE]

    async def next(self) -> list[Candidate]:
        """Return the program with the next specification."""
        if self.specification and self.round == 2:
            return [self._with(self.specification, "the first specification")]
        while self.item < len(self.stream):
            self.item += 1
            self.proposed = await self._deeper(self.stream[self.item - 1])
            candidate = self._with(self.proposed, f"specification after input {self.item}")
            if self.proposed and candidate.tunings and candidate.key not in self.told:
                return [candidate]
            self.said.append(f"input {self.item}: no new specification")
        return []

    async def _deeper(self, example: dspy.Example) -> str:
        """Answer one input with the present specification; return a better one, empty where there is none."""
        assert self.current is not None, "first() comes first"
        problem = self.problem
        program = apply(self.current.candidate, problem.program, problem.space.programs)
        answered = await unchecked(problem, program, [example], name="warm")  # 1
        if not answered:
            return ""
        present = self.specification or NONE_YET
        conversation = self._conversation(answered[0])
        shown = {"task": problem.task.instructions, "conversation": conversation, "present": present}
        said = (await self.meta.instructions([shown]))[0] or ""  # 2
        return "" if said.lower().rstrip(".") in conversation.lower() else said

    def _conversation(self, answered: Attempt) -> str:
        problem, names = self.problem, output_names(self.problem.task)
        reviews = [one for target in problem.targets for one in answered.demos.get(target, [])]
        lines = [f"Input: {render(list(problem.task.input_fields), dict(answered.example))}"]
        for one in reviews:
            lines += [f"Answer: {one.get('draft', '')}", f"Critique: {'; '.join(one.get('problems') or ['nothing is wrong'])}"]
        return "\n".join([*lines, f"Final answer: {render(names, answered.answer)}"])

    def _with(self, specification: str, origin: str) -> Candidate:
        return ruled(self.problem, [specification] if specification else [], origin, heading=GUIDED_BY)

    def tell(self, standings: list[Standing]) -> None:
        """Accept or reject the new specification."""
        super().tell(standings)
        if self.current is None or self.item == 0:
            self.current = standings[-1]
            return
        for new in standings:
            accepted = new.score is not None and (self.gate is None or self.gate.accepts(self.current, new))  # 3
            self.said.append(
                f"input {self.item}: {'accepted' if accepted else 'rejected'} {self.proposed!r}, {new.value:.2f} on {new.rows} rows"
            )
            if accepted:
                self.current, self.specification = new, self.proposed

    def reasons(self) -> list[str]:
        """Return the history of the specification."""
        return [*([f"first: {self.knobs.specification!r}"] if self.knobs.specification else []), *self.said]


DEEPEN = (
    "An answer was criticised by the present rule and revised. The critique was not deep enough. Write a better rule for the critic: "
    "one short sentence that says what a good answer to any input must do. Do not repeat the present rule."
)
GUIDED_BY = "Criticise by this principle:"
