"""What a model would have said: the probabilities of the choices of one answer field, from token log-probabilities.

1. Find the token at which the field's value begins, in the JSON or the marked form in which it was answered.
2. Match the candidates of that token with the choices; a candidate that could begin several choices counts for none.
3. Sum what belongs to each choice and divide by the total.

The candidates are the model's own, before an answer is constrained to a schema. The sum before dividing is the model's
mass on the choices: a small one means that it wanted to say something else (`MIN_MASS` is refused).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

from selftaught.signatures import Task

CANDIDATES = 20
"""Candidates asked for each token; the most that OpenAI's interface gives."""
MIN_MASS = 1e-4

Odds = dict[str, float]


def odds_of(logprobs: Any, field: str, choices: Sequence[str]) -> Odds | None:
    """Return the probability of each choice as the value of a field; None where the log-probabilities do not tell.

    Args:
        logprobs: OpenAI's form, `{"content": [{"token": ..., "top_logprobs": [...]}, ...]}`.
        field: the answer field.
        choices: its values, as text.
    """
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not tokens:
        return None
    place = _place([str(token.get("token", "")) for token in tokens], field)  # 1
    if place is None:
        return None
    index, prefix = place
    mass = dict.fromkeys(choices, 0.0)
    for candidate in tokens[index].get("top_logprobs") or ():
        choice = _begun(str(candidate.get("token", "")), prefix, choices)  # 2
        if choice is not None:
            mass[choice] += _chance(candidate)
    total = sum(mass.values())  # 3
    return {choice: value / total for choice, value in mass.items()} if total >= MIN_MASS else None


def choices_of(task: Task, field: str) -> tuple[str, ...]:
    """Return the values that a Literal, bool or small integer field may have, as text; () for any other."""
    info = task.output_fields[field]
    if get_origin(info.annotation) is Literal:
        return tuple(str(choice) for choice in get_args(info.annotation))
    if info.annotation is bool:
        return ("true", "false")
    low = next((one.ge for one in info.metadata if getattr(one, "ge", None) is not None), None)
    high = next((one.le for one in info.metadata if getattr(one, "le", None) is not None), None)
    if info.annotation is int and low is not None and high is not None and 0 <= low <= high <= 9:
        return tuple(str(value) for value in range(low, high + 1))
    return ()


def expectation(odds: Odds) -> float:
    """Return the mean of numeric choices under their probabilities."""
    return sum(float(choice) * share for choice, share in odds.items())


def _place(tokens: list[str], field: str) -> tuple[int, str] | None:
    """Return the index of the token in which a field's value begins, and what of that token comes before the value."""
    start, end = _start("".join(tokens), field), 0
    for index, token in enumerate(tokens):
        begin, end = end, end + len(token)
        if start is not None and end > start:
            return index, token[: start - begin]
    return None


def _start(text: str, field: str) -> int | None:
    """Return where a field's value begins: after its marker, or after its key in the outermost JSON object."""
    if marker := re.search(rf"^\s*\[\[ ## {re.escape(field)} ## \]\]\s*", text, re.MULTILINE):
        return marker.end()
    start, depth = None, 0
    for part in JSON_PARTS.finditer(text, max(text.find("{"), 0)):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(part.group(), 0)
        if depth == 1 and part.group(1) == field and (value := BEFORE_VALUE.match(text, part.end())):
            start = value.end()  # of a key that stands twice, JSON takes the last
    return start


JSON_PARTS = re.compile(r'"((?:[^"\\]|\\.)*)"|[{}\[\]]')
BEFORE_VALUE = re.compile(r'\s*:\s*"?')


def _begun(token: str, prefix: str, choices: Sequence[str]) -> str | None:
    """Return the one choice that a token begins, or None. Spaces and quotes that came along with the value do not count."""
    said, before = _dense(token), _dense(prefix)
    if not said.startswith(before):
        return None
    said = said[len(before) :].strip('"')
    if not said:
        return None
    fits = [choice for choice in choices if _dense(choice).startswith(said) or _starts(said, _dense(choice))]
    return fits[0] if len(fits) == 1 else None


def _starts(said: str, choice: str) -> bool:
    return bool(choice) and said.startswith(choice) and not said[len(choice) :][:1].isalnum()


def _dense(text: str) -> str:
    return "".join(text.split()).lower()


def _chance(candidate: dict[str, Any]) -> float:
    """Return a candidate's probability; 0 where it has none."""
    logprob = candidate.get("logprob")
    return math.exp(min(float(logprob), 0.0)) if isinstance(logprob, int | float) and not math.isnan(logprob) else 0.0
