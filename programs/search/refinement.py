"""Tree-search refinement (072 SPaR; Cheng et al., 2024): refine a refused answer in several ways, level by level.

For answers that must meet many stated constraints. The judge is the bottleneck: where constraints can be counted, give a judge
that counts (`critic`).

1. Draft. Ask `votes` times whether it meets every requirement; the share of yes is its value. Above one half: done.
2. Refine each answer of the beam in `branch` ways, each with the critique that the majority of its votes agrees with.
   An answer that is in the tree already is left out.
3. Vote on each new answer. Stop at the first level that holds a value above one half.
4. Keep the best `width`, and go to 2, at most `depth` times.
5. Return the best answer in the tree, the earliest of equals.

Departures: (1) one draft is refined; the paper draws several and picks a refused one, to make training data. (2) A tie is a value
of one half, which is not enough; the paper asks again and drops it. (3) Three votes by default, not five.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.branches import survivors
from selftaught.programs.judge.base import Judge, feedback_of
from selftaught.programs.refine.core import IMPROVE, Review
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.search.levels import Beam
from selftaught.programs.search.tree import Node, explore, outline
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, critique_of, output_names, refine_of, render

ENOUGH = 0.5
VOTE_TEMPERATURE = 0.7


@method(72, "spar", family="refine", missing="judgements of the tree as rows; training")
class RefinementTree(Program):
    """Refine an answer by a tree search, judged by votes.

    The prediction also holds `value` (share of yes), `critique`, `accepted`, `depth` (revisions that led to it) and `tree`.

    Args:
        task: what to do.
        branch: refinements of an answer.
        width: answers kept of a level.
        depth: the most levels; 0 is a draft and its value.
        votes: judgements of an answer.
        temperature: of the refinements after the first.
        generate: makes the draft; a step on the task by default.
        critic: a judge whose score is the value, instead of the votes.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        branch: int = 3,
        width: int = 2,
        depth: int = 3,
        votes: int = 3,
        temperature: float = 0.9,
        generate: dspy.Module | None = None,
        critic: Judge | None = None,
    ) -> None:
        super().__init__(task)
        self.branch, self.width = at_least("branch", branch, 1), at_least("width", width, 1)
        self.depth, self.votes = at_least("depth", depth, 0), at_least("votes", votes, 1)
        self.temperature = temperature
        self.generate = generate or Step(self.task)
        self.critic = critic or Step(critique_of(self.task, CHECK_EVERY_REQUIREMENT))
        self.refine = Step(refine_of(self.task))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Refine one answer."""
        root = Node(self.outputs(await self.generate.acall(**inputs)))  # 1
        await self._judge(inputs, root)
        policy, seen = Beam(width=self.width, gate=ENOUGH), {self._text(root)}
        if self.depth:
            await explore(root, policy, lambda node: self._grow(inputs, seen, node), self._growths())  # 2-4
        best = max(root.subtree(), key=lambda node: node.value)  # 5
        review: Review = best.extra["review"]
        return self.answer(
            best.state, value=best.value, critique=" ".join(review.problems), accepted=best.value > ENOUGH,
            depth=len(best.path()), tree=outline(root, lambda node: self._text(node)),
        )  # fmt: skip

    async def _grow(self, inputs: dict[str, Any], seen: set[str], node: Node) -> list[Node]:
        problems = node.extra["review"].problems or [IMPROVE]
        asked = {**inputs, "draft": self._text(node), "problems": problems}
        drawn = await draw(self.refine, asked, self.branch, self.temperature, own_first=True)
        fresh = []
        for one in drawn:
            child = Node(self.outputs(one), finished=len(node.path()) + 1 >= self.depth)
            if self._text(child) not in seen:
                seen.add(self._text(child))  # before anything is awaited: growths run at the same time
                fresh.append(child)
        judged = await survivors(self._judge(inputs, child) for child in fresh)
        return [child for child in judged if child is not None]

    async def _judge(self, inputs: dict[str, Any], node: Node) -> Node:
        node.extra["review"] = review = await self._review(inputs, node)
        node.value = review.score
        return node

    async def _review(self, inputs: dict[str, Any], node: Node) -> Review:
        if isinstance(self.critic, Judge):
            verdict = (await self.critic.acall(**inputs, **node.state)).verdict
            said = feedback_of(verdict)
            return Review([said] if said else [], bool(verdict.passed), ENOUGH if verdict.score is None else verdict.score)
        asked = {**inputs, "draft": self._text(node)}
        cast = await draw(self.critic, asked, self.votes, VOTE_TEMPERATURE, own_first=True)
        share = sum(bool(one.acceptable) for one in cast) / len(cast)
        agreeing = next(one for one in cast if bool(one.acceptable) == (share > ENOUGH))
        return Review([text for text in agreeing.problems if text.strip()], share > ENOUGH, share)

    def _text(self, node: Node) -> str:
        return render(output_names(self.task), node.state)

    def _growths(self) -> int:
        return Beam(width=self.width).growths(self.branch, self.depth)

    def cost(self) -> Calls:
        """Return the calls of one input: fewest when the draft is accepted."""
        judged = cost_of(self.critic) * (1 if isinstance(self.critic, Judge) else self.votes)
        grown = Calls(0, self.branch) + judged.optional() * self.branch
        return cost_of(self.generate) + judged + grown * (self._growths() if self.depth else 0)


CHECK_EVERY_REQUIREMENT = (
    "Examine an answer that somebody else gave. Go through every requirement that the task states. List each one that the answer "
    "breaks, with the change that mends it. The answer is acceptable only if it breaks none."
)
