"""A served program on a scripted model, asked without a network."""

import asyncio
import contextlib
import json

import httpx

import selftaught as st
from selftaught.server import ServerSettings, Service, make_app
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout, obliging


def hosted(program=None, script=obliging, *, keys=None, ledger=None, budget=None, task=None, latency=0.0, **settings):
    """Return a service of a program, by default of one call."""
    lm = FakeLM(script, latency=latency, retries=0)
    service = Service(
        program or st.Predict(Shout, retries=0), task=task, lm=lm, settings=ServerSettings(**settings), keys=keys, ledger=ledger, budget=budget
    )  # fmt: skip
    assert service.lm is lm
    return service


@contextlib.asynccontextmanager
async def asking(service, **options):
    """Give a client of the service."""
    transport = httpx.ASGITransport(make_app(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=30, **options) as client:
        yield client


class Held:
    """A model that answers only once it is let go."""

    def __init__(self):
        self.open = asyncio.Event()

    async def __call__(self, messages, **settings):
        await self.open.wait()
        return obliging(messages, **settings)


async def until(condition):
    """Wait for something that is about to hold."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


def events(text):
    """Return the server-sent events of a body: name and data."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines.get("event", ""), json.loads(lines["data"])))
    return found
