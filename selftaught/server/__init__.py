"""Serving a program: typed HTTP routes, an OpenAI-compatible one, server-sent events, a page, and the Model Context Protocol.

    st.serve("answer.st", lm=st.lm("openai/gpt-4o-mini"), keys="keys.txt", run_dir="runs/serve")

Needs the extra `serve` (FastAPI and uvicorn); the Model Context Protocol needs the extra `mcp`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selftaught.server.app import make_app
    from selftaught.server.service import Service
    from selftaught.server.serving import serve
    from selftaught.server.settings import ServerSettings

__all__ = ["ServerSettings", "Service", "make_app", "serve"]

_WHERE = {"make_app": "app", "serve": "serving", "Service": "service", "ServerSettings": "settings"}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'selftaught.server' has no attribute {name!r}")
    return getattr(importlib.import_module(f"selftaught.server.{_WHERE[name]}"), name)
