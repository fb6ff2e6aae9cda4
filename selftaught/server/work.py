"""Answering requests: one input, a batch, a stream of steps; each ends when its caller goes away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeVar

from pydantic import ValidationError
from starlette.requests import Request

from selftaught.server.door import GONE
from selftaught.server.gate import Place
from selftaught.server.problems import Trouble, misfit_of, refused, told
from selftaught.server.service import Service, Visit, spent, to_json

T = TypeVar("T")
ALIVE = 15.0
"""Seconds after which a silent stream sends a comment, so that proxies keep it open."""


class Refusal(Exception):
    """A request that is refused with a problem."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.detail)
        self.trouble = trouble


async def one(service: Service, inputs: dict[str, Any], visit: Visit, request: Request) -> dict[str, Any]:
    """Answer one input while its caller is there.

    Raises:
        Overloaded: there is no room. Others: see `Service.answer`.
    """
    (place,) = service.gate.take()
    try:
        return await while_there(request, service.answer(inputs, visit, place))
    finally:
        place.leave()


async def while_there(request: Request, work: Awaitable[T]) -> T:
    """Await work, and cancel it when the caller goes away: nobody would read what is paid for."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Refusal(refused(GONE, "gone", "The caller went away."))
        return task.result()
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def answers(service: Service, rows: list[Any], visit: Visit) -> dict[str, Any]:
    """Answer the rows of a batch, each within the time of one request; a row that fails does so alone.

    Raises:
        Overloaded: there is no room for all rows.
    """
    places = service.gate.take(len(rows))
    pairs = enumerate(zip(rows, places, strict=True))
    try:
        found = await asyncio.gather(*(_row(service, index, row, visit, place) for index, (row, place) in pairs))
    finally:
        for place in places:
            place.leave()
    return {"id": visit.id, "rows": found, "usage": spent(visit.ledger.usage)}


async def _row(service: Service, index: int, row: Any, visit: Visit, place: Place) -> dict[str, Any]:
    try:
        inputs = fields_of(service, row)
        return {"index": index, "answer": await service.answer(inputs, visit, place), "problem": None}
    except Refusal as error:
        trouble = error.trouble
    except Exception as error:  # noqa: BLE001 - the row fails alone, and the log has the cause
        trouble = told(error, visit.id, row=index)
    return {"index": index, "answer": None, "problem": trouble.body(visit.id)}


def fields_of(service: Service, given: Any) -> dict[str, Any]:
    """Return inputs as the task types them.

    Raises:
        Refusal: they do not fit.
    """
    try:
        found = service.forms.inputs.model_validate(given)
    except ValidationError as error:
        raise Refusal(misfit_of(error, "input")) from None
    return plain(found)


def plain(inputs: Any) -> dict[str, Any]:
    """Return the fields of validated inputs, nested models as they are."""
    return {name: getattr(inputs, name) for name in type(inputs).model_fields}


def stream(service: Service, inputs: dict[str, Any], visit: Visit) -> AsyncIterator[str]:
    """Begin to answer, and return the server-sent events: `step` as each ends, then `prediction` or `problem`.

    Raises:
        Overloaded: there is no room; raised here, before any event.
    """
    events: asyncio.Queue[tuple[str, Any] | None] = asyncio.Queue()
    loop, (place,) = asyncio.get_running_loop(), service.gate.take()

    def tell(step: dict[str, Any]) -> None:
        if service.settings.steps:
            loop.call_soon_threadsafe(events.put_nowait, ("step", step))  # a step may end in another thread

    async def work() -> None:
        try:
            answer = await service.answer(inputs, visit, place, tell)
            loop.call_soon(events.put_nowait, ("prediction", answer))
        except Exception as error:  # noqa: BLE001 - told to the caller as a problem, and to the log
            trouble = told(error, visit.id)
            visit.problem = trouble.kind
            loop.call_soon(events.put_nowait, ("problem", trouble.body(visit.id)))
        finally:
            loop.call_soon(events.put_nowait, None)

    task = asyncio.create_task(work())
    task.add_done_callback(lambda _: place.leave())  # also where it never began
    return _events(events, task)


async def _events(events: asyncio.Queue[tuple[str, Any] | None], task: asyncio.Task[None]) -> AsyncIterator[str]:
    try:
        while True:
            try:
                event = await asyncio.wait_for(events.get(), ALIVE)
            except TimeoutError:
                yield ": still at work\n\n"
                continue
            if event is None:
                return
            name, data = event
            yield f"event: {name}\ndata: {to_json(data)}\n\n"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def parsed(text: str) -> Any:
    """Return JSON, or None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
