"""Running a server until it is told to stop, and then until everything that was taken on is answered."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from selftaught.errors import SettingError
from selftaught.server import logs
from selftaught.server.service import Service


def run_http(app: FastAPI, service: Service, host: str, port: int) -> None:
    """Serve an application until SIGTERM or SIGINT; what was taken on by then is answered first.

    Raises:
        SettingError: the address cannot be listened on.
    """
    settings = service.settings
    try:
        listening = _listening(host, port)
    except (OSError, OverflowError) as error:
        raise SettingError(f"The server cannot listen on {host}:{port}: {error}. Choose another --host or --port.") from error
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, lifespan="on", timeout_keep_alive=30,
        timeout_graceful_shutdown=max(1, round(settings.drain)),
    )  # fmt: skip
    with listening, _signals_once():
        Server(config, service, listening).run(sockets=[listening])
    used: dict[str, Any] = {name: value for name, value in service.ledger.usage.to_dict().items() if isinstance(value, int)}
    logs.tell("stopped", **used)


def _listening(host: str, port: int) -> socket.socket:
    """Return a listening socket. It names its protocol: asyncio sends small answers at once only where it does."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(2048)
    except BaseException:
        made.close()
        raise
    return made


class Server(uvicorn.Server):
    """Uvicorn's, which tells when it is ready, and takes nothing on once it is told to stop."""

    def __init__(self, config: uvicorn.Config, service: Service, listening: socket.socket) -> None:
        super().__init__(config)
        self.service = service
        self.listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and tell where."""
        await super().startup(sockets)
        host, port = self.listening.getsockname()[:2]
        logs.tell("ready", url=f"http://{f'[{host}]' if ':' in host else host}:{port}", program=self.service.name)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop."""
        self.service.gate.closing = True
        super().handle_exit(sig, frame)


@contextlib.contextmanager
def _signals_once() -> Iterator[None]:
    """Ignore the signal that uvicorn raises once more when everything is answered: the process then ends as it would anyway."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {sig: signal.signal(sig, lambda *_: None) for sig in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)
