"""The model behind an OpenAI-compatible URL. Nothing else is ever contacted."""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from selftaught.errors import CallError, ConnectionFailed, ModelError

RETRYABLE_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
CONNECTIONS = 64
TIMEOUT = 600.0
"""Seconds for one answer."""


class NoRedirect(HTTPRedirectHandler):
    """Follows no redirection: the key is for the URL that was named."""

    def redirect_request(self, *given: Any) -> None:
        """Refuse."""


@dataclass(eq=False)
class Server:
    """A model at a URL. The key is sent as a bearer token, and is in no error."""

    base_url: str
    name: str
    api_key: str = field(default="", repr=False)
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The URL without its query, fit for errors."""
        return urlunsplit((*urlsplit(self.base_url)[:3], "", ""))

    async def complete(self, messages: list[dict[str, str]], settings: dict[str, Any]) -> dict[str, Any]:
        """Answer one request, once.

        Raises:
            ConnectionFailed: no connection, or a status that asks to come again.
            CallError: any other status, or an answer that is no JSON.
        """
        body = {"model": self.name, "messages": messages, **settings}
        body.pop("rollout_id", None)  # which sample it is concerns us only
        return await asyncio.get_running_loop().run_in_executor(_threads, self._post, body)

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        parts = urlsplit(self.base_url)
        url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/chat/completions", parts.query, ""))
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {self.api_key}"} if self.api_key else {})}
        try:
            with _opener.open(Request(url, json.dumps(body).encode(), headers), timeout=TIMEOUT) as response:
                content = response.read()
        except HTTPError as error:
            kind = ConnectionFailed if error.code in RETRYABLE_STATUS else CallError
            raise kind(self._hidden(f"{self.address} answered with status {error.code}: {_shown(error.read())}")) from None
        except (OSError, HTTPException) as error:
            raise ConnectionFailed(f"{self.address} could not be reached: {error}. Is the server running?") from None
        try:
            return json.loads(content)
        except ValueError:
            raise CallError(
                f"{self.address} answered with something that is no JSON.", raw=self._hidden(_shown(content))
            ) from None

    def _hidden(self, text: str) -> str:
        return text.replace(self.api_key, "[secret]") if self.api_key else text


def _shown(content: bytes) -> str:
    return content[:500].decode("utf-8", "replace")


_opener = build_opener(NoRedirect)
_threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="calls")
_chosen: list[Server] = []
DEFAULTS: dict[str, Any] = {}
"""The settings of every request, such as `max_tokens`."""


def configure(base_url: str = "", model: str = "", api_key: str = "", **settings: Any) -> None:
    """Choose the model for all calls from here on; what is left out is read from the environment.

    Args:
        base_url: an OpenAI-compatible URL such as `http://127.0.0.1:8000/v1`; else `OPENAI_BASE_URL`.
        model: the name the server knows it by; else `OPENAI_MODEL`.
        api_key: else `OPENAI_API_KEY`, else none is sent.
        settings: of every request, such as `temperature` or `max_tokens`.

    Raises:
        ModelError: the URL or the model is not given.
    """
    url = base_url or os.environ.get("OPENAI_BASE_URL", "")
    name = model or os.environ.get("OPENAI_MODEL", "")
    if not url.startswith(("http://", "https://")) or "@" in urlsplit(url).netloc or not name:
        raise ModelError(
            "Which model? Set OPENAI_BASE_URL to an OpenAI-compatible URL such as http://127.0.0.1:8000/v1 and OPENAI_MODEL to "
            "a model that it serves, or call configure(base_url=..., model=...). A key is given as OPENAI_API_KEY, not in the URL."
        )
    key = api_key or os.environ.get("OPENAI_API_KEY", "")
    _chosen[:] = [Server(url, name.removeprefix("openai/"), key, {"temperature": None, **DEFAULTS, **settings})]


class Settings:
    """Where programs look which model is asked."""

    caller_modules: tuple[()] = ()

    @property
    def lm(self) -> Server:
        """The model."""
        return model()


settings = Settings()


def model() -> Server:
    """Return the model that is asked."""
    if not _chosen:
        configure()
    return _chosen[0]
