"""Running a program in this very process as `python main.py` would: its standard streams, its exit code, its traceback."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import os
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import NoReturn


def run(path: str, folder: str) -> NoReturn:
    """Run a file as `__main__`, with `folder` first on the path, and end the process."""
    _forget_ourselves()
    main = ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=builtins)
    sys.modules["__main__"], sys.argv = main, [path]
    sys.path.insert(0, folder)
    status = 1
    try:
        status = _executed(path, main)
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(ValueError, AttributeError):  # closed by the program, or set to something else
                stream.flush()
    except BaseException:  # noqa: BLE001 - whatever it was, the code did it; this process ends here
        status = status or 1
    finally:
        os._exit(status)


def _executed(path: str, main: ModuleType) -> int:
    try:
        exec(compile(Path(path).read_bytes(), path, "exec"), main.__dict__)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 0xFF
        print(end.code, file=sys.stderr)
        return 1
    except BaseException as error:  # noqa: BLE001 - shown as the interpreter shows it
        ours = error.__traceback__
        error.__traceback__ = ours.tb_next if ours else None
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


def fresh_streams() -> None:
    """Put new text streams over descriptors 0, 1 and 2, as the interpreter makes them in UTF-8 mode."""
    make = [("stdin", 0, "r", "surrogateescape"), ("stdout", 1, "w", "surrogateescape"), ("stderr", 2, "w", "backslashreplace")]
    for name, descriptor, mode, errors in make:
        stream = open(  # noqa: SIM115 - it stays open until the process ends
            descriptor, mode, encoding="utf-8", errors=errors, buffering=1 if name == "stderr" else -1, closefd=False
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _forget_ourselves() -> None:
    os.environ.clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "selftaught"]:
        del sys.modules[name]
