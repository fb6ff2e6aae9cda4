"""When are two answers the same? Comparing values of a task as people would."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any

from dspy.adapters.utils import serialize_for_json

_PUNCTUATION = str.maketrans("", "", string.punctuation.replace("-", "").replace(".", ""))
_NUMBER = re.compile(r"[-+]?(\d[\d,]*\.?\d*|\.\d+)")
_FRACTION = re.compile(r"([-+]?\d{1,15})\s*/\s*0*([1-9]\d{0,14})\.?")


def normalise(value: Any) -> str:
    """Return the comparable form of a value: case, outer punctuation and spaces do not count; `18` is `18.0`, and `1/2` is `0.5`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return _number(str(value))
    if not isinstance(value, str):
        return json.dumps(serialize_for_json(value), sort_keys=True, ensure_ascii=False).lower()
    if fraction := _FRACTION.fullmatch(value.strip()):
        return _number(str(int(fraction[1]) / int(fraction[2])))
    text = " ".join(value.lower().translate(_PUNCTUATION).split()).strip(" .-")
    if _NUMBER.fullmatch(value.strip().rstrip(".").removeprefix("$")):
        return _number(value.strip().rstrip(".").removeprefix("$").replace(",", ""))
    return text or value.strip()


def _number(text: str) -> str:
    """Return the comparable form of a number: a whole one with all its digits, another with fifteen, as many as a float keeps."""
    number = Decimal(text)
    if not number:
        return "0"
    if number.is_finite() and number == number.to_integral_value():
        return f"{number.to_integral_value():f}"
    return f"{Context(prec=15).normalize(number):f}".lower()


def answer_key(outputs: Mapping[str, Any], names: list[str]) -> str:
    """Return the comparable form of an answer: all its output fields together."""
    return " | ".join(normalise(outputs[name]) for name in names if name in outputs)
