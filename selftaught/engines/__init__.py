"""Language models: `st.lm("local")`, a GGUF file, a URL, or any provider of DSPy; all metered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dspy

from selftaught.adapter import CompactAdapter
from selftaught.engines.bridge import DspyBackend, metered
from selftaught.engines.chat import AsyncChatEngine, ChatBackend, ChatEngine, Price
from selftaught.engines.http import HttpServer
from selftaught.engines.local import local_server
from selftaught.engines.weights import DEFAULT, KNOWN, cache_folder, fetch
from selftaught.errors import ModelError, SettingError, nearest
from selftaught.metering import MeteredLM

LOCAL_SETTINGS = ("slots", "context", "threads")
DEFAULT_MAX_TOKENS = 1024
LOCAL_MAX_TOKENS = 400

__all__ = ["AsyncChatEngine", "ChatEngine", "HttpServer", "lm", "local_server", "metered"]


def lm(
    model: str = "local", *, price: Price | None = None, adapter: str | dspy.Adapter | None = None, **settings: Any
) -> MeteredLM:
    """Return a metered language model for `dspy.configure(lm=...)`.

    Args:
        model: `"local"` (SmolLM2-135M in this process, fetched on first use), the name or path of a GGUF file, or a
            provider string of DSPy such as `"openai/gpt-4o-mini"`.
        price: US dollars per million prompt and completion tokens, where DSPy does not know them.
        adapter: how prompts are written where DSPy has no adapter configured: "compact" (the default of local models), "chat"
            (DSPy's default, for all others), "json", or any `dspy.Adapter`.
        settings: what `dspy.LM` takes (temperature, max_tokens, api_key, ...). With an `api_base`, an OpenAI-compatible
            URL, calls go through one pooled asynchronous client. For a local model also `slots` (sequences decoded
            together; as many as processors, two to eight), `context` (tokens of one sequence, default 2048) and `threads`.

    Raises:
        SettingError: no such adapter. ModelError: the name is no model and no provider; OfflineError, ModelFileError: see `engines/weights.py`.
    """
    if "retries" in settings:
        raise SettingError("lm(retries=...): as in DSPy, this is called num_retries.")
    form = _adapter(adapter)
    path = _local_path(model)
    if path is not None:
        return _local(path, settings, form or CompactAdapter())
    bases = [address for name in ("api_base", "base_url") if (address := settings.pop(name, None)) is not None]
    if bases:
        return _url(bases[0], model, price, settings, form)
    if "/" not in model:
        known = ["local", *KNOWN]
        raise ModelError(
            f"lm({model!r}): no such local model{nearest(model, known)}. Expected one of {', '.join(known)}, a path to a .gguf file, "
            "or a provider string such as 'openai/gpt-4o-mini'."
        )
    settings.setdefault("cache", False)  # a run keeps its own responses
    retries = settings.pop("num_retries", 3)
    shared = {name: value for name, value in settings.items() if name in ("temperature", "max_tokens")}
    return MeteredLM(DspyBackend(dspy.LM(model, **settings), price), adapter=form, retries=retries, **shared)


def _adapter(named: str | dspy.Adapter | None) -> dspy.Adapter | None:
    known = {"compact": CompactAdapter, "chat": dspy.ChatAdapter, "json": dspy.JSONAdapter}
    if named is None or isinstance(named, dspy.Adapter):
        return named
    if named not in known:
        raise SettingError(f"adapter={named!r}: expected one of {', '.join(known)}{nearest(named, known)}, or a dspy.Adapter.")
    return known[named]()


def _local_path(model: str) -> Path | None:
    if model == "local":
        return fetch(DEFAULT)
    if model in KNOWN:
        return fetch(model)
    if model.endswith(".gguf"):
        return Path(model)
    named = cache_folder() / f"{model}.gguf"
    return named if "/" not in model and named.exists() else None


def _local(path: Path, settings: dict[str, Any], adapter: dspy.Adapter) -> MeteredLM:
    machine = {name: settings.pop(name) for name in LOCAL_SETTINGS if name in settings}
    server = local_server(path, **machine)
    settings = {"temperature": 0.0, "max_tokens": LOCAL_MAX_TOKENS, **settings}
    backend = ChatBackend(server, name=f"local/{path.stem}", price=(0.0, 0.0), seeded=True)
    return MeteredLM(backend, adapter=adapter, retries=0, **settings)


def _url(address: str, model: str, price: Price | None, settings: dict[str, Any], adapter: dspy.Adapter | None) -> MeteredLM:
    server = HttpServer(
        model.removeprefix("openai/"), address, settings.pop("api_key", None), timeout=settings.pop("timeout", 600.0)
    )
    retries = settings.pop("num_retries", 3)
    settings = {"max_tokens": DEFAULT_MAX_TOKENS, **settings}
    return MeteredLM(
        ChatBackend(server, name=f"{server.address}#{server.model}", price=price), adapter=adapter, retries=retries, **settings
    )
