"""The model that all contestants share. Greedy answers are remembered across runs: that saves time, and no call of the count."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

MODEL = os.environ.get("SELFTAUGHT_OPTIMIZE_MODEL", "qwen-0.5b")
THREADS = int(os.environ.get("SELFTAUGHT_OPTIMIZE_THREADS", "0"))
"""Processor threads of the model; 0 for all. Two runs side by side on two processors are faster with one each."""
MAX_TOKENS, PROPOSAL_TOKENS, CONTEXT = 96, 400, 4096


def shared_model(folder: Path) -> Any:
    """Return the metered model, temperature 0, with a memory on disk for greedy requests."""
    import diskcache

    import selftaught as st

    threads = {"threads": THREADS} if THREADS else {}
    lm = st.lm(MODEL, max_tokens=MAX_TOKENS, context=CONTEXT, slots=4, **threads)
    lm.backend = Remembering(lm.backend, diskcache.Cache(str(folder / "greedy"), disk=diskcache.JSONDisk))
    return lm


class Remembering:
    """A backend that answers a greedy request from memory, as if it had been asked: the ledger counts it all the same."""

    def __init__(self, inner: Any, memory: Any) -> None:
        self.inner, self.memory = inner, memory
        self.name = inner.name

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def complete(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Any:
        """Answer once."""
        if settings.get("temperature"):
            return await self.inner.complete(messages, settings)
        from selftaught.metering import Reply

        wanted = {name: value for name, value in settings.items() if name != "rollout_id"}
        key = hashlib.sha256(json.dumps([messages, wanted], sort_keys=True, default=str).encode()).hexdigest()
        known = self.memory.get(key)
        if known is None:
            reply = await self.inner.complete(messages, settings)
            self.memory.set(key, asdict(reply))
            return reply
        return Reply(**known)
