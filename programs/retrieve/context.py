"""The context of a task: the long text among its inputs, as passages and as sentences that can be put together again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_origin

from selftaught.errors import SettingError, TaskError
from selftaught.programs.judge.constraints.text import sentences
from selftaught.signatures import Task


class Context:
    """Finds the context in a task's inputs, and puts another one in its place.

    Args:
        task: a task with at least one input that is a text or a list of texts.
        name: of the context; by default the longest of these inputs, decided for each input.

    Raises:
        TaskError: the task has no such input.
        SettingError: `name` is none of them.
    """

    def __init__(self, task: Task, name: str | None = None) -> None:
        self.names = [field for field, info in task.input_fields.items() if _holds_text(info.annotation)]
        if not self.names:
            raise TaskError(f"The task {task.__name__} has no input that is a text or a list of texts, so there is no context.")
        if name is not None and name not in self.names:
            raise SettingError(f"context={name!r}: expected one of the inputs that are texts or lists of texts: {self.names}.")
        self.name = name

    def of(self, inputs: Mapping[str, Any]) -> str:
        """Return the name of the context among these inputs."""
        return self.name or max(self.names, key=lambda name: sum(map(len, passages(inputs.get(name)))))


def passages(value: Any) -> list[str]:
    """Return the context as its passages; a text is a single one."""
    return [value] if isinstance(value, str) else [str(one) for one in value or []]


def replaced(inputs: Mapping[str, Any], name: str, texts: Sequence[str]) -> dict[str, Any]:
    """Return inputs with other passages as the context, in the type that it had."""
    return {**inputs, name: "\n\n".join(texts) if isinstance(inputs[name], str) else list(texts)}


def asked(inputs: Mapping[str, Any], name: str) -> str:
    """Return the inputs without the context as text: what is asked of it."""
    return "\n".join(str(value) for other, value in inputs.items() if other != name)


def pieces(text: str) -> list[str]:
    """Return the sentences of a text, each with the spaces after it: joined they are the text. A line break ends one too."""
    starts, place = [], 0
    for line in text.splitlines(keepends=True):
        after = place
        for sentence in sentences(line):
            after = text.index(sentence, after)
            starts.append(after)
            after += len(sentence)
        place += len(line)
    ends = [*starts[1:], len(text)]
    return [text[start:end] for start, end in zip([0, *starts[1:]], ends, strict=True)] if starts else [text] if text else []


def _holds_text(kind: Any) -> bool:
    return kind is str or kind is list or (get_origin(kind) is list and kind.__args__ == (str,))
