"""Growing a chain by a step, in several ways, each with a value; and answering a chain. What a search over steps is made of.

1. Draw `branch` next steps from the chain so far, together; equal ones are one. A chain that only repeats itself is finished.
2. Value each new step: value^trust * chance^(1 - trust). The chance is the step's likelihood for each token where the model gives
   log-probabilities, else its share of the samples. A step without a value is dropped; where none has one, all count as one half.
3. A chain is finished when the model says so after `least` steps or more, or after `steps` steps. With a `final` judge it is answered at once, and the
   answer's score is its value.
"""

from __future__ import annotations

import contextlib
from typing import Any

from selftaught.errors import CallError, SettingError
from selftaught.programs.base import Calls, Program
from selftaught.programs.branches import survivors
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.step_pairs import PREFIX
from selftaught.programs.normalise import normalise
from selftaught.programs.sampling import at_least
from selftaught.programs.search.chain import Chain, Proposal, merged, next_steps
from selftaught.programs.search.likelihood import LikelyStep
from selftaught.programs.search.step_judges import MOST_VOTED, StepVotes
from selftaught.programs.search.tree import Node
from selftaught.programs.search.values import cost_of_values, value_named, values_of
from selftaught.programs.search.writing import conclusion_of, next_of
from selftaught.programs.step import Step
from selftaught.signatures import Task

NEUTRAL = 0.5
"""The value of steps none of which could be valued."""


class Growing(Program):
    """Base of searches over steps; see `StepSearch` for the arguments."""

    def __init__(
        self,
        task: str | Task,
        *,
        value: str | Judge,
        samples: int,
        trust: float,
        branch: int,
        steps: int,
        least: int,
        temperature: float,
        final: Judge | None,
    ) -> None:
        super().__init__(task)
        if not 0.0 <= trust <= 1.0:
            raise SettingError(f"trust={trust}: expected a share from 0 to 1.")
        self.trust, self.temperature = trust, temperature
        self.branch = at_least("branch", branch, 1)
        self.least, self.most = at_least("least", least, 1), at_least("steps", steps, 1)
        self.propose = (Step if trust == 1.0 else LikelyStep)(next_of(self.task))
        self.value = value_named(value, self.task, samples)
        self.conclude = Step(conclusion_of(self.task))
        self.final = final
        if isinstance(self.value, StepVotes) and branch > MOST_VOTED:
            raise SettingError(f"branch={branch}: a vote is among at most {MOST_VOTED} steps.")

    async def grow(self, inputs: dict[str, Any], node: Node) -> list[Node]:
        """Return new children of a node, with their values."""
        before = node.state.steps
        grown = [
            Node(
                Chain((*before, one.text)),
                finished=len(before) + 1 >= (min(self.least, self.most) if one.finished else self.most),  # 3
                extra={"chance": one.chance},
            )
            for one in await self.proposals(inputs, node)  # 1
        ]
        node.finished = not grown and bool(before) and not node.children  # it only repeats itself
        ended = [one for one in [node, *grown] if one.finished and self.final is not None]
        opened = [one for one in grown if one not in ended]
        parts = [*([self._valued(inputs, before, opened)] if opened else []), *([self._judged(inputs, ended)] if ended else [])]
        kept = [one for part in await survivors(parts) for one in part or ()]
        return [one for one in grown if one in kept]

    async def proposals(self, inputs: dict[str, Any], node: Node) -> list[Proposal]:
        """Return new next steps of a node, from samples that are drawn together; sample 0 is the model's own."""
        numbers = range(node.drawn, node.drawn + self.branch)
        node.drawn += self.branch
        asked = {**inputs, PREFIX: list(node.state.steps)}
        known = {normalise(step) for step in [*node.state.steps, *(child.state.steps[-1] for child in node.children)]}
        return merged(await next_steps(self.propose, asked, numbers, self.temperature), inputs, known)

    async def _valued(self, inputs: dict[str, Any], before: tuple[str, ...], nodes: list[Node]) -> list[Node]:
        found = await values_of(self.value, inputs, before, [node.state.steps[-1] for node in nodes])  # 2
        unknown = all(value is None for value in found)
        for node, value in zip(nodes, found, strict=True):
            node.value = (NEUTRAL if value is None else value) ** self.trust * node.extra["chance"] ** (1 - self.trust)
        return [node for node, value in zip(nodes, found, strict=True) if value is not None or unknown]

    async def _judged(self, inputs: dict[str, Any], nodes: list[Node]) -> list[Node]:
        return [node for node in await survivors(self._judge(inputs, node) for node in nodes) if node is not None]

    async def _judge(self, inputs: dict[str, Any], node: Node) -> Node:
        """Answer a finished node and let the final judge value it; without a score it keeps its value, or counts one half."""
        assert self.final is not None
        node.state = Chain(node.state.steps, await self.outputs_of(inputs, node))
        node.value = node.value or NEUTRAL
        with contextlib.suppress(CallError):
            score = (await self.final.acall(**inputs, **node.state.outputs)).verdict.score
            node.value = node.value if score is None else score
        return node

    async def outputs_of(self, inputs: dict[str, Any], node: Node) -> dict[str, Any]:
        """Return the answer to a chain; a chain is answered once."""
        if node.state.outputs is not None:
            return dict(node.state.outputs)
        return self.outputs(await self.conclude.acall(**inputs, **{PREFIX: list(node.state.steps)}))

    def cost_of_growth(self) -> Calls:
        """Return the calls of growing one node: fewest where no sample says anything new."""
        ended = self.branch * (1 + self.final.cost().at_most) if self.final is not None else 0
        return Calls(self.branch, self.tried() + max(cost_of_values(self.value, self.branch).at_most, ended))

    def tried(self) -> int:
        """Return the most samples of one growth."""
        return self.branch
