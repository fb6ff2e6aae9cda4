"""What tests of code programs share: the mark of those that run code, a coding task, a scripted coder."""

from __future__ import annotations

from typing import Any

import dspy
import pytest

from selftaught.sandbox import available
from selftaught.testing import FakeLM
from selftaught.testing.fake import answer_fields

WHY_NOT = "" if any(one.works for one in available()) else "; ".join(f"{one.name}: {one.why}" for one in available())
runs_code = pytest.mark.skipif(bool(WHY_NOT), reason=f"no sandbox works here: {WHY_NOT}")


class Coding(dspy.Signature):
    """Write the Python function that the problem asks for."""

    problem: str = dspy.InputField()
    samples: list[str] = dspy.InputField()
    code: str = dspy.OutputField()


RIGHT = "def double(x):\n    return x + x"
WRONG = "def double(x):\n    return x * x"
SLOW = "def double(x):\n    while True: pass"
GIVEN = {"problem": "double(x) is twice x", "samples": ["assert double(3) == 6"]}


class Coder:
    """A model that writes the next of its codes, and the next of its suites, in the order asked; and keeps the prompts."""

    def __init__(self, codes: list[Any], suites: list[Any] | None = None) -> None:
        self.codes, self.suites, self.prompts = list(codes), list(suites or []), []

    def __call__(self, messages: list[dict[str, Any]], **settings: Any) -> Any:
        asked = answer_fields(messages)
        self.prompts.append((asked, "\n".join(str(message["content"]) for message in messages)))
        said = self.suites.pop(0) if asked == ["assertions"] else self.codes.pop(0)
        if isinstance(said, str) and said.startswith("%%"):
            return said
        return (
            {"assertions": said}
            if asked == ["assertions"]
            else {"code": said, **{name: "so" for name in asked if name != "code"}}
        )

    def prompts_for(self, *fields: str) -> list[str]:
        """Return the prompts of the steps that asked for a field."""
        return [prompt for asked, prompt in self.prompts if set(fields) & set(asked)]


def answered(program: dspy.Module, coder: Coder, **inputs: Any) -> dspy.Prediction:
    """Answer one input with a scripted coder."""
    with dspy.context(lm=FakeLM(coder)):
        return program(**{**GIVEN, **inputs})
