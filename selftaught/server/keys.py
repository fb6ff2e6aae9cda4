"""API keys: a file of names and SHA-256 hashes, so that the file itself opens nothing.

    # name  hash of the key                                                   what it may spend
    alice   5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8  calls=1000
    ci      6b3a55e0261b0304143f805a24924d0c1c44524821305f31d9277843b8a10f4e

A key is 256 random bits, so that a plain hash is enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from selftaught.budget import Budget
from selftaught.errors import KeyRefused, SettingError
from selftaught.ledger import Call
from selftaught.run import write_atomically

LINE = re.compile(r"(?P<name>[\w.-]{1,64})\s+(?P<hash>[0-9a-f]{64})(?:\s+calls=(?P<calls>[1-9]\d*))?")
PREFIX = "st-"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `budget`: what this key may spend, None for no bound of its own."""

    name: str
    budget: Budget | None = None


ANYONE = Caller("anyone")
"""The caller of a server without keys."""


class Keys:
    """The keys of a server, by hash; without any, everybody may ask."""

    def __init__(self, callers: dict[str, Caller] | None = None) -> None:
        self._callers = {digest.encode(): caller for digest, caller in (callers or {}).items()}

    def __bool__(self) -> bool:
        return bool(self._callers)

    def caller(self, key: str | None) -> Caller:
        """Return whose key this is; every hash is compared, in constant time.

        Raises:
            KeyRefused: it is nobody's.
        """
        if not self._callers:
            return ANYONE
        found = None
        given = digest_of(key or "").encode()
        for digest, caller in self._callers.items():
            if hmac.compare_digest(digest, given):
                found = caller
        if found is None:
            raise KeyRefused("The request carries no key of this server. Send one as 'Authorization: Bearer KEY'.")
        return found

    def charge(self, calls: Iterable[Call]) -> None:
        """Count calls of the past, from a ledger, against the budgets of their keys."""
        budgets = {caller.name: caller.budget for caller in self._callers.values()}
        for call in calls:
            if (budget := budgets.get(call.label)) is not None:
                budget.charge(call.spend)


def digest_of(key: str) -> str:
    """Return the hash that stands for a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def read_keys(path: Path) -> Keys:
    """Return the keys of a file.

    Raises:
        SettingError: it cannot be read, holds no key, or a line is not as it should be.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"The key file {path} cannot be read: {error}.") from error
    callers: dict[str, Caller] = {}
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        found = LINE.fullmatch(text)
        if found is None:
            raise SettingError(
                f"{path}, line {number}: expected 'name sha256 [calls=N]'. `selftaught serve --new-key NAME` writes such a line."
            )
        if found["name"] in {caller.name for caller in callers.values()} or found["hash"] in callers:
            raise SettingError(f"{path}, line {number}: the name {found['name']!r} or its key is there twice.")
        budget = Budget(calls=int(found["calls"])) if found["calls"] else None
        callers[found["hash"]] = Caller(found["name"], budget)
    if not callers:
        raise SettingError(f"The key file {path} holds no key, so nobody could ask. Add one: selftaught serve --new-key NAME.")
    return Keys(callers)


def new_key(name: str, calls: int | None = None) -> tuple[str, str]:
    """Return a fresh key, and the line of the key file that stands for it.

    Raises:
        SettingError: the name is not one word of letters, digits, '.', '_' and '-'.
    """
    key = PREFIX + secrets.token_urlsafe(32)
    line = f"{name} {digest_of(key)}" + (f" calls={calls}" if calls is not None else "")
    if LINE.fullmatch(line) is None:
        raise SettingError(
            f"{line.rpartition(' ')[0]!r}: a key has a name of letters, digits, '.', '_' and '-', and calls above 0."
        )
    return key, line


def add_line(path: Path, line: str) -> None:
    """Add a line to a key file; it is replaced whole or not at all.

    Raises:
        SettingError: the name is there already, or the file cannot be written.
    """
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if before:
            read_keys(path)  # refuses a file that is none
        if line.split()[0] in {one.split()[0] for one in before.splitlines() if one.split()}:
            raise SettingError(f"{path} has a key named {line.split()[0]!r} already. Choose another name, or remove its line.")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, before + ("" if before.endswith("\n") or not before else "\n") + line + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"The key file {path} cannot be written: {error}.") from error
