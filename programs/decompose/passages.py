"""What a retriever found for a question, whatever kind of retriever it is."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

import dspy

from selftaught.errors import SettingError

Retriever: TypeAlias = dspy.Module | Callable[[str], Any]
"""A function from a question to passages, async or not, or a module from `question` to `passages`."""


async def passages_for(retriever: Retriever, question: str) -> list[str]:
    """Return the passages that a retriever finds, best first; none that is blank.

    Raises:
        SettingError: it gives neither a text, nor a list of texts, nor a prediction with `passages`.
    """
    if isinstance(retriever, dspy.Module):
        found = await retriever.acall(question=question)
    elif inspect.iscoroutinefunction(retriever):
        found = await retriever(question)
    else:
        found = await asyncio.to_thread(retriever, question)
        found = await found if inspect.isawaitable(found) else found
    if isinstance(found, dspy.Prediction):
        found = found.get("passages")
    texts = [found] if isinstance(found, str) else found if isinstance(found, list | tuple) else None
    if texts is None or not all(isinstance(text, str) for text in texts):
        raise SettingError(f"The retriever gave {found!r}: expected a text, a list of texts, or a prediction with `passages`.")
    return [text.strip() for text in texts if text.strip()]
