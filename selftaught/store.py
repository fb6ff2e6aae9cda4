"""The response store: what a model said, on disk before anything uses it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any, Protocol

from selftaught.errors import RunError

SECRET_SETTINGS = frozenset({"api_key", "api_base", "base_url", "headers", "extra_headers", "api_version"})


class Store(Protocol):
    """Keeps JSON values by key. Shared by threads and processes."""

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the value, or None."""

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Keep a value. When this returns, the value is on disk."""


class DiskStore:
    """A diskcache folder of JSON values (never pickle), shared by processes, without eviction.

    Raises:
        RunError: the folder cannot be written (a full or read-only disk).
    """

    def __init__(self, folder: Path) -> None:
        from diskcache import Cache, JSONDisk

        try:
            self._cache = Cache(str(folder), disk=JSONDisk, eviction_policy="none", size_limit=1 << 50)
        except (OSError, sqlite3.Error) as error:
            raise RunError(
                f"The response store {folder} cannot be written: {error}. Free space or name another folder."
            ) from error

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the value, or None."""
        return self._cache.get(key)

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Keep a value."""
        try:
            self._cache.set(key, value)
        except (OSError, sqlite3.Error) as error:
            raise RunError(
                f"The response store cannot be written: {error}. Free space and run the same command again."
            ) from error

    def close(self) -> None:
        """Close the files."""
        self._cache.close()


def fingerprint(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON. Values that JSON has no form for count by their `repr`."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=repr)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def request_key(model: str, messages: Any, settings: dict[str, Any]) -> str:
    """Return the key of a request: everything that can change the answer, and no secret."""
    return fingerprint([model, messages, {name: value for name, value in settings.items() if name not in SECRET_SETTINGS}])
