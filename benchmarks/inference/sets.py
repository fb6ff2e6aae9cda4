"""Six real sets, each a task with rows and a check that a program does: no model judges here."""

from __future__ import annotations

import ast
import json
import operator
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import dspy

from selftaught.loop import run_sync


class WordProblem(dspy.Signature):
    """Solve the problem. The answer is a number."""

    question: str = dspy.InputField()
    answer: float = dspy.OutputField()


class Choice(dspy.Signature):
    """Choose the best answer."""

    question: str = dspy.InputField()
    answer: Literal["A", "B", "C", "D", "E"] = dspy.OutputField()


class Request(dspy.Signature):
    """Do what is asked, exactly."""

    request: str = dspy.InputField()
    response: str = dspy.OutputField()


class Reading(dspy.Signature):
    """Answer the question from the passage, in a few words."""

    passage: str = dspy.InputField()
    question: str = dspy.InputField()
    answer: str = dspy.OutputField()


class Equation(dspy.Signature):
    """Write the arithmetic expression that is asked for, such as (3 + 4) * 2, without the result."""

    question: str = dspy.InputField()
    expression: str = dspy.OutputField()


class Function(dspy.Signature):
    """Complete the Python function. Give the whole function."""

    problem: str = dspy.InputField()
    code: str = dspy.OutputField(desc="Python code")


@dataclass(frozen=True, slots=True)
class Set:
    """A set: its file, its task, how a row becomes inputs and label, and when an answer is right (0 or 1)."""

    file: str
    task: type[dspy.Signature]
    example: Callable[[dict[str, Any]], dict[str, Any]]
    right: Callable[[Any, Any], float]

    def rows(self, folder: Path, count: int) -> list[dspy.Example]:
        """Return the first rows, which are in random order."""
        lines = (folder / self.file).read_text(encoding="utf-8").splitlines()[:count]
        return [dspy.Example(**self.example(json.loads(line))).with_inputs(*self.task.input_fields) for line in lines]

    def examples(self, folder: Path, count: int) -> list[dspy.Example]:
        """Return solved examples, from the end of the file, with their labels under the task's outputs."""
        lines = (folder / self.file).read_text(encoding="utf-8").splitlines()[-count:]
        rows = [self.example(json.loads(line)) for line in lines]
        (output,) = self.task.output_fields
        return [
            dspy.Example(**row, **({} if output in row else {output: _label(row)})).with_inputs(*self.task.input_fields)
            for row in rows
        ]


def _label(row: dict[str, Any]) -> str:
    """Return a right answer where the row holds it under another name; an empty text where it holds none."""
    return str(row["answers"][0]) if "answers" in row else ""


def same_number(gold: Any, found: Any, trace: Any = None) -> float:
    """True for the labelled number."""
    return float(abs(float(found.answer) - float(gold.answer)) < 1e-3)


def same_letter(gold: Any, found: Any, trace: Any = None) -> float:
    """True for the labelled letter."""
    return float(found.answer == gold.answer)


def obeys(gold: Any, found: Any, trace: Any = None) -> float:
    """True where all constraints that can be checked are satisfied (IFEval, strict)."""
    from selftaught.programs.judge.constraints import from_ifeval

    checks = from_ifeval(gold.row, unchecked="leave out")
    return float(all(one.check(found.response) for one in checks))


def one_of(gold: Any, found: Any, trace: Any = None) -> float:
    """True where the answer equals a labelled one, without case, articles and punctuation."""
    return float(_plain(found.answer) in {_plain(one) for one in gold.answers})


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9. ]", " ", re.sub(r"\b(a|an|the)\b", " ", str(text).lower())).strip(" .").split())


OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip


def reaches(gold: Any, found: Any, trace: Any = None) -> float:
    """True where the expression uses only the given numbers, each at most as often as given, and has the target as its value."""
    text = str(found.expression).split("=")[0].replace("×", "*").replace("÷", "/")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        value, used = _value(tree), [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    except (SyntaxError, ValueError, ZeroDivisionError, TypeError, RecursionError, OverflowError):
        return 0.0
    return float(abs(value - gold.target) < 1e-6 and not Counter(used) - Counter(gold.numbers))


def _value(node: ast.AST) -> float:
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    raise ValueError("not an expression of whole numbers")


def passes(gold: Any, found: Any, trace: Any = None) -> float:
    """True where the code passes the labelled tests in the sandbox."""
    from selftaught.sandbox import Limits, default

    code = f"{found.code}\n\n{gold.test}\n\ncheck({gold.entry_point})\nprint('all passed')\n"
    ran = run_sync(lambda: default().run(code, limits=Limits(seconds=5.0)))
    return float(ran.returncode == 0 and ran.stdout.rstrip().endswith("all passed"))


def _choices(row: dict[str, Any]) -> str:
    return "\n".join([row["question"], *(f"{letter}: {text}" for letter, text in row["choices"].items())])


SETS = {
    "multiarith": Set("multiarith.jsonl", WordProblem, lambda row: {"question": row["question"], "answer": row["answer"]}, same_number),
    "commonsense": Set("commonsenseqa.jsonl", Choice, lambda row: {"question": _choices(row), "answer": row["answer"]}, same_letter),
    "ifeval": Set("ifeval.jsonl", Request, lambda row: {"request": row["prompt"], "row": row}, obeys),
    "drop": Set("drop.jsonl", Reading, lambda row: {"passage": row["passage"], "question": row["question"], "answers": row["answers"]}, one_of),
    "countdown": Set("countdown.jsonl", Equation, lambda row: {"question": row["question"], "numbers": row["numbers"], "target": row["target"]}, reaches),
    "mbpp": Set("mbpp_sanitized.jsonl", Function, lambda row: {"problem": row["prompt"], "test": row["test"], "entry_point": row["entry_point"]}, passes),
}  # fmt: skip
