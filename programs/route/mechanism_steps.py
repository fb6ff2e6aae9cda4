"""The mechanisms of `AdaptiveMechanisms`: what each is for, and the step that carries it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dspy

from selftaught.programs.retrieve.corpus import Corpus
from selftaught.signatures import Task, critique_of, derived

SHOWN = 2
"""Cases remembered, and documents found."""


class Found:
    """Looks up in documents: the ones most like the query. It never changes, so copies of a program share it."""

    def __init__(self, documents: list[str]) -> None:
        self.corpus = Corpus(documents)

    def __call__(self, query: str) -> str:
        """Return what the nearest documents say."""
        return "\n".join(self.corpus.texts[number] for number in self.corpus.nearest(query, SHOWN))


def _noting(role: str, instruction: str, name: str, kind: Any, limits: dict[str, Any]) -> Callable[[Task], Task]:
    def made(task: Task) -> Task:
        given = {"notes": (str, dspy.InputField(desc=NOTES))}
        return derived(task, role, instruction, given, {name: (kind, dspy.OutputField(**limits))})

    return made


MECHANISMS = {
    "reason": "think about it, one step after another",
    "plan": "write down what has to be found out or done, in order",
    "reflection": "try an answer and look for what is wrong with it",
}
REMEMBER = "see similar cases and their right answers"
LOOK_UP = "look something up that the input does not say"
NOTES = "what was found out so far"
STEPS: dict[str, Callable[[Task], Task]] = {
    "reason": _noting("Reason", "Think about the input in short steps. Use the notes.", "thoughts", str,
                      {"desc": "short steps", "max_length": 600}),
    "plan": _noting("Goals", "Split what the input asks for into goals. Do not reach them.", "goals", list[str],
                    {"desc": "in order", "min_length": 1, "max_length": 5}),
    "reflection": critique_of,
    "external": _noting("Query", "Say what must be looked up to answer the input. Use the notes.", "query", str,
                        {"desc": "a few words to search for", "max_length": 120}),
}  # fmt: skip
