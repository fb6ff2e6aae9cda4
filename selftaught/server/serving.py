"""`st.serve`: a program over HTTP, or as a tool of the Model Context Protocol."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import dspy

from selftaught.artifact import load
from selftaught.budget import Budget
from selftaught.errors import SettingError
from selftaught.run import Run
from selftaught.server import logs
from selftaught.server.keys import Keys, read_keys
from selftaught.server.service import Service
from selftaught.server.settings import LOOPBACK, server_settings
from selftaught.signatures import Task

Mcp = Literal["stdio", "http"]


def serve(
    program: dspy.Module | str | Path,
    *,
    task: str | Task | None = None,
    lm: dspy.BaseLM | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    keys: str | Path | None = None,
    run_dir: str | Path | None = None,
    budget: Budget | None = None,
    mcp: Mcp | None = None,
    name: str = "",
    open_to_all: bool = False,
    **limits: Any,
) -> None:
    """Serve a program over HTTP, or as a tool of the Model Context Protocol, until SIGTERM or SIGINT.

    Args:
        program: a `dspy.Module`, or a file that `st.save` wrote.
        task: its inputs and outputs, where the program does not tell.
        lm: the model; by default the one that DSPy is configured with.
        host: where to listen. Beyond this machine it needs `keys` or `open_to_all`.
        port: 0 for a free one; the log tells it.
        keys: a file of keys, see `selftaught serve --new-key`; without it everybody may ask.
        run_dir: keeps the ledger on disk; a key's budget then also counts the calls before a restart.
        budget: a ceiling for all callers together.
        mcp: "stdio" serves the tool on standard input and output and no HTTP; "http" at `/mcp`, beside the other routes.
        name: of the program, for people and as the tool's name.
        limits: see `ServerSettings`.

    Raises:
        SettingError: a limit, a key file or an address that cannot be used, or an extra is not installed. ArtifactError, TaskError: the program cannot be served.
    """
    settings = server_settings(**limits)
    _check(mcp, host, protected=keys is not None or open_to_all)
    served = load(program) if isinstance(program, str | Path) else program
    called = name or (Path(program).stem if isinstance(program, str | Path) else "")
    known = read_keys(Path(keys)) if keys is not None else Keys()
    with _ledger(run_dir, known) as ledger:
        service = Service(served, task=task, lm=lm, settings=settings, keys=known, ledger=ledger, budget=budget, name=called)
        logs.configure(content=settings.log_content)
        if mcp == "stdio":
            asyncio.run(_module("tool").serve_stdio(service))
            return
        app = _module("app").make_app(service, host=host)
        if mcp == "http":
            _module("tool").add_http(app, service)
        _module("running").run_http(app, service, host, port)


def _check(mcp: str | None, host: str, *, protected: bool) -> None:
    if mcp not in (None, "stdio", "http"):
        raise SettingError(f"serve(mcp={mcp!r}): expected 'stdio' or 'http'.")
    if mcp != "stdio" and host not in LOOPBACK and not protected:
        raise SettingError(
            f"Everybody who reaches {host} could spend your calls. Give keys=... (selftaught serve --new-key NAME makes one), "
            "or say open_to_all=True (--open) where only you can reach it."
        )


@contextlib.contextmanager
def _ledger(run_dir: str | Path | None, keys: Keys) -> Iterator[Any]:
    if run_dir is None:
        yield None
        return
    with Run(run_dir, {"kind": "serve"}) as run:
        keys.charge(run.calls())
        yield run.ledger


def _module(name: str) -> Any:
    """Return a module of the server that needs an extra.

    Raises:
        SettingError: it is not installed.
    """
    try:
        return importlib.import_module(f"selftaught.server.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("fastapi", "uvicorn", "starlette"):
            raise
        extra = "mcp" if name == "tool" else "serve"
        raise SettingError(f"A server needs {error.name}. Install it with: pip install 'selftaught[{extra}]'") from error
