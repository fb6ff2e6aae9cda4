"""The parts of the ask-answer-compose core: its settings, its pairs, and the signatures of its steps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import dspy
from dspy.adapters.utils import parse_value
from pydantic import TypeAdapter

from selftaught.errors import SettingError, nearest
from selftaught.programs.context import cleaned, short_text, short_texts
from selftaught.programs.given import texts
from selftaught.signatures import Task, derived, render

Ask = Literal["all", "next"]
Source = Literal["memory", "passages", "search", "questions"]
Sees = Literal["question", "input", "all"]
Final = Literal["compose", "last"]
ANSWERED, SUBQUESTION, PASSAGES, REPLY = "answered", "subquestion", "passages", "reply"
LONGEST_QUESTION = 200
_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and its answer. `source`: where the answer is from. `score`, `passed`: what a verifier said of it."""

    question: str
    answer: str
    source: str
    score: float | None = None
    passed: bool | None = None

    def __str__(self) -> str:
        return f"{self.question} {self.answer}".strip()


def checked(ask: str, source: str, sees: str, final: str, retriever: Any, samples: int, verifier: Any) -> None:
    """Refuse settings that make no sense alone or together.

    Raises:
        SettingError: one of them.
    """
    for name, value, kind in (("ask", ask, Ask), ("source", source, Source), ("sees", sees, Sees), ("final", final, Final)):
        if value not in get_args(kind):
            raise SettingError(f"{name}={value!r}: expected one of {', '.join(map(repr, get_args(kind)))}.")
    if (retriever is not None) != (source in ("passages", "search")):
        raise SettingError(f"source={source!r}, retriever={retriever!r}: the sources 'passages' and 'search' need a retriever, the others take none.")  # fmt: skip
    if verifier is None and samples != 1:
        raise SettingError(f"samples={samples!r}: only a verifier can choose from several answers; give verifier too.")


@dataclass(frozen=True, slots=True)
class Template:
    """A question with inputs to fill in."""

    text: str

    @property
    def fields(self) -> list[str]:
        """The names of the inputs that are filled in."""
        return _FIELD.findall(self.text)

    def __call__(self, inputs: Mapping[str, Any]) -> str:
        """Return the question about one input."""
        return _FIELD.sub(lambda found: render([found[1]], inputs), self.text)


def templates(task: Task, given: Sequence[str]) -> list[Template]:
    """Return given questions, to be filled in for an input.

    Raises:
        SettingError: no list of texts, an empty question, or a field that is no input.
    """
    questions = texts("given", given)
    for number, question in enumerate(questions):
        if not question:
            raise SettingError(f"given[{number}] is empty: expected a question.")
        for name in Template(question).fields:
            if name not in task.input_fields:
                raise SettingError(f"given[{number}] has {{{name}}}: no input of the task{nearest(name, task.input_fields)}; it has {list(task.input_fields)}.")  # fmt: skip
    return [Template(question) for question in cleaned(questions)]


def only_question(text: str) -> str:
    """Return a question up to its question mark: what a small model writes behind it is its own answer."""
    asked, mark, _ = text.partition("?")
    return asked + mark


def texts_of(inputs: Mapping[str, Any]) -> list[str]:
    """Return each input as text."""
    return [render([name], inputs) for name in inputs]


def as_output(task: Task, text: str) -> dict[str, Any] | None:
    """Return a text as the task's only output; None where there are several, or it is no value of it."""
    if len(task.output_fields) != 1:
        return None
    ((name, field),) = task.output_fields.items()
    try:
        return {name: TypeAdapter(field.rebuild_annotation()).validate_python(parse_value(text, field.annotation))}
    except (ValueError, TypeError):
        return None


def questions_of(task: Task, least: int, most: int, instruction: str | None = None) -> Task:
    """Return the signature of a step that asks: task inputs -> `questions`."""
    count = f"{least} to {most} questions" if least < most else "one question" if most == 1 else f"{most} questions"
    asked = {"questions": short_texts("short questions", least=least, most=most, longest=LONGEST_QUESTION)}
    return derived(task, "Ask", f"{instruction or SPLIT_THE_PROBLEM} Write {count}, in the order to answer them.", {}, asked)


def follow_up_of(task: Task) -> Task:
    """Return the signature of a step that asks one question more: task inputs, `answered` -> `needed`, `subquestion`."""
    given = {ANSWERED: (list[str], dspy.InputField(desc="what was asked before, with answers", default=[]))}
    needed = (Literal["yes", "no"], dspy.OutputField(desc="is one more fact needed?"))
    question = short_text("the next short question, which can be understood alone", LONGEST_QUESTION)
    return derived(task, "FollowUp", ASK_THE_NEXT, given, {"needed": needed, SUBQUESTION: question})


def part_of(task: str | Task, *, sees: Sees = "question", source: Source = "memory") -> Task:
    """Return the signature of a step that answers a question: `subquestion` -> `reply`, with what else it sees.

    Args:
        task: what the question belongs to.
        sees: the question alone, the task's inputs too, or `"all"`: `answered` as well.
        source: from `"passages"` it sees these.
    """
    question = {SUBQUESTION: (str, dspy.InputField(desc="the question to answer"))}
    passages = {PASSAGES: (list[str], dspy.InputField(desc="what was found", default=[]))} if source == "passages" else {}
    how = ANSWER_FROM_PASSAGES if source == "passages" else ANSWER_THE_QUESTION
    asked = {REPLY: short_text("one short sentence or value")}
    if sees == "question":
        return dspy.make_signature({**passages, **question, **asked}, how, "Reply")
    earlier = (list[str], dspy.InputField(desc="earlier questions, with answers", default=[]))
    answered = {ANSWERED: earlier} if sees == "all" else {}
    return derived(task, "Reply", f"{how} {ONLY_THE_QUESTION}", {**answered, **passages, **question}, asked)


SPLIT_THE_PROBLEM = "Write the smaller questions whose answers together solve the task. Each must be clear when it is read alone. Do not answer them."
ASK_THE_NEXT = (
    "Decide whether one more fact is needed before the task can be done. If so, ask for it in one simple question. "
    "Do not ask what is answered already."
)
ANSWER_THE_QUESTION = "Answer the question."
ANSWER_FROM_PASSAGES = "Answer the question with what the passages say. Where they do not say it, answer from what you know."
ONLY_THE_QUESTION = "It is one part of a larger task: answer only this question."
