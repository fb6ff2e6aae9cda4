"""LADDER at inference (126; Simonds and Yoshiyama, 2025): solve easier variants first, then the problem with them as examples.

For problems that are too hard in one go, where answers can be checked cheaply and easier relatives can be invented. Without a checker
the model's wrong solutions mislead it: then compare with the plain program. "Easier" is the model's opinion.

1. Invent `width` easier variants of the input; of these again, `depth` levels down. A variant that repeats the input, one of its
   ancestors or any other variant, or that cannot be invented, is left out.
2. Solve, the lowest level first: each level sees what was solved below it as demonstrations.
3. Keep what the checker passes. What it fails, or cannot decide, is no demonstration.
4. Answer the input with its solved variants as demonstrations, the easiest first.

Departures: (1) no weights change: solved variants are shown, not trained on. (2) No pool of transformations and no personas; variants of
one problem come in one call and differ because they are listed together. (3) One level by default.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field
from types import GenericAlias
from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json
from pydantic import create_model

from selftaught.errors import CallError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.decompose.shown import shown_variants
from selftaught.programs.judge.base import Judge
from selftaught.programs.normalise import answer_key
from selftaught.programs.reason import reasoned
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived, input_names


@dataclass(slots=True)
class Variant:
    """One node of the tree. `parent`: None for the input itself. `solved`: None where it was not or cannot be checked."""

    id: int
    parent: int | None
    level: int
    inputs: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict)
    solved: bool | None = None


@method(
    126, "ladder", family="curriculum", missing="training on the variants, before and at test time; the pool of transformations"
)
class Ladder(Program):
    """Solve easier variants of the input first, then the input with the solved ones as demonstrations.

    The prediction also holds `tree`, the variants with parent, level, inputs, outputs and `solved`.

    Args:
        task: what to do.
        width: variants of each problem; 0 is plain answering.
        depth: levels of variants.
        reasoning: solutions and answer hold reasoning before the answer, so that demonstrations are worked ones.
        checker: says whether a solution is right, best without a model (`FunctionJudge`); without one, every solution is shown.

    Raises:
        TaskError: the task has an input named `variants`.
    """

    def __init__(
        self, task: str | Task, *, width: int = 3, depth: int = 1, reasoning: bool = True, checker: Judge | None = None
    ) -> None:
        super().__init__(task)
        self.width, self.depth = at_least("width", width, 0), at_least("depth", depth, 1)
        self.checker = checker
        self.generate = Step(reasoned(self.task) if reasoning else self.task)
        if width:
            self.vary = Step(variants_of(self.task, width))
        self.shown = shown_variants(self.task, width)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        tree = await self.tree_for(inputs)  # 1
        for level in range(self.depth, 0, -1):  # 2
            shown = self._demonstrations(tree, level)
            await asyncio.gather(*(self._solve(one, shown) for one in tree if one.level == level))
        found = await self.generate.acall(**inputs, demos=self._demonstrations(tree, 0))  # 4
        return self.answer(found, tree=[serialize_for_json(asdict(one)) for one in tree[1:]])

    async def tree_for(self, inputs: dict[str, Any]) -> list[Variant]:
        """Return the input and its variants, level by level."""
        names = input_names(self.task)
        tree = [Variant(0, None, 0, inputs)]
        known = {answer_key(inputs, names)}
        for level in range(1, (self.depth if self.width else 0) + 1):
            parents = [one for one in tree if one.level == level - 1]
            said = await asyncio.gather(
                *(self.vary.acall(**one.inputs, **self._shown()) for one in parents), return_exceptions=True
            )
            for parent, found in zip(parents, said, strict=True):
                for variant in self._variants(found, first=level == 1):
                    if (key := answer_key(variant, names)) not in known:
                        known.add(key)
                        tree.append(Variant(len(tree), parent.id, level, variant))
        return tree

    def _shown(self) -> dict[str, Any]:
        """Return what easier variants look like, for a step that has no demonstrations of its own."""
        return {"demos": self.shown} if self.shown and not self.vary.demos else {}

    def _variants(self, found: dspy.Prediction | BaseException, *, first: bool) -> list[dict[str, Any]]:
        """Return the variants that a call gave; none where it failed, unless it is the only one of its level."""
        if isinstance(found, BaseException):
            if first or not isinstance(found, CallError):
                raise found
            return []
        return [dict(one.__dict__) for one in found.variants]

    async def _solve(self, one: Variant, shown: list[dspy.Example]) -> None:
        try:
            found = await self.generate.acall(**one.inputs, demos=shown)
            one.outputs = {name: found[name] for name in self.generate.signature.output_fields}
            if self.checker is not None:
                one.solved = (await self.checker.acall(**one.inputs, **self.outputs(found))).passed  # 3
        except CallError:
            return

    def _demonstrations(self, tree: list[Variant], level: int) -> list[dspy.Example]:
        """Return the step's own demonstrations, then the solved variants below a level, the easiest first."""
        solved = [one for one in tree if one.level > level and one.outputs and (one.solved or self.checker is None)]
        made = [dspy.Example(**one.inputs, **one.outputs) for one in sorted(solved, key=lambda one: -one.level)]
        return [*self.generate.demos, *made]

    def cost(self) -> Calls:
        """Return the calls of one input; a variant that is left out costs none."""
        if not self.width:
            return Calls(1, 1)
        nodes = sum(self.width**level for level in range(1, self.depth + 1))
        inner = sum(self.width**level for level in range(1, self.depth))
        check = cost_of(self.checker) if self.checker is not None else Calls(0, 0)
        return Calls(2, 2) + Calls(0, inner) + (Calls(1, 1) + check).optional() * nodes


def variants_of(task: Task, count: int) -> Task:
    """Return the signature of a step that invents easier variants: task inputs -> `variants`, each with these inputs.

    Raises:
        TaskError: the task has an input named `variants`.
    """
    kinds: dict[str, Any] = {name: (one.annotation, ...) for name, one in task.input_fields.items()}
    asked = dspy.OutputField(desc=f"{count} easier variants", min_length=count, max_length=count)
    return derived(
        task, "Vary", MAKE_IT_EASIER, {}, {"variants": (GenericAlias(list, (create_model("Variant", **kinds),)), asked)}
    )


MAKE_IT_EASIER = (
    "Invent easier variants of the given input: smaller numbers, fewer steps, or only one part of it. Each must be complete, of the "
    "same kind, and different from the others and from the given one. Do not answer them."
)
