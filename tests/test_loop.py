"""Synchronous code on one background loop: the caller's context is seen, nothing waits for itself, nothing kills the loop."""

import asyncio
import contextvars
import os
import signal
import threading

import pytest

from selftaught.loop import background_loop, run_sync

here = contextvars.ContextVar("here", default="nowhere")


def test_the_callers_context_is_seen_and_not_changed():
    async def look():
        seen = here.get()
        here.set("inside")
        return seen

    token = here.set("caller")
    try:
        assert run_sync(look) == "caller"
        assert here.get() == "caller"
    finally:
        here.reset(token)


def test_an_error_reaches_the_caller_as_it_was():
    class Odd(Exception):
        pass

    async def fail():
        raise Odd("as it was")

    with pytest.raises(Odd, match="as it was"):
        run_sync(fail)


def test_threads_run_side_by_side_on_one_loop():
    loops = []

    async def meet():
        loops.append(asyncio.get_running_loop())
        while len(loops) < 4:  # ends only when all four have come
            await asyncio.sleep(0)

    threads = [threading.Thread(target=run_sync, args=(meet,), daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert set(loops) == {background_loop()}


async def test_it_works_from_inside_another_event_loop():
    async def inner():
        return asyncio.get_running_loop()

    assert run_sync(inner) is not asyncio.get_running_loop()


def test_a_synchronous_call_inside_a_synchronous_call_does_not_wait_for_itself():
    async def inner():
        return here.get()

    async def outer():
        here.set("outer")
        return run_sync(inner)

    assert run_sync(outer) == "outer"


def test_three_synchronous_calls_inside_each_other_do_not_wait_for_themselves(fresh_process):
    said = fresh_process(
        """
        from selftaught.loop import run_sync

        async def third():
            return "here"

        async def second():
            return run_sync(third)

        async def first():
            return run_sync(second)

        print(run_sync(first))
        """
    )
    assert said.strip() == "here"


def test_a_program_that_asks_to_exit_ends_the_call_and_not_the_loop(fresh_process):
    said = fresh_process(
        """
        from selftaught.loop import run_sync

        async def leave():
            raise SystemExit(3)

        async def stay():
            return "still here"

        try:
            run_sync(leave)
        except SystemExit as asked:
            print(asked.code)
        print(run_sync(stay))
        """
    )
    assert said.split("\n")[:2] == ["3", "still here"]


def test_a_keyboard_interrupt_lets_the_coroutine_put_its_things_away():
    seen, started = [], threading.Event()

    async def slow():
        started.set()
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0.01)
            seen.append("put away")

    def interrupt():
        started.wait(10)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run_sync(slow)
    assert seen == ["put away"]


def test_a_forked_child_has_a_loop_of_its_own(fresh_process):
    said = fresh_process(
        """
        import os, sys, warnings
        warnings.simplefilter("ignore")
        from selftaught.loop import run_sync

        async def who():
            return os.getpid()

        assert run_sync(who) == os.getpid()
        child = os.fork()
        if child == 0:
            os._exit(0 if run_sync(who) == os.getpid() else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
    )
    assert said.strip() == "0"
