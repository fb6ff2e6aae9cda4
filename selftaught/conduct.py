"""The adapter in front of the adapter: picks the one that suits the model, meters the model, leaves out the answer.

It is DSPy's own extension point, so it reaches every predictor of every module, also those that carry a model of their own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import dspy

from selftaught import scope
from selftaught.adapter import once
from selftaught.engines.bridge import metered


class Conduct(dspy.Adapter):
    """Hands each call to the user's adapter, or to the one that suits the model."""

    def __init__(self, chosen: dspy.Adapter | None) -> None:
        super().__init__()
        self.chosen = _remembering(chosen)

    def _prepare(self, lm: dspy.BaseLM, demos: list[Any], inputs: dict[str, Any]) -> tuple[dspy.BaseLM, dspy.Adapter, list[Any]]:
        model = metered(lm)
        adapter = self.chosen or model.adapter or _CHAT
        if scope.current().leave_out:
            demos = [demo for demo in demos if not _same_inputs(demo, inputs)]
        return model, adapter, demos

    def __call__(
        self, lm: dspy.BaseLM, lm_kwargs: dict[str, Any], signature: Any, demos: list[Any], inputs: dict[str, Any]
    ) -> Any:
        """Answer from synchronous code."""
        model, adapter, shown = self._prepare(lm, demos, inputs)
        return adapter(model, lm_kwargs=lm_kwargs, signature=signature, demos=shown, inputs=inputs)

    async def acall(
        self, lm: dspy.BaseLM, lm_kwargs: dict[str, Any], signature: Any, demos: list[Any], inputs: dict[str, Any]
    ) -> Any:
        """Answer from asynchronous code."""
        model, adapter, shown = self._prepare(lm, demos, inputs)
        return await adapter.acall(model, lm_kwargs=lm_kwargs, signature=signature, demos=shown, inputs=inputs)


class RememberingChatAdapter(dspy.ChatAdapter):
    """DSPy's own; the system message of a signature is written once, not for each call."""

    def format_system_message(self, signature: Any) -> str:
        """Return the message, from memory where it is known."""
        return once(signature, "chat", super().format_system_message)


def _remembering(adapter: dspy.Adapter | None) -> dspy.Adapter | None:
    """Return a plain ChatAdapter as one that remembers, with the same settings; any other adapter as it is."""
    if type(adapter) is not dspy.ChatAdapter:
        return adapter
    remembering = RememberingChatAdapter()
    remembering.__dict__.update(adapter.__dict__)
    return remembering


_CHAT = RememberingChatAdapter()


@contextlib.contextmanager
def conducted() -> Iterator[None]:
    """Put the conducting adapter in front inside a `with` block; once is enough."""
    if isinstance(dspy.settings.adapter, Conduct):
        yield
        return
    with dspy.context(adapter=Conduct(dspy.settings.adapter)):
        yield


def _same_inputs(demo: Any, inputs: dict[str, Any]) -> bool:
    shown = dict(demo)
    return bool(inputs) and all(name in shown and shown[name] == value for name, value in inputs.items())
