"""Experts for regions of inputs: who answers which, and the labelled examples that each of them shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from selftaught.embedding import Encoder, embed, text_of
from selftaught.optimizers.demos import choose
from selftaught.optimizers.regions import ALPHA, regions_of
from selftaught.optimizers.strategy import Problem
from selftaught.optimizers.variants import offer
from selftaught.programs.route.mixture import MixtureOfPrompts

NAME = "mixture"
Demo = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Experts:
    """Experts of a program. `program`: its name among those offered, None for the student as it is, which is one expert.

    `names`: of their predictors. `shown`: the examples that each shows. `groups`: the labelled examples of each region; there is
    one expert more than regions where a general one answers what lies beyond them.
    """

    program: str | None
    names: list[str]
    shown: list[list[Demo]]
    groups: list[list[Demo]]

    def beyond(self, region: int) -> list[Demo]:
        """Return the labelled examples that the expert of a region does not show; all, where it shows all."""
        everything = [one for group in self.groups for one in group]
        return [one for one in everything if one not in self.shown[region]] or everything


def experts_for(
    problem: Problem, labelled: Sequence[dspy.Example], *, most: int, shots: int, alpha: float = ALPHA, general: bool = True,
    encoder: Encoder | None = None,
) -> Experts:  # fmt: skip
    """Divide labelled examples into regions, and offer a mixture with one expert for each, where there are several.

    Args:
        problem: of the run.
        labelled: at least one example.
        most: regions at most.
        shots: examples that an expert shows at most, drawn at random from its region.
        alpha: see `regions`.
        general: one more expert answers what lies beyond their reach; it shows examples of all regions.
        encoder: of the inputs.
    """
    rows = embed([text_of(problem.task, example) for example in labelled], encoder)
    found = regions_of(rows, most, problem.random.randrange(2**31), alpha)
    groups = [[dict(labelled[number]) for number in members] for members in found.members]
    shown = [problem.random.sample(group, min(shots, len(group))) for group in groups]
    if len(groups) == 1:
        return Experts(None, problem.targets[:1], shown, groups)
    reach = found.reach if general else None
    if reach is not None:
        shown.append(choose(labelled, shots, problem.task, problem.random))

    def mixture(step: dspy.Predict) -> MixtureOfPrompts:
        return MixtureOfPrompts(problem.task, found.centroids, reach=reach, generate=step, encoder=encoder)

    prefix = offer(problem, NAME, mixture)
    return Experts(NAME, [f"{prefix}experts[{number}]" for number in range(len(shown))], shown, groups)
