"""The search core: solve a task in steps, with several candidates for each step, a value of each, and a policy that chooses.

For answers that go wrong at one early step. It costs many times a single answer: compare with a vote at equal calls. With a
weak model the values are nearly flat, and the search is costly guessing.

1. The policy names the chains to grow, from none at first.
2. Grow them together, each by `branch` candidates for its next step, and value these; see `Growing`.
3. Go to 1 until the policy is content or `growths` are paid.
4. Answer the best chain; with `answers` > 1 the best few, and the values of equal answers add up.

Papers that are this search:

- 057, self-evaluation guided decoding (Xie et al., 2023): a drawn beam; a path is the geometric mean of its steps. Departures: the
  chance of yes is divided by that of yes and no; a step is not rejected again after it is drawn; the beam is 3 and 4 are
  drawn by default, not 5 and 16; without log-probabilities, yes is the share of three answers.
- 050, ReST-MCTS* (Zhang et al., 2024): UCB down the tree. Departures: the steps of a rollout stay in the tree, where they count
  in the means, in place of a mixed value; the gate is for finished chains only; a sibling's first visit is its value; the
  rating is the value model; 12 growths by default, not 50.
- 051, process-based self-rewarding (Shimao Zhang et al., 2025): greedy, with the step that wins most comparisons.
- Tree of Thoughts (Yao et al., 2023): a beam of 5, each step rated three times.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught import scope
from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.judge.base import Judge
from selftaught.programs.normalise import answer_key
from selftaught.programs.sampling import at_least
from selftaught.programs.search.chain import Chain
from selftaught.programs.search.growing import Growing
from selftaught.programs.search.policies import policy_of
from selftaught.programs.search.tree import Node, explore, outline
from selftaught.registry import method
from selftaught.signatures import Task, output_names


@method(
    57, "selfeval-guided-decoding", family="search", policy="stochastic-beam", by="mean", heat=0.5, trust=0.5, samples=3, branch=4,
    steps=8, growths=22, temperature=1.0,
)  # fmt: skip
@method(
    50, "rest-mcts", family="search", missing="training the policy and the value model on what the search found",
    policy="ucb", value="rate", exploration=0.7, gate=0.9, dive=1,
)  # fmt: skip
@method(
    51, "process-self-rewarding-search", family="search", missing="the seed judgements; training",
    policy="greedy", value="pairs", branch=4, growths=6,
)  # fmt: skip
@method(None, "tree-of-thoughts", family="search", policy="beam", width=5, value="rate", samples=3, steps=3)
class StepSearch(Growing):
    """Search over the steps that lead to an answer.

    The prediction also holds `path` (the steps of the answer), `value` (of its chain), `votes` (answer -> weight), `growths`
    and `tree` (all nodes as rows).

    Args:
        task: what to do.
        policy: which node is grown next: see `selftaught.programs.search.policies`.
        value: what a step is worth: `"check"`, `"rate"`, `"votes"`, `"pairs"`, or a judge of `next_step_of(task)`.
        samples: verdicts that make one value.
        trust: how much the value counts against how likely the model was to write the step, from 0 to 1.
        branch: next steps drawn for a node.
        steps: the most steps of a chain.
        least: steps before which a chain is not finished, whatever the model says; very small ones say so at once.
        growths: the most nodes that are grown.
        temperature: of the drawn steps; the first is the model's own.
        answers: chains that are answered; more than one are weighed.
        final: a judge of the task, for finished chains.
        knobs: settings of the policy, such as `width` or `exploration`.

    Raises:
        SettingError: a setting that makes no sense.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        policy: str = "beam",
        value: str | Judge = "check",
        samples: int = 1,
        trust: float = 1.0,
        branch: int = 3,
        steps: int = 6,
        least: int = 2,
        growths: int = 12,
        temperature: float = 0.8,
        answers: int = 1,
        final: Judge | None = None,
        **knobs: Any,
    ) -> None:
        super().__init__(
            task,
            value=value,
            samples=samples,
            trust=trust,
            branch=branch,
            steps=steps,
            temperature=temperature,
            least=least,
            final=final,
        )
        policy_of(policy, knobs)
        self.policy, self.knobs = policy, knobs
        self.growths, self.answers = at_least("growths", growths, 1), at_least("answers", answers, 1)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Search for the answer to one input."""
        policy = policy_of(self.policy, self.knobs, f"{scope.current().rollout}/{inputs}")
        root = Node(Chain())
        paid = await explore(root, policy, lambda node: self.grow(inputs, node), self.growths)  # 1-3
        chosen = policy.results(root)[: self.answers]
        given = await survivors(self.outputs_of(inputs, node) for node in chosen)  # 4
        found = [(self._key(one), node, one) for node, one in zip(chosen, given, strict=True) if one is not None]
        votes: dict[str, float] = {}
        for key, node, _ in found:
            votes[key] = votes.get(key, 0.0) + node.value
        _, node, outputs = max(found, key=lambda one: votes[one[0]])
        path, tree = list(node.state.steps), outline(root, lambda one: (one.state.steps or ("",))[-1])
        return self.answer(outputs, path=path, value=node.value, votes=votes, growths=paid, tree=tree)

    def _key(self, outputs: dict[str, Any]) -> str:
        return answer_key(outputs, output_names(self.task))

    def cost(self) -> Calls:
        """Return the calls of one input: fewest where the first growth ends it, most with every growth and sample."""
        growths = min(self.growths, policy_of(self.policy, self.knobs).growths(self.branch, self.most))
        one = self.cost_of_growth()
        return Calls(one.at_least, one.at_most * growths) + Calls(1, self.answers)
