"""Self-Explore (077; Hyeonbin Hwang et al., 2024): the first step from which a chain cannot be saved any more, and a way around it.

For chains whose answer can be compared with others. The step depends on how strong the model is and how often it tries: few tries
on a hard task give false alarms.

1. Write a chain. Draw `tries` more; the most frequent answer of all is the one to reach, or with `accept` any that it passes.
2. A chain that reaches it is returned.
3. For each step in turn: complete the chain from there `tries` times. The first step after which none reaches it is the pit.
   No pit: return the chain.
4. Take the shortest completion that reached it from the step before, and does not take the step into the pit.

Departures: (1) the paper has the right answers; here most samples or a judge stand in for them. (2) It makes training pairs of the
two ways; here the better way is the answer, and `path`, `mistake` and `wrong` hold the pair.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from selftaught.programs.base import Calls, cost_of
from selftaught.programs.branches import survivors
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.step_pairs import PREFIX
from selftaught.programs.locate.core import Banned, Mending, Mistake
from selftaught.programs.normalise import answer_key, normalise
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.search.chain import Chain
from selftaught.programs.search.writing import MOST_STEPS
from selftaught.registry import method
from selftaught.signatures import Task, output_names


@method(77, "self-explore", family="self-training", missing="training")
class FirstPit(Mending):
    """Find the step from which a chain cannot be saved, and go around it.

    The prediction also holds `path` (the steps), `changed`, `mistake` (index of the step into the pit, None without one) and
    `wrong` (its text).

    Args:
        task: what to do.
        tries: completions from each step.
        temperature: of the completions.
        accept: a judge that says which answers are right; by default the most frequent answer is.
    """

    def __init__(self, task: str | Task, *, tries: int = 4, temperature: float = 0.7, accept: Judge | None = None) -> None:
        super().__init__(task, recheck=False)
        self.tries, self.temperature, self.accept = at_least("tries", tries, 1), temperature, accept

    async def locate(self, inputs: dict[str, Any], chain: Chain) -> Mistake | None:
        """Return the pit, with the way around it."""
        saved = await self._completions(inputs, ())  # 1
        target = Counter(self._key(one) for one in [chain, *saved]).most_common(1)[0][0]
        right = await self._reaching(inputs, [chain, *saved], target)
        if chain in right:  # 2
            return None
        for at, step in enumerate(chain.steps):  # 3
            found = await self._reaching(inputs, await self._completions(inputs, chain.steps[: at + 1]), target)
            if not found:
                around = [one for one in right if normalise(step) not in one.key()[at:]]  # 4
                return Mistake(at, chain=min(around, key=_length, default=None))
            right = found
        return None

    async def mended(self, inputs: dict[str, Any], chain: Chain, mistake: Mistake, banned: Banned) -> Chain | None:
        """Return the way around the pit."""
        return mistake.chain

    async def _completions(self, inputs: dict[str, Any], before: tuple[str, ...]) -> list[Chain]:
        drawn = await draw(self.write, {**inputs, PREFIX: list(before)}, self.tries, self.temperature)
        return [self.chain(inputs, before, one) for one in drawn]

    async def _reaching(self, inputs: dict[str, Any], chains: list[Chain], target: str) -> list[Chain]:
        if self.accept is None:
            return [one for one in chains if self._key(one) == target]
        different = {self._key(one): one for one in chains}
        judged = await survivors(self.accept.acall(**inputs, **(one.outputs or {})) for one in different.values())
        passed = {key for key, one in zip(different, judged, strict=True) if one is not None and one.verdict.passed}
        return [one for one in chains if self._key(one) in passed]

    def _key(self, chain: Chain) -> str:
        return answer_key(chain.outputs or {}, output_names(self.task))

    def cost(self) -> Calls:
        """Return the calls of one input: fewest where the first chain reaches the answer."""
        judged = cost_of(self.accept) if self.accept is not None else Calls(0, 0)
        start = Calls(judged.at_least, judged.at_most * (self.tries + 1)) + Calls(1 + self.tries, 1 + self.tries)
        return start + Calls(0, self.tries * (1 + judged.at_most)) * MOST_STEPS


def _length(chain: Chain) -> tuple[int, int]:
    return len(chain.steps), len("".join(chain.steps))
