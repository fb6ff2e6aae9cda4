"""Running a solution against a case in the sandbox, and what came of it."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from selftaught import sandbox
from selftaught.programs.code.cases import Case
from selftaught.sandbox import Limits, Ran

LONGEST_FAILURE = 300
"""Characters of a failure that the model is shown."""
MOST_JOINED = 20
_FENCE = re.compile(r"```[\w+-]*[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one solution in one case: `passed`, and otherwise `why` not, as the model is told."""

    passed: bool
    why: str = ""


def code_in(text: str) -> str:
    """Return the code in a text: its fenced blocks, or all of it; with `joined` quotes where that makes it parse."""
    return joined("\n\n".join(block.strip("\n") for block in _FENCE.findall(text)) or text)


def joined(code: str) -> str:
    """Return code in which a quoted text that goes over the end of a line has the escape that was meant; as it is if that helps nothing.

    A small model that writes code inside a JSON string escapes a line break once where twice is needed.
    """
    lines = code.split("\n")
    for _ in range(MOST_JOINED):
        try:
            ast.parse("\n".join(lines))
        except SyntaxError as error:
            at = error.lineno or 0
            if not error.msg.startswith(("unterminated string", "unterminated f-string")) or not 0 < at < len(lines):
                return code
            lines[at - 1 : at + 1] = [f"{lines[at - 1]}\\n{lines[at]}"]
        except (ValueError, RecursionError, MemoryError):
            return code
        else:
            return "\n".join(lines) if len(lines) < code.count("\n") + 1 else code
    return code


async def trial_of(code: str, case: Case, seconds: float) -> Trial:
    """Run a solution in a case.

    An assertion is run in the names of the solution, which is not the main program then; a case of input and output runs it as
    the main program. An end before the last line of the case, by whatever means, is a failure.

    Raises:
        SandboxMissing: there is no sandbox on this machine.
    """
    if not isinstance(case, str):
        given, expected = case
        ran = await sandbox.default().run(code, stdin=given, limits=Limits(seconds=seconds))
        if ran.ok and ran.stdout.split() == expected.split():
            return Trial(True)
        said = f"it printed {ran.stdout.strip()!r}" if ran.ok else failure_of(ran, seconds)
        return Trial(False, _told(f"input {given!r}: expected {expected.strip()!r}, {said}"))
    return await certified(HARNESS, {"solution.py": code, "case.py": case}, seconds, case.strip())


async def certified(program: str, files: Mapping[str, str], seconds: float, about: str) -> Trial:
    """Run a program that passes where it reaches its last line; an end before that, by whatever means, is a failure.

    Raises:
        SandboxMissing: there is no sandbox on this machine.
    """
    token = secrets.token_hex(8)
    ran = await sandbox.default().run(f"{program}\nprint('{token}')", files=files, limits=Limits(seconds=seconds))
    if ran.ok and ran.stdout.rstrip().endswith(token):
        return Trial(True)
    return Trial(False, _told(f"{about}: {failure_of(ran, seconds)}"))


async def trials_of(codes: Sequence[str], cases: Sequence[Case], seconds: float) -> list[list[Trial]]:
    """Return what came of each solution (a row) in each case; the same pair is run once."""
    pairs = list(dict.fromkeys((code, case) for code in codes for case in cases))
    found = dict(zip(pairs, await asyncio.gather(*(trial_of(*pair, seconds) for pair in pairs)), strict=True))
    return [[found[code, case] for case in cases] for code in codes]


async def value_of(code: str, expression: str, seconds: float) -> Any:
    """Return the plain value that an expression has in the names of a solution, or the failed `Trial`.

    Raises:
        SandboxMissing: there is no sandbox on this machine.
    """
    token = secrets.token_hex(8)
    asked = f"import json\nprint('\\n{token}' + json.dumps(eval({expression!r}, _names)))"
    ran = await sandbox.default().run(f"{LOAD}\n{asked}", files={"solution.py": code}, limits=Limits(seconds=seconds))
    _, said, value = ran.stdout.rpartition(token)
    if ran.ok and said:
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(value)
        return Trial(False, f"{expression}: it is no plain value")
    return Trial(False, _told(f"{expression}: {failure_of(ran, seconds)}"))


def failure_of(ran: Ran, seconds: float) -> str:
    """Say how a run failed."""
    if ran.ended == "time":
        return f"it did not end within {seconds:g} seconds"
    if ran.ended in ("memory", "output"):
        return f"it took too much {ran.ended}"
    last = ran.stderr.strip().rpartition("\n")[2]
    return last or ("it ended too early" if ran.ok else f"it ended with code {ran.returncode}")


def _told(text: str) -> str:
    return text if len(text) <= LONGEST_FAILURE else f"{text[: LONGEST_FAILURE // 2]} ... {text[-LONGEST_FAILURE // 2 :]}"


LOAD = """
_names = {"__name__": "solution"}
try:
    exec(compile(open("solution.py").read(), "solution.py", "exec"), _names)
except SystemExit:
    pass
"""
HARNESS = f"""{LOAD}
exec(compile(open("case.py").read(), "case.py", "exec"), _names)
"""
