"""Stages on a Ray cluster: the same rows, from many processes or machines.

1. Each worker is an actor with an event loop of its own; it gets the stages once, with stand-ins for the models (see `relay.py`).
2. A row goes to the worker with the fewest rows; what becomes of it comes back. Source and gates are here, see `executor.py`.
3. A request of a stage goes through an exchange, an actor, to this process, which answers it as one of its own: from the responses on
   disk, or paid from the budget, in the ledger. So there is one ledger and one budget, and nothing is paid twice.
4. A worker that dies is started anew, and its rows begin again there; their answers are on disk already. After `AGAIN` times each of
   them gets a worker of its own; a row that kills that one too is rejected for it.

What is gained is processor time: sandboxes, embeddings, judges that count. Waiting for a model needs no cluster. Rows go to actors, not
through Ray Data, because gates decide in the order of rows before the next stages begin. Ray's reports on usage are switched off.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from copy import copy
from importlib import import_module
from typing import TYPE_CHECKING, Any

import dspy

from selftaught import scope
from selftaught.errors import PackageMissing, RunError, SettingError
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.executor import Carried, Carry, Executor, stages_of, through
from selftaught.programs.synthesis.relay import Models, Request, dumped
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Stage

if TYPE_CHECKING:
    from selftaught.metering import Reply
    from selftaught.programs.synthesis.pipeline import Pipeline

AT_ONCE, AGAIN, DIED = 10_000, 2, "failed: its worker died"
"""Requests and rows that an actor has in hand at the same time; how often a row begins again among others; the reason of a rejection."""


class RayCluster(Executor):
    """Runs stages in the workers of a Ray cluster.

    Args:
        workers: processes; by default as many as the cluster has processors.
        address: of the cluster; by default the one that `RAY_ADDRESS` names, or one of this machine that is started for the purpose.

    Raises:
        PackageMissing: Ray is not installed. SettingError: fewer than one worker, or more than the cluster has processors; an address
            at which there is no cluster, or one besides that to which this process is connected.
    """

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        ray = _ray()
        self.workers = None if workers is None else at_least("workers", workers, 1)
        if ray.is_initialized():
            if address is not None:
                raise SettingError(f"address={address!r}: this process is connected to a cluster already. Leave the address out.")
            return
        try:
            ray.init(address=address, include_dashboard=False, log_to_driver=False, configure_logging=False)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise SettingError(f"address={address!r}: no Ray cluster could be reached or started: {error}") from error

    @contextlib.asynccontextmanager
    async def working(self, pipeline: Pipeline) -> AsyncIterator[Carry]:
        """Start the workers, and answer their requests, until the block ends."""
        ray = _ray()
        there = max(1, int(ray.cluster_resources().get("CPU", 1)))
        count = self.workers or there
        if count > there:
            raise SettingError(f"workers={count}: the cluster has {there} processors, and each worker takes one.")
        exchange = ray.remote(num_cpus=0, max_concurrency=AT_ONCE)(Exchange).remote()
        models = Models()
        sent = _sent(pipeline, models, exchange)
        worker = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=AGAIN, max_concurrency=AT_ONCE)(Worker)
        actors = [worker.remote(sent) for _ in range(count)]
        answering = asyncio.ensure_future(_answer(exchange, models))
        try:
            yield Carrier(pipeline, worker, sent, actors).carry
        finally:
            answering.cancel()
            for actor in (*actors, exchange):
                ray.kill(actor)


class Worker:
    """Takes rows through the stages of a pipeline, in a process of the cluster.

    Args:
        sent: the pipeline without its source and gates, and the settings that its steps are asked in; from `_sent`.
    """

    def __init__(self, sent: bytes) -> None:
        self.pipeline, self.settings = pickle.loads(sent)  # noqa: S301 - from the process that started this one, and only from it

    async def carry(self, which: slice, row: Row) -> Carried | BaseException:
        """Return what becomes of a row, or the error that ends the run."""
        try:
            with dspy.context(**self.settings, caller_modules=[self.pipeline]):
                return await through(stages_of(self.pipeline, which), row)
        except Exception as error:  # noqa: BLE001 - raised again in the process that asked
            return error


class Exchange:
    """Hands requests of the workers to the process that has the models, and its replies to the workers."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[tuple[int, Request]] = asyncio.Queue()
        self.waiting: dict[int, asyncio.Future[Any]] = {}
        self.number = 0

    async def ask(self, request: Request) -> Reply | Exception:
        """Wait for the reply to a request."""
        self.number += 1
        self.waiting[number := self.number] = asyncio.get_running_loop().create_future()
        await self.asked.put((number, request))
        return await self.waiting[number]

    async def take(self) -> list[tuple[int, Request]]:
        """Return the requests that nobody took, at least one."""
        found = [await self.asked.get()]
        while not self.asked.empty():
            found.append(self.asked.get_nowait())
        return found

    async def tell(self, number: int, reply: Reply | Exception) -> None:
        """Hand a reply over; whoever asked may be gone."""
        waiting = self.waiting.pop(number)
        if not waiting.done():
            waiting.set_result(reply)


class Ask:
    """What a stand-in hands its requests to."""

    def __init__(self, exchange: Any) -> None:
        self.exchange = exchange

    async def __call__(self, request: Request) -> Reply | Exception:
        """Ask through the exchange.

        Raises:
            RunError: it is gone.
        """
        try:
            return await self.exchange.ask.remote(request)
        except _ray().exceptions.RayError as error:
            raise broken(error) from error


async def _answer(exchange: Any, models: Models) -> None:
    """Answer requests as they come, all at once."""
    running: set[asyncio.Task[None]] = set()

    async def one(number: int, request: Request) -> None:
        await exchange.tell.remote(number, await models.answer(request))

    try:
        while True:
            for number, request in await exchange.take.remote():
                running.add(task := asyncio.ensure_future(one(number, request)))
                task.add_done_callback(running.discard)
    finally:
        for task in running:
            task.cancel()


def broken(error: Exception) -> RunError:
    """Return the error for a cluster that is gone in the middle of a run."""
    said = str(error).strip().partition("\n")[0]
    return RunError(f"The Ray cluster broke off: {said} What was accepted is kept; continue with the same call.")


class Carrier:
    """Gives each row to the worker with the fewest.

    Args:
        pipeline: whose stages they run.
        worker: makes another worker of what is `sent`.
        actors: the workers.
    """

    def __init__(self, pipeline: Pipeline, worker: Any, sent: bytes, actors: Sequence[Any]) -> None:
        self.pipeline, self.worker, self.sent, self.actors = pipeline, worker, sent, actors
        self.busy = [0] * len(actors)

    async def carry(self, which: slice, row: Row) -> Carried:
        """Take a row through stages, by whichever worker lives."""
        free = min(range(len(self.actors)), key=self.busy.__getitem__)
        self.busy[free] += 1
        try:
            found = await self.actors[free].carry.remote(which, row)
        except _ray().exceptions.RayActorError:
            found = await self.alone(which, row)
        finally:
            self.busy[free] -= 1
        if isinstance(found, BaseException):
            raise found
        return found

    async def alone(self, which: slice, row: Row) -> Carried | BaseException:
        """Take a row through stages by a worker of its own; reject it where that dies too."""
        actor = self.worker.options(num_cpus=0, max_restarts=0, max_task_retries=0).remote(self.sent)
        try:
            return await actor.carry.remote(which, row)
        except _ray().exceptions.RayActorError as error:
            name = stages_of(self.pipeline, which)[0].name
            return [Rejected(row, name, DIED, str(error).partition("\n")[0])], Counter({name: 1})
        finally:
            _ray().kill(actor)


def _ray() -> Any:
    """Return the package, without its reports on usage."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        return import_module("ray")
    except ImportError as error:
        raise PackageMissing("A Ray cluster needs ray. Install it with: pip install 'selftaught[ray]'") from error


def _sent(pipeline: Pipeline, models: Models, exchange: Any) -> bytes:
    """Return what a worker needs of a pipeline: its stages at their places, under their names, and the settings in force.

    Raises:
        SettingError: a stage holds what cannot be sent.
    """
    shell: Any = copy(pipeline)
    shell.source, shell.seeds, shell.callbacks = None, [], []
    shell.parts = [part if isinstance(part, Stage) else None for part in pipeline.parts]
    settings = {"lm": dspy.settings.lm, "adapter": dspy.settings.adapter, "disable_history": True, **scope.elsewhere()}
    try:
        return dumped((shell, settings), models, Ask(exchange))
    except (TypeError, pickle.PicklingError, AttributeError) as error:
        raise SettingError(f"executor='ray': a stage holds what cannot be sent to another process: {error}") from error
