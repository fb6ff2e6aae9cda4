"""One background event loop for the whole process.

Methods are written once, async. Synchronous callers (scripts, notebooks, DSPy's threaded tools) hand their coroutine to
this loop with their own context variables, so DSPy's settings, trace and usage tracker keep working.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_own = threading.local()
"""`running` in a thread that `_in_own_thread` started: the background loop waits for it. `inline`: inside `run_inline`."""
_loop: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None


def background_loop() -> asyncio.AbstractEventLoop:
    """Return the running background loop, starting its thread on first use."""
    global _loop, _thread
    with _lock:
        if _loop is None or _loop.is_closed():
            _loop = asyncio.new_event_loop()
            _thread = threading.Thread(target=_keep_running, args=(_loop,), name="selftaught-loop", daemon=True)
            _thread.start()
        return _loop


def _keep_running(loop: asyncio.AbstractEventLoop) -> None:
    """Run the loop for ever; a task that ends with KeyboardInterrupt or SystemExit hands it to its caller, not to the loop."""
    while True:
        try:
            loop.run_forever()
        except (KeyboardInterrupt, SystemExit):
            continue
        return


def run_sync(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `make()` to its end from synchronous code and return its result.

    The caller's context variables are visible to the coroutine. Called from inside an event loop (a synchronous metric
    that calls a program, say), the coroutine gets a thread and a loop of its own, so that nothing waits for itself.
    A keyboard interrupt cancels the coroutine, waits for it to put its things away, and is raised again.
    """
    if getattr(_own, "inline", False):
        raise WouldBlock
    context = contextvars.copy_context()
    if threading.current_thread() is _thread or getattr(_own, "running", False):
        return _in_own_thread(make, context)
    loop = background_loop()
    done: Future[T] = Future()
    task: list[asyncio.Task[None]] = []

    def start() -> None:
        task.append(loop.create_task(_deliver(make, done), context=context))

    try:
        loop.call_soon_threadsafe(start)
        return done.result()
    except KeyboardInterrupt:
        loop.call_soon_threadsafe(lambda: task and task[0].cancel())
        _wait_quietly(done)
        raise


async def _deliver(make: Callable[[], Coroutine[Any, Any, T]], done: Future[T]) -> None:
    """Run to the end and hand over whatever comes of it, SystemExit included: it is the caller's, not the loop's."""
    try:
        done.set_result(await make())
    except asyncio.CancelledError:
        done.cancel()
        done.set_running_or_notify_cancel()
        raise
    except BaseException as error:  # noqa: BLE001 - raised again where the caller waits
        done.set_exception(error)


def _wait_quietly(done: Future[Any], seconds: float = 10.0) -> None:
    settled = threading.Event()
    done.add_done_callback(lambda _: settled.set())
    settled.wait(seconds)


class WouldBlock(BaseException):
    """A synchronous function on the event loop wants to wait for the loop. Not an Exception, so that nobody swallows it."""


def run_inline(function: Callable[..., T], *arguments: Any) -> T:
    """Call a synchronous function on the event loop itself.

    Raises:
        WouldBlock: it tried to call a model, which needs the loop that it stands on; call it with `in_thread` instead.
    """
    _own.inline = True
    try:
        return function(*arguments)
    finally:
        _own.inline = False


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Await a synchronous function in a thread of its own, with the caller's context variables.

    No pool: a function that calls a model waits for others of its kind, and a full pool would wait for itself.
    """
    context, done = contextvars.copy_context(), Future[T]()
    done.set_running_or_notify_cancel()

    def run() -> None:
        try:
            done.set_result(context.run(function, *arguments))
        except BaseException as error:  # noqa: BLE001 - it is raised where it is awaited
            done.set_exception(error)

    threading.Thread(target=run, name="selftaught-call", daemon=True).start()
    return await asyncio.wrap_future(done)


def _in_own_thread(make: Callable[[], Coroutine[Any, Any, T]], context: contextvars.Context) -> T:
    def run() -> T:
        _own.running = True
        return asyncio.run(make())

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(context.run, run).result()


def _forget_after_fork() -> None:
    global _loop, _thread, _lock
    _lock, _loop, _thread = threading.Lock(), None, None


os.register_at_fork(after_in_child=_forget_after_fork)
