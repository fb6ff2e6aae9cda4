"""Checking what a caller gave, before anything is paid: lists of texts and of modules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from selftaught.errors import SettingError


def listed(name: str, values: Any, kind: type | tuple[type, ...], what: str) -> list[Any]:
    """Return values of one kind (or several) as a list.

    Args:
        name: of the argument, for the error.
        values: a list, or anything that gives its members one by one; no text.
        kind: what each must be an instance of.
        what: the kind in words.

    Raises:
        SettingError: it is no list, or a member is something else.
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise SettingError(f"{name}={values!r}: expected a list of {what}.")
    found = list(values)
    for number, value in enumerate(found):
        if not isinstance(value, kind):
            raise SettingError(f"{name}[{number}] is {value!r}: expected {what}.")
    return found


def texts(name: str, values: Any) -> list[str]:
    """Return a list of texts without the spaces around them; a single text is a list of one.

    Raises:
        SettingError: it is neither a text nor a list of texts.
    """
    return [text.strip() for text in listed(name, [values] if isinstance(values, str) else values, str, "sentences")]
