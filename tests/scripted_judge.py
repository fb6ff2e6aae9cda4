"""A scripted model of the bundled nouns: solves most of them once it sees demonstrations, and cannot judge at all."""

from __future__ import annotations

import random
from typing import Any

from selftaught.data import bundled
from selftaught.signatures import as_task
from selftaught.testing import FakeLM, answer_fields

OPINIONS: dict[str, Any] = {
    "score": 3,
    "correct": True,
    "wrong": True,
    "satisfied": "yes",
    "better": "second",
    "problems": ["It may be wrong."],
    "acceptable": False,
}
"""What it says of every answer, whatever it is."""


def poor_judge() -> FakeLM:
    """Return the model."""
    known = {row.noun: row.plural for row in bundled("plural", as_task("noun -> plural"))}

    def answered(messages: list[dict[str, Any]], settings: dict[str, Any]) -> str:
        noun = str(messages[-1]["content"]).split("\n")[0].removeprefix("noun: ")
        draws = random.Random(f"{noun} {settings.get('rollout_id')}")
        return known[noun] if len(messages) > 2 and draws.random() < 0.8 else noun

    def script(messages: list[dict[str, Any]], **settings: Any) -> dict[str, Any]:
        asked = answer_fields(messages)
        return {name: answered(messages, settings) if name == "plural" else OPINIONS[name] for name in asked}

    return FakeLM(script, name="scripted")
