"""Dispatchers: which expert does an input go to?

`Asked`: a model names the expert.   `Near`: the expert whose texts are most like the input.
`Learned` (in a file of its own): the expert that did best on inputs like this one.

A dispatcher that cannot say returns None; the program then takes its fallback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

import dspy

from selftaught.embedding import Encoder, text_of
from selftaught.errors import AnswerError, SettingError
from selftaught.programs.base import Calls, Rebuildable
from selftaught.programs.retrieve.corpus import Corpus
from selftaught.programs.step import Step
from selftaught.signatures import Task, as_task, derived

V = TypeVar("V")
Named: TypeAlias = Mapping[str, V] | Sequence[Sequence[Any]]
"""Values by name: a dictionary, or pairs of a name and a value."""


class Dispatcher(Rebuildable, dspy.Module):
    """Base of dispatchers. A subclass writes `choose`.

    Args:
        task: what the experts do.
        experts: name of each -> what it is for; a dictionary, or pairs.

    Raises:
        SettingError: no expert, or one without a description.
    """

    def __init__(self, task: str | Task, experts: Named[str]) -> None:
        super().__init__()
        self.task, self.experts = as_task(task), named("experts", experts, str, "what it is for, as text")
        if empty := [name for name, text in self.experts.items() if not text]:
            raise SettingError(f"experts[{empty[0]!r}] is empty: say what it is for.")
        self.arguments.values["experts"] = [list(pair) for pair in self.experts.items()]  # an artifact keeps no order of keys

    async def choose(self, inputs: dict[str, Any]) -> str | None:
        """Return the name of an expert, or None."""
        raise NotImplementedError

    def cost(self) -> Calls:
        """Return the calls of one choice."""
        return Calls(0, 0)


class Asked(Dispatcher):
    """A model reads the input and names the expert; None where its answer cannot be read.

    Args:
        task: what the experts do. It has no field named `choices` or `choice`.
        experts: name -> what it is for.

    Attributes:
        select: the step that names one. Its demonstrations hold the task's inputs, and the right `choice`.
    """

    def __init__(self, task: str | Task, experts: Named[str]) -> None:
        super().__init__(task, experts)
        self.select = Step(choice_of(self.task, NAME_THE_EXPERT, list(self.experts)))

    async def choose(self, inputs: dict[str, Any]) -> str | None:
        """Ask for the expert."""
        try:
            return (await self.select.acall(**inputs, choices=listing(self.experts))).choice
        except AnswerError:
            return None

    def cost(self) -> Calls:
        """Return that a choice takes one call."""
        return Calls(1, 1)


class Near(Dispatcher):
    """The expert whose description, or one of whose examples, is most like the input; the first of equals. No call.

    Args:
        task: what the experts do.
        experts: name -> what it is for.
        examples: name -> texts like its inputs; without them descriptions alone are compared, which is rough.
        least: cosine below which an input belongs to none.
        encoder: see `selftaught.embedding`; with one of your own the program cannot be saved.

    Raises:
        SettingError: examples of an expert that is none.
    """

    def __init__(
        self, task: str | Task, experts: Named[str], *, examples: Mapping[str, Sequence[str]] | None = None,
        least: float = 0.0, encoder: Encoder | None = None,
    ) -> None:  # fmt: skip
        super().__init__(task, experts)
        if unknown := sorted(set(examples or {}) - set(self.experts)):
            raise SettingError(f"examples: there is no expert {unknown[0]!r}; there are {sorted(self.experts)}.")
        texts = [(name, text) for name in self.experts for text in [self.experts[name], *(examples or {}).get(name, [])]]
        self.owners, self.least = [name for name, _ in texts], least
        self.corpus = Corpus([text for _, text in texts], encoder)

    async def choose(self, inputs: dict[str, Any]) -> str | None:
        """Compare the input with every expert's texts."""
        likeness = self.corpus.similar(text_of(self.task, inputs))
        best = int(likeness.argmax())
        return self.owners[best] if likeness[best] > self.least else None


def named(argument: str, values: Any, kind: type | tuple[type, ...], what: str) -> dict[str, Any]:
    """Return values by name, in the order given, from a dictionary or pairs.

    Raises:
        SettingError: there is none, or one is not of this kind.
    """
    pairs = list(values.items()) if isinstance(values, Mapping) else values
    if not isinstance(pairs, Sequence) or isinstance(pairs, str) or not pairs:
        raise SettingError(f"{argument}={values!r}: expected a dictionary with at least one name, and for each {what}.")
    for pair in pairs:
        if (
            isinstance(pair, str)
            or not isinstance(pair, Sequence)
            or len(pair) != 2
            or not isinstance(pair[0], str)
            or not isinstance(pair[1], kind)
        ):
            raise SettingError(f"{argument}: {pair!r}: expected a name, and {what}.")
    return dict(pairs)


def choice_of(task: Task, instruction: str, names: Sequence[str], more: Mapping[str, str] | None = None) -> Task:
    """Return the signature of a step that names one of several: task inputs, `choices` (and `more` texts) -> `choice`.

    Raises:
        TaskError: the task has a field of one of these names.
    """
    given = {name: (str, dspy.InputField(desc=text)) for name, text in (more or {}).items()}
    given["choices"] = (str, dspy.InputField(desc="what there is to choose from, and what each is for"))
    asked = dspy.OutputField(desc="the name of the one that suits this input best")
    return derived(task, "Choice", instruction, given, {"choice": (Literal[tuple(names)], asked)})


def listing(experts: Mapping[str, str]) -> str:
    """Return names with what they are for, a line each."""
    return "\n".join(f"{name}: {text}" for name, text in experts.items())


NAME_THE_EXPERT = (
    "Do not answer the input. Decide what kind of input it is, and name the choice whose way of working suits it best."
)
