"""Records on disk: JSON Lines, one JSON list, or Parquet, by the file's ending. A reader sees the old file or the new one whole."""

from __future__ import annotations

import contextlib
import json
import re
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from selftaught.errors import DataError, RunError, SettingError

_ODD = re.compile("[\x85\u2028\u2029\ud800-\udfff]")
"""Characters that some readers take for the end of a line, or that UTF-8 cannot hold: they are escaped, which JSON allows."""


def write_records(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    """Write records and return the path.

    Raises:
        SettingError: another ending than .jsonl, .json or .parquet; or Parquet without pyarrow.
        DataError: there is no record, or Parquet has no type for a column.
        RunError: the disk refuses.
    """
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise SettingError(f"{path.name}: a data set is written as {', '.join(WRITERS)}, by the ending of its name.")
    if not records:
        raise DataError(f"There are no rows, so {path.name} was not written.")
    half = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(half, records)
        half.replace(path)
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}. What was there before is untouched.") from error
    finally:
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)
    return path


def line_of(record: Any) -> str:
    """Return a record as one line of JSON."""
    return _ODD.sub(lambda found: f"\\u{ord(found.group()):04x}", json.dumps(record, ensure_ascii=False))


def _lines(path: Path, records: Sequence[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(line_of(record) + "\n" for record in records)


def _list(path: Path, records: Sequence[dict[str, Any]]) -> None:
    path.write_text("[\n" + ",\n".join(map(line_of, records)) + "\n]\n", encoding="utf-8")


def _parquet(path: Path, records: Sequence[dict[str, Any]]) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise SettingError("Parquet needs pyarrow. Install it with: pip install pyarrow") from error
    columns = list(dict.fromkeys(name for record in records for name in record))
    try:
        table = pyarrow.Table.from_pydict({name: [_cell(record.get(name)) for record in records] for name in columns})
        parquet.write_table(table, path)
    except (pyarrow.ArrowException, UnicodeEncodeError) as error:
        raise DataError(f"Parquet has no form for these rows: {error}. Write them as .jsonl.") from error


def _cell(value: Any) -> Any:
    """Return a value that Parquet can hold: an object with names of its own as JSON, so that every row has the same type."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, dict) else value


WRITERS: dict[str, Callable[[Path, Sequence[dict[str, Any]]], None]] = {".jsonl": _lines, ".json": _list, ".parquet": _parquet}
