"""When are two answers the same? Comparing values of a task as people would."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping
from typing import Any

from dspy.adapters.utils import serialize_for_json

_PUNCTUATION = str.maketrans("", "", string.punctuation.replace("-", "").replace(".", ""))
_NUMBER = re.compile(r"[-+]?(\d[\d,]*\.?\d*|\.\d+)")


def normalise(value: Any) -> str:
    """Return the comparable form of a value: case, outer punctuation and spaces do not count, `18` and `18.0` are one."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{float(value):g}"
    if not isinstance(value, str):
        return json.dumps(serialize_for_json(value), sort_keys=True, ensure_ascii=False).lower()
    text = " ".join(value.lower().translate(_PUNCTUATION).split()).strip(" .-")
    if _NUMBER.fullmatch(value.strip().rstrip(".").removeprefix("$")):
        return f"{float(value.strip().rstrip('.').removeprefix('$').replace(',', '')):g}"
    return text or value.strip()


def answer_key(outputs: Mapping[str, Any], names: list[str]) -> str:
    """Return the comparable form of an answer: all its output fields together."""
    return " | ".join(normalise(outputs[name]) for name in names if name in outputs)
