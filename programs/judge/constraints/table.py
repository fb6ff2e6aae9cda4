"""Tables of comma- or tab-separated values (IFBench's csv kinds, which are this one with three settings).

Departures from the published checkers: the columns, the number of rows and the delimiter are arguments, and fields are read as a
CSV reader reads them, quotation marks included.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Literal

from selftaught.programs.judge.constraints.arguments import Count, Phrases, listed, unless
from selftaught.programs.judge.constraints.claims import Range
from selftaught.programs.judge.constraints.registry import kind
from selftaught.programs.judge.constraints.text import counted

DELIMITERS = {"comma": ",", "tab": "\t"}


@kind(
    "custom:csv",
    "Write a table with the columns {columns} and {rows:row} under their names; between two fields stands a {delimiter}.",
    claims=lambda rows, **_: {"lines": Range(rows + 1)},
)
def table(
    text: str,
    columns: Phrases,
    rows: Count,
    delimiter: Literal["comma", "tab"] = "comma",
    quoted: Literal["any", "special", "all"] = "any",
) -> str:
    """A CSV table; `quoted`: `all` fields stand in double quotation marks, or at least one with a `special` character does."""
    body = re.sub(r"^```\w*\n|\n?```$", "", text.strip())
    try:
        found = list(csv.reader(io.StringIO(body), delimiter=DELIMITERS[delimiter], skipinitialspace=True))
    except csv.Error as error:
        return f"It is no table: {error}."
    found = [[field.strip() for field in row] for row in found if row]
    if [name.lower() for row in found[:1] for name in row] != [name.lower() for name in columns]:
        return f"Its first line is not {listed(list(columns), len(columns))}."
    if wrong := unless("exactly", rows, len(found) - 1, "row"):
        return wrong
    if any(len(row) != len(columns) for row in found):
        return f"A row has not {counted(len(columns), 'field')}."
    quotations = re.findall(r'"((?:[^"]|"")*)"', body)
    if quoted == "all" and len(quotations) < len(columns) * len(found):
        return "Not every field stands in double quotation marks."
    special = any(re.search(r"[^\w\s]", field) for field in quotations)
    return "No field with a special character stands in double quotation marks." if quoted == "special" and not special else ""
