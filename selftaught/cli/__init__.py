"""The command line. Every command has `--json`; exit codes: 0 ok, 1 failed, 2 usage, 3 budget spent, 130 interrupted."""

from __future__ import annotations

import shlex
import sys
import warnings
from typing import Any

INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    from selftaught.cli.app import app

    with warnings.catch_warnings():
        warnings.showwarning = _warn
        sys.exit(run_app(app))


def run_app(app: object) -> int:
    """Run a command and return its exit code, with errors in words and without tracebacks for what the user can fix."""
    import typer

    from selftaught import errors

    usage_error: type[Any] = typer.BadParameter.__mro__[1]  # typer names its base class only here
    try:
        code = app(standalone_mode=False)  # type: ignore[operator]
    except typer.Exit as leaving:  # an interrupt arrives as code 130 from some versions of typer
        return _interrupted() if leaving.exit_code == INTERRUPTED else leaving.exit_code
    except usage_error as error:
        error.show()
        return 2
    except errors.BudgetSpent as error:
        _say(error)
        return 3
    except (errors.SettingError, errors.TaskError, errors.InputError, errors.DataError, errors.BudgetError) as error:
        _say(error)
        return 2
    except errors.SelftaughtError as error:
        _say(error)
        return 1
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    return _interrupted() if code == INTERRUPTED else int(code or 0)


def _interrupted() -> int:
    again = shlex.join(["selftaught", *sys.argv[1:]])
    print(f"\nInterrupted. Everything paid for is kept; the same command continues:\n  {again}", file=sys.stderr)
    return INTERRUPTED


def _warn(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """Show a warning of ours in one line, as a person reads it; others as Python does."""
    if category.__module__.startswith("selftaught"):
        print(f"selftaught: warning: {message}", file=sys.stderr)
    else:
        sys.stderr.write(warnings.formatwarning(message, category, *where[:2]))


def _say(error: Exception) -> None:
    print(f"selftaught: {error}", file=sys.stderr)
