"""Streams tell each step as it ends, and end with their caller."""

import asyncio

import pytest

import selftaught as st
from selftaught.server.service import Visit
from selftaught.server.work import stream
from selftaught.testing.samples import Shout, obliging
from tests.server.hosting import Held, asking, events, hosted, until


async def test_a_step_is_told_before_the_next_one_is_answered():
    asked, let_go = [], asyncio.Semaphore(0)

    async def script(messages, **settings):
        asked.append(messages)
        await let_go.acquire()
        return obliging(messages, **settings)

    service = hosted(st.programs.SelfRefine(Shout), script)
    told = stream(service, {"word": "tree"}, Visit())
    for number in range(3):
        let_go.release()
        event = await asyncio.wait_for(anext(told), 10)
        assert event.startswith("event: step\n")
        await until(lambda number=number: len(asked) == min(number + 2, 3))
    assert (await anext(told)).startswith("event: prediction\n")
    assert [one async for one in told] == []
    assert service.gate.taken == 0


async def test_the_stream_ends_with_the_same_answer():
    async with asking(hosted(st.programs.SelfRefine(Shout))) as client:
        streamed = events((await client.post("/v1/stream", json={"word": "tree"})).text)
        direct = (await client.post("/v1/predict", json={"word": "tree"})).json()
    assert [data["step"] for name, data in streamed if name == "step"] == [step["step"] for step in direct["steps"]]
    assert streamed[-1][0] == "prediction"
    assert streamed[-1][1]["outputs"] == direct["outputs"]


async def test_a_stream_whose_reader_goes_away_gives_its_room_back():
    service = hosted(script=Held())
    told = stream(service, {"word": "tree"}, Visit())
    reading = asyncio.create_task(anext(told))
    await until(lambda: service.gate.running == 1)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await told.aclose()
    assert (service.gate.taken, service.gate.running) == (0, 0)


async def test_a_stream_that_is_never_read_gives_its_room_back():
    service = hosted()
    stream(service, {"word": "tree"}, Visit())
    assert service.gate.taken == 1, "room is taken before anything is read"
    await until(lambda: service.lm.calls == 1)
    await until(lambda: service.gate.taken == 0)
    assert (service.gate.taken, service.gate.running, service.lm.calls) == (0, 0, 1)


async def test_a_silent_stream_shows_that_it_is_alive(monkeypatch):
    monkeypatch.setattr("selftaught.server.work.ALIVE", 0.01)
    held = Held()
    told = stream(hosted(script=held), {"word": "tree"}, Visit())
    assert (await anext(told)).startswith(":")
    held.open.set()
    assert [one.split("\n")[0] for one in [one async for one in told] if not one.startswith(":")] == [
        "event: step",
        "event: prediction",
    ]


@pytest.mark.parametrize("seed", range(3))
async def test_many_callers_at_once_each_get_their_own_steps_and_answer(seed):
    service = hosted(st.programs.SelfRefine(Shout), latency=0.001)
    async with asking(service) as client:
        found = await asyncio.gather(*(client.post("/v1/stream", json={"word": f"w{seed}{i}"}) for i in range(40)))
    for number, one in enumerate(found):
        told = events(one.text)
        assert [name for name, _ in told] == ["step", "step", "step", "prediction"]
        assert told[-1][1]["outputs"] == {"shouted": f"W{seed}{number}"}
        assert told[0][1]["outputs"] == {"shouted": f"W{seed}{number}"}
        assert told[-1][1]["usage"]["calls"] + told[-1][1]["usage"]["cached"] == 3
