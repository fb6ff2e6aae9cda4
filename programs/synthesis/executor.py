"""Where the stages of a pipeline run: in this process, or on a Ray cluster.

An executor takes a row through stages, and nothing else. What decides and what remembers stays in this process: the source, the gates
(so that novelty is exact, in the order in which rows were begun), the budget, the ledger, and the responses on disk. So the rows do not
depend on the executor.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from selftaught.errors import CallError, ConnectionFailed, SettingError
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Out, Stage

if TYPE_CHECKING:
    from selftaught.programs.synthesis.pipeline import Pipeline

Carried = tuple[list[Out], Counter[str]]
"""What became of a row: rows and rejected ones, and how many rows came to each stage."""
Carry = Callable[[slice, Row], Awaitable[Carried]]
"""Takes a row through the parts of a pipeline in this range, all of which are stages."""


class Executor(ABC):
    """Runs stages somewhere."""

    @abstractmethod
    def working(self, pipeline: Pipeline) -> contextlib.AbstractAsyncContextManager[Carry]:
        """Return what takes rows through a pipeline's stages, ready inside the block."""


class Here(Executor):
    """Runs stages in this process."""

    @contextlib.asynccontextmanager
    async def working(self, pipeline: Pipeline) -> AsyncIterator[Carry]:
        """Give the parts of the pipeline themselves."""

        async def carry(which: slice, row: Row) -> Carried:
            return await through(stages_of(pipeline, which), row)

        yield carry


def executor_of(given: str | Executor) -> Executor:
    """Return an executor by its name.

    Raises:
        SettingError: there is none of that name. PackageMissing: Ray is not installed.
    """
    if isinstance(given, Executor):
        return given
    if given == "here":
        return Here()
    if given == "ray":
        from selftaught.programs.synthesis.ray_cluster import RayCluster

        return RayCluster()
    raise SettingError(f"executor={given!r}: expected 'here', 'ray', or an executor such as RayCluster(workers=4).")


def stages_of(pipeline: Pipeline, which: slice) -> list[Stage]:
    """Return the parts of a pipeline in a range, which are stages."""
    return [part for part in pipeline.parts[which] if isinstance(part, Stage)]


async def through(stages: Sequence[Stage], row: Row) -> Carried:
    """Take one row through stages."""
    going, out, entered = [row], list[Out](), Counter[str]()
    for stage in stages:
        entered[stage.name] += len(going)
        after: list[Row] = []
        for one in going:
            for found in await _ran(stage, one):
                after += [found.through(stage.name)] if isinstance(found, Row) else []
                out += [found] if isinstance(found, Rejected) else []
        going = after
    return [*going, *out], entered


async def _ran(stage: Stage, row: Row) -> Sequence[Out]:
    """Run a stage on one row; where a call fails, the row is rejected for that. A model that cannot be reached is no fault of it."""
    try:
        return await stage.run(row)
    except ConnectionFailed:
        raise
    except CallError as error:
        return [Rejected(row, stage.name, f"failed: {type(error).__name__}", str(error)[:500])]
