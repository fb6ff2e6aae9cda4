"""The scripted model behind the pages in `docs/`: it adds two numbers, with known habits, so that outputs can be checked.

Its greedy answer is wrong on every third sum; when sampled it is mostly right there. As a judge it is wrong on every ninth
sum, prefers the second place now and then, and gives no log-probabilities.
"""

from __future__ import annotations

import re
import zlib
from typing import Any

from selftaught.testing import answer_fields

NUMBERS = re.compile(r"What is (\d+) \+ (\d+)\?")


def adding(messages: list[dict[str, Any]], **settings: Any) -> dict[str, Any]:
    """Answer any step of any program on sums."""
    asked, text = answer_fields(messages), str(messages[-1]["content"])
    found = NUMBERS.search(text)
    first, second = map(int, found.groups()) if found else (2, 3)
    said = _said(text, first, second, str(settings.get("rollout_id", "")))
    return {name: said.get(name, "yes") for name in asked}


def _said(text: str, first: int, second: int, sample: str) -> dict[str, Any]:
    right = first + second
    draft = _line(text, "draft")
    good = (draft == str(right)) != _errs(first, second)
    return {
        "answer": _revised(text, right) if draft else _answered(first, second, sample), "correct": good, "wrong": not good,
        "score": 8 if good else 3, "reasons": "The sum is right." if good else "The sum is wrong.", "better": _better(text, right),
        "acceptable": good, "problems": [] if good else ["The sum is wrong; carry the ten."],
        "requirements": ["Is the sum right?"], "satisfied": "no" if ("breaks" in text) == good else "yes",
        "critique": "The answer repeats the rubric's words.", "response": "A calm reply.",
        "revised": "- The reply answers the question.",
    }  # fmt: skip


def _line(text: str, field: str) -> str:
    found = re.search(rf"^{field}: (.*)$", text, re.MULTILINE)
    return found.group(1).strip() if found else ""


def _errs(first: int, second: int) -> bool:
    return (first + second) % 9 == 0


def _answered(first: int, second: int, sample: str) -> int:
    """Forget to carry on every third sum when answering greedily, less often when sampling."""
    hard = (first * second) % 3 == 0
    slips = hard and (not sample or zlib.crc32(f"{first} {second} {sample}".encode()) % 10 < 3)
    return first + second - (10 if slips else 0)


def _revised(text: str, right: int) -> int:
    return right if right % 2 else int(_line(text, "draft") or 0)


def _better(text: str, right: int) -> str:
    drafts = [_line(text, "first_draft"), _line(text, "second_draft")]
    return "first" if drafts[0] == str(right) and right % 4 else "second"
