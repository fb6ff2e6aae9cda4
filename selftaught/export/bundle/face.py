"""What callers see of an exported file: typed functions, a typed answer, and the command."""

from __future__ import annotations

import keyword
from collections.abc import Callable
from typing import Any

from selftaught.errors import ExportError
from selftaught.export.bundle.layout import Node, quoted_line, written
from selftaught.export.bundle.provided import RUNTIME
from selftaught.export.bundle.types import Types

JUDGED: dict[str, Any] = {"score": float | None, "passed": bool | None, "reasons": str}
"""What a judge answers, whatever its task."""


class Face:
    """The inputs and outputs of a program, with their types.

    Args:
        program: what is exported.
        types: writes the types.

    Raises:
        ExportError: an input has the name of a word of Python.
    """

    def __init__(self, program: Any, types: Types) -> None:
        task = getattr(program, "task", None) or program.signature
        required = (
            program.accepts()
            if hasattr(program, "accepts")
            else {name: one.is_required() for name, one in task.input_fields.items()}
        )
        self.name = type(program).__name__
        self.about = (type(program).__doc__ or "").strip().split("\n")[0].replace("\\", "").replace('"', "'")
        self.answer = "Output" if "Answer" in types.classes else "Answer"
        self.required = required
        self.inputs: dict[str, Node] = {}
        for name in required:
            if keyword.iskeyword(name) or not name.isidentifier():
                raise ExportError(f"The input {name!r} cannot be the name of an argument in Python. Rename the field.")
            self.inputs[name] = types.kind(task.fields[name].annotation if name in task.fields else str, f"The input {name!r}")[0]
        outputs = (
            JUDGED if hasattr(program, "reads_reference") else {name: one.annotation for name, one in task.output_fields.items()}
        )
        self.outputs = {
            name: types.kind(kind, f"The output {name!r}")[0]
            for name, kind in outputs.items()
            if name.isidentifier() and not keyword.iskeyword(name)
        }

    def docstring(self, version: str) -> str:
        """Return what the file says of itself."""
        handed = ", ".join(f"{name}=..." for name in self.inputs)
        given = " ".join(f"--input {name}=..." for name in self.inputs)
        return ABOUT.format(name=self.name, about=self.about, version=version, given=given, handed=handed)

    def text(self, named: Callable[[str], str]) -> str:
        """Return the functions, the class of the answer, and the command."""
        parts = ", ".join(
            f"{name}: {written(kind, named)}" + ("" if self.required[name] else f" = {named(RUNTIME + '.kinds:NOTHING')}")
            for name, kind in self.inputs.items()
        )
        handed = ", ".join(f"{name}={name}" for name in self.inputs)
        inputs = handed if all(self.required.values()) else f"**{named(RUNTIME + '.command:given')}({handed})"
        outputs = "\n".join(f"    {name}: {written(kind, named)}" for name, kind in self.outputs.items())
        fields = ", ".join(f"{quoted_line(name)}: {written(kind, named)}" for name, kind in self.inputs.items())
        prediction, run, finished = (
            named(f"{RUNTIME}.{one}") for one in ("values:Prediction", "command:run", "command:finished")
        )
        return FACE.format(
            answer=self.answer, outputs=outputs, parts=parts, handed=handed, inputs=inputs, fields=fields, prediction=prediction, run=run, finished=finished,
            exit=named("sys:") + ".exit", about=quoted_line(f"{self.name}, exported by selftaught."),
        )  # fmt: skip


FACE = '''
class {answer}({prediction}):
    """What is answered: the outputs of the task, by name; what else the method tells is there by name too."""

{outputs}


async def aanswer(*, {parts}) -> {answer}:
    """Answer one input."""
    return {answer}(await PROGRAM.acall({inputs}))


def answer(*, {parts}) -> {answer}:
    """Answer one input, from synchronous code."""
    return {finished}(aanswer({handed}))


if __name__ == "__main__":
    {exit}({run}(answer, {{{fields}}}, {about}))
'''
ABOUT = '''"""{name}: {about}

Made by selftaught {version} from a program as it was compiled. It needs Python 3.11 and nothing else.

Say which model: OPENAI_BASE_URL (an OpenAI-compatible URL such as http://127.0.0.1:8000/v1), OPENAI_MODEL, and
OPENAI_API_KEY where the server wants one. Nothing but this URL is contacted.

On the command line:   python answer.py {given}
From a program:        from answer import answer; answer({handed})
Asynchronously:        await aanswer({handed})

The prompts and the demonstrations stand near the end, under "The program".
"""'''
