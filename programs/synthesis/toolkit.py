"""A toolkit: Python functions with a state of their own, which code that nobody vouches for may call in the sandbox."""

from __future__ import annotations

import ast

from selftaught import sandbox
from selftaught.errors import SettingError
from selftaught.programs.code.running import Trial, certified, failure_of
from selftaught.sandbox import Limits

LONGEST_OUTPUT = 600
TOOLS, SOLUTION, VERIFY = "tools.py", "solution.py", "verify.py"


class Toolkit:
    """Tools that are run with a solution, never in this process.

    Every run begins with `source` anew, in a process of its own, so the state is as it was at first.

    Args:
        source: Python code that needs the standard library only. Its functions are the tools, except those whose name begins with
            an underscore; their signatures and docstrings are what a model is told. What they work on are its globals.
        seconds: the longest that one run may take.

    Attributes:
        about: the tools as a model is told.

    Raises:
        SettingError: the source does not parse or holds no tool, or a time that is none.
    """

    def __init__(self, source: str, *, seconds: float = 5.0) -> None:
        self.limits = Limits(seconds=seconds)
        if not isinstance(source, str):
            raise SettingError(f"tools={source!r}: expected Python source, as a text.")
        self.source = source
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise SettingError(f"tools: the source does not parse: {error}.") from error
        tools = [one for one in tree.body if isinstance(one, ast.FunctionDef) and not one.name.startswith("_")]
        if not tools:
            raise SettingError("tools: the source has no function whose name does not begin with an underscore.")
        self.names = tuple(one.name for one in tools)
        self.about = "\n".join(_told(one) for one in tools)

    async def check(self) -> None:
        """Load the tools once.

        Raises:
            SettingError: they fail. SandboxMissing: nothing here can run code safely.
        """
        ran = await sandbox.default().run(self._load, files={TOOLS: self.source}, limits=self.limits)
        if not ran.ok:
            raise SettingError(f"tools: the source fails when it is loaded: {failure_of(ran, self.limits.seconds)}.")

    async def output(self, code: str) -> str:
        """Return what code prints that calls the tools, or how it failed."""
        ran = await sandbox.default().run(
            f"{self._load}\n_loaded({SOLUTION!r}, dict(_public))", files={TOOLS: self.source, SOLUTION: code}, limits=self.limits
        )
        said = ran.stdout.strip() or "(nothing was printed)"
        found = said if ran.ok else f"{ran.stdout.strip()}\n{failure_of(ran, self.limits.seconds)}".strip()
        return found if len(found) <= LONGEST_OUTPUT else f"{found[:LONGEST_OUTPUT]} ..."

    async def verified(self, solution: str, verify: str) -> Trial:
        """Return whether `verify(solve())` is True, where `solution` defines `solve` and `verify` defines `verify`.

        Both may call the tools; the verifier gets them unchanged by name, but in the state in which the solution left them.
        """
        files = {TOOLS: self.source, SOLUTION: solution, VERIFY: verify}
        return await certified(f"{self._load}\n{_DECIDE}", files, self.limits.seconds, "verify(solve())")

    @property
    def _load(self) -> str:
        return f"{_LOAD}\n_tools = _loaded({TOOLS!r}, {{}})\n_public = {{name: _tools[name] for name in {self.names!r}}}"


def _told(tool: ast.FunctionDef) -> str:
    returns = f" -> {ast.unparse(tool.returns)}" if tool.returns else ""
    about = " ".join((ast.get_docstring(tool) or "").split())
    return f"{tool.name}({ast.unparse(tool.args)}){returns}" + (f": {about}" if about else "")


_LOAD = """
def _loaded(path, names):
    names["__name__"] = path.removesuffix(".py")
    exec(compile(open(path).read(), path, "exec"), names)
    return names
"""
_DECIDE = f"""
_answer = _loaded({SOLUTION!r}, dict(_public))["solve"]()
_found = _loaded({VERIFY!r}, dict(_public))["verify"](_answer)
assert _found is True, f"it is {{_found!r}}"
"""
