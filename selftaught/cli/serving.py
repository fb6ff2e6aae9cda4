"""What `selftaught serve` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from selftaught.artifact import load
from selftaught.budget import Budget
from selftaught.cli.actions import make_program
from selftaught.cli.judging import make_lm
from selftaught.errors import SettingError
from selftaught.server import serve
from selftaught.server.keys import add_line, new_key
from selftaught.taskfile import Model, read_task


def serving(path: Path, model: dict[str, Any], *, calls: int | None, **settings: Any) -> None:
    """Serve a saved program, or the program of a task file, until it is told to stop.

    Args:
        path: the file.
        model: what the command line says of the model; None for what the task file says.
        calls: a ceiling for all callers together.
        settings: see `selftaught.server.serve`.
    """
    if path.suffix == ".toml":
        file = read_task(path)
        program, chosen = make_program(file.program, file.signature()), file.lm
    else:
        program, chosen = load(path), Model()
    budget = Budget(calls=calls) if calls is not None else None
    settings["name"] = settings["name"] or path.stem
    serve(program, lm=make_lm(_changed(chosen, model)), budget=budget, **settings)


def _changed(chosen: Model, given: dict[str, Any]) -> Model:
    changes = {name: value for name, value in given.items() if value is not None}
    try:
        return Model.model_validate({**chosen.model_dump(exclude_unset=True), **changes})
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingError(f"--{str(first['loc'][0]).replace('_', '-')} {first['input']!r}: {first['msg']}.") from error


def made_key(name: str, path: Path | None, calls: int | None) -> dict[str, str]:
    """Make a key and add its line to the key file, where there is one; the key itself is kept nowhere."""
    key, line = new_key(name, calls)
    if path is not None:
        add_line(path, line)
    return {"key": key, "line": line, "file": str(path) if path is not None else "add the line to your key file"}
