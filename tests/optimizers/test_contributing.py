"""The optimizer that CONTRIBUTING.md shows is one: it passes the contract, the interrupted run included."""

import re
from pathlib import Path

from selftaught.registry import _registrations
from selftaught.testing import OptimizerContract

PAGE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def shown():
    """Return the class that the page defines, without leaving it in the catalogue."""
    code = next(block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "class Shorten(" in block)
    names = {"__name__": "selftaught.optimizers.strategies.shorten"}
    exec(compile(code, "CONTRIBUTING.md", "exec"), names)
    _registrations.pop("shorten", None)
    return names["Shorten"]


Shorten = shown()


class TestTheOptimizerOfThePage(OptimizerContract):
    def make(self):
        return Shorten()
