"""The exported program for those who call it: from synchronous code, and from the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from selftaught.errors import CallError, InputError, UserError
from selftaught.export.bundle.runtime.kinds import NOTHING
from selftaught.export.bundle.runtime.reading import read
from selftaught.export.bundle.runtime.server import configure
from selftaught.export.bundle.runtime.values import as_data


def given(**inputs: Any) -> dict[str, Any]:
    """Return the inputs that are there."""
    return {name: value for name, value in inputs.items() if value is not NOTHING}


def finished(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end from synchronous code, also from inside an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def run(ask: Callable[..., Any], fields: dict[str, Any], about: str, arguments: list[str] | None = None) -> int:
    """Answer one input from the command line, as JSON.

    Args:
        ask: answers.
        fields: the inputs and their types.
        about: what the program does.
        arguments: in the place of the process's own.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--input", action="append", default=[], metavar="NAME=VALUE", help=f"an input: {', '.join(fields)}")
    parser.add_argument("--json", metavar="FILE", help="a file with all inputs as one JSON object; - for the standard input")
    parser.add_argument("--base-url", default="", help="an OpenAI-compatible URL; else OPENAI_BASE_URL")
    parser.add_argument("--model", default="", help="the name of a model there; else OPENAI_MODEL")
    chosen = parser.parse_args(arguments)
    try:
        inputs = inputs_of(chosen.input, chosen.json, fields)
        configure(chosen.base_url, chosen.model)
        found = ask(**inputs)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except CallError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    shown = {name: as_data(value) for name, value in found.items() if name != "steps"}
    print(json.dumps(shown, ensure_ascii=False, indent=2))
    return 0


def inputs_of(named: list[str], file: str | None, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs that the command line gives, each of its type.

    Raises:
        InputError: they cannot be read.
    """
    try:
        found = (
            {} if file is None else dict(json.loads(sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")))
        )
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"--json {file}: expected a file with a JSON object: {error}.") from error
    for one in named:
        name, given_one, value = one.partition("=")
        if not given_one:
            raise InputError(f"--input {one!r}: expected NAME=VALUE.")
        found[name] = value
    for name in found.keys() - fields.keys():
        raise InputError(f"There is no input {name!r}. It takes {', '.join(fields)}.")
    try:
        return {name: read(value, fields[name]) for name, value in found.items()}
    except (ValueError, TypeError) as error:
        raise InputError(f"An input does not fit: {error}.") from error
