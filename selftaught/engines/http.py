"""An OpenAI-compatible URL behind one pooled, asynchronous client."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from weakref import WeakKeyDictionary

import aiohttp

from selftaught.errors import CallError, ConnectionFailed, SettingError

RETRYABLE_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class HttpServer:
    """A chat server at a URL.

    Args:
        model: the name the server knows the model by.
        api_base: such as `http://127.0.0.1:8000/v1`; `/chat/completions` is added.
        api_key: sent as a bearer token; never stored, logged or hashed.
        timeout: seconds for one answer.
        connections: the most connections kept open.

    Raises:
        SettingError: `api_base` is no http(s) URL.
    """

    def __init__(
        self, model: str, api_base: str, api_key: str | None = None, *, timeout: float = 600.0, connections: int = 1024
    ) -> None:
        parts = _parts(api_base)
        self.model = model
        self.address = public_url(api_base)
        if api_key and parts.username:
            raise SettingError(
                f"Both an api_key and a user in the URL of {self.address}: one request carries one authorization. Leave one out."
            )
        authorization = _authorization(api_key, parts.username, parts.password)
        told = (api_key, parts.password, unquote(parts.password or ""), authorization.rpartition(" ")[2])
        self.secrets = tuple(secret for secret in told if secret)
        self._url = urlunsplit(
            (parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/") + "/chat/completions", parts.query, "")
        )
        self._headers = {"Content-Type": "application/json", **({"Authorization": authorization} if authorization else {})}
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._connections = connections
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()

    async def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer one body.

        Raises:
            ConnectionFailed: no connection, a time-out, or a status that asks to come again.
            CallError: any other status, or an answer that is no JSON.
        """
        try:
            async with self._session().post(self._url, data=json.dumps(body).encode()) as response:
                content = await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ConnectionFailed(
                f"{self.address} could not be reached: {type(error).__name__}: {error}. Is the server running?"
            ) from error
        if status in RETRYABLE_STATUS:
            raise ConnectionFailed(f"{self.address} answered with status {status}: {_shown(content)}")
        if status != 200:
            raise CallError(f"{self.address} refused the request with status {status}: {_shown(content)}")
        try:
            return json.loads(content)
        except ValueError as error:
            raise CallError(f"{self.address} answered with something that is no JSON.", raw=_shown(content)) from error

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            self._drop_sessions_of_closed_loops()
            connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=60)
            session = self._sessions[loop] = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), headers=self._headers
            )
        return session

    def _drop_sessions_of_closed_loops(self) -> None:
        for loop, session in list(self._sessions.items()):
            if loop.is_closed():
                session.detach()  # its sockets went with the loop; nothing is left to close
                del self._sessions[loop]

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()


def _authorization(api_key: str | None, user: str | None, password: str | None) -> str:
    if api_key:
        return f"Bearer {api_key}"
    return "Basic " + base64.b64encode(f"{unquote(user)}:{unquote(password or '')}".encode()).decode() if user else ""


def public_url(url: str) -> str:
    """Return a URL without user, password and query, fit for logs and keys."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _parts(api_base: str) -> SplitResult:
    try:
        parts = urlsplit(api_base)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        fits = False
    if not fits:
        raise SettingError("The api_base is no URL. Expected one such as 'http://127.0.0.1:8000/v1'.")
    return parts


def _shown(content: bytes) -> str:
    return content[:500].decode("utf-8", "replace")
