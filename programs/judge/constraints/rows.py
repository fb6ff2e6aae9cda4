"""Constraints from the rows of IFEval, IFBench and MathIF.

1. Take the kinds and their arguments from the row: `instruction_id_list` and `kwargs`, or MathIF's `constraint_name` and
   `constraint_args`. Arguments that are None are left out.
2. What a kind needs and the row leaves in its prompt (a list of names, a template) is read there.
3. A kind that cannot be checked is an error, or left out where the caller says so; never silently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from selftaught.errors import DataError, SettingError
from selftaught.programs.judge.constraints.base import Constraint, constraint
from selftaught.programs.judge.constraints.text import sentences

NOT_CHECKED = {
    "words:start_verb": "needs a part-of-speech tagger: whether a word is a verb depends on the sentence",
    "words:odd_even_syllables": "needs a dictionary of pronunciation: rules miscount about one English word in ten",
    "custom:european_capitals_sort": "needs geography: the capitals by latitude",
}
"""Published kinds that no function here checks, and why."""


def from_ifeval(row: Mapping[str, Any], *, unchecked: Literal["refuse", "leave out"] = "refuse") -> tuple[Constraint, ...]:
    """Return the constraints of a row.

    Args:
        row: a row of IFEval, IFBench or MathIF; its `prompt` is read where a kind's arguments stand only there.
        unchecked: what to do with a kind of `NOT_CHECKED`; `not_checked(row)` names them.

    Raises:
        DataError: the row has no constraints, or its lists do not fit together, or its prompt lacks what a kind needs.
        SettingError: a kind that cannot be checked or is unknown, or an argument that makes no sense.
    """
    found = []
    for name, arguments in _pairs(row):
        if name in NOT_CHECKED and unchecked == "refuse":
            raise SettingError(f"{name} is not checked: it {NOT_CHECKED[name]}. Pass unchecked='leave out' to go on without it.")
        if name not in NOT_CHECKED:
            published, more = _named(name, str(row.get("prompt", "")))
            found.append(constraint(published, **more, **arguments))
    return tuple(found)


def not_checked(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the kinds of a row that cannot be checked."""
    return tuple(name for name, _ in _pairs(row) if name in NOT_CHECKED)


def _pairs(row: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    names = row.get("instruction_id_list", row.get("constraint_name"))
    arguments = row.get("kwargs", row.get("constraint_args"))
    if not isinstance(names, list) or not isinstance(arguments, list) or not names or len(names) != len(arguments):
        raise DataError(
            "The row has no constraints: expected the lists instruction_id_list and kwargs (or constraint_name and "
            f"constraint_args), equally long and not empty. It has {sorted(row)}."
        )
    given = [{key: value for key, value in (one or {}).items() if value is not None} for one in arguments]
    return [
        (name.replace("length_constraint_checkers:", "length_constraints:"), one) for name, one in zip(names, given, strict=True)
    ]


def _named(name: str, prompt: str) -> tuple[str, dict[str, Any]]:
    """Return the kind that checks a published one, and the arguments that the prompt tells."""
    if name not in LEFT_IN_THE_PROMPT:
        return name, {}
    try:
        return ("custom:csv" if name.startswith("custom:csv_") else name), LEFT_IN_THE_PROMPT[name](prompt)
    except (ValueError, IndexError) as error:
        raise DataError(f"{name}: the row's prompt does not say what is asked: {prompt[:200]!r}.") from error


def _numbers(*names: str) -> Callable[[str], dict[str, Any]]:
    """Read the first numbers of a prompt."""

    def read(prompt: str) -> dict[str, Any]:
        return dict(zip(names, map(int, re.findall(r"\d+", prompt)[: len(names)]), strict=True))

    return read


def _names(prompt: str) -> dict[str, Any]:
    listed = re.split(r"names:", prompt, maxsplit=1)[1].split(".")[0]
    return {"names": [name.strip() for name in listed.split(",") if name.strip()]}


def _labels(prompt: str) -> dict[str, Any]:
    return {"labels": re.findall(r"([A-Z][\w ]*:)\s*\[", prompt)}


def _table(delimiter: str, quoted: str) -> Callable[[str], dict[str, Any]]:
    def read(prompt: str) -> dict[str, Any]:
        columns = re.findall(r"\[([^\]]+)\]", prompt)[-1]
        rows = re.findall(r"(\d+) rows", prompt)[-1]
        return {"columns": re.findall(r"\"([^\"]+)\"", columns), "rows": int(rows), "delimiter": delimiter, "quoted": quoted}

    return read


LEFT_IN_THE_PROMPT: dict[str, Callable[[str], dict[str, Any]]] = {
    "count:person_names": _names,
    "format:output_template": _labels,
    "repeat:repeat_simple": lambda prompt: {"sentence": sentences(prompt)[-1]},
    "custom:multiples": _numbers("first", "last", "factor"),
    "custom:mcq_count_length": _numbers("questions", "options"),
    "custom:csv_city": _table("comma", "any"),
    "custom:csv_special_character": _table("comma", "special"),
    "custom:csv_quotes": _table("tab", "all"),
    "custom:reverse_newline": lambda prompt: {"items": 52},
    "custom:word_reverse": lambda prompt: {"phrase": "bald eagle"},
    "custom:character_reverse": lambda prompt: {"phrase": "bald eagle"},
}
"""How to read an argument from a prompt. The last three stand in no row: the number of countries, with two to spare, and the
animal that the question asks for."""
