"""Candidates: the answers that were drawn for a row, and what is known of each. They travel with the row under `candidates`.

A candidate is plain data, so that a rejected row can be read with all that was drawn for it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json

from selftaught.errors import DataError, SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.given import listed
from selftaught.programs.normalise import answer_key, normalise
from selftaught.programs.reason import REASONING, Reasoned
from selftaught.programs.sampling import at_least
from selftaught.programs.search.likelihood import LOGPROB, TOKENS
from selftaught.programs.step import Predict
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Out, Rows, Stage
from selftaught.programs.vote.ways import Way, ask, ballots_in, spread, temperatures_of, turns_of
from selftaught.signatures import Task, as_task, input_names, output_names, render

CANDIDATES, OWN = "candidates", "own"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer to a row's input.

    `said`: the task's outputs, and `reasoning` where there is one. `source`: who gave it. `right` and `score`: what a check
    found, None where it could not tell. `loss`: mean negative log-probability of a token, where the model told. `shown`: what
    else than the input it was made from.
    """

    said: dict[str, Any]
    source: str = OWN
    right: bool | None = None
    score: float | None = None
    reasons: str = ""
    loss: float | None = None
    shown: dict[str, Any] = field(default_factory=dict)


class Answers:
    """How the answers to a task are taken from rows and predictions, compared, and shown."""

    def __init__(self, task: str | Task) -> None:
        self.task = as_task(task)
        self.inputs, self.outputs = input_names(self.task), output_names(self.task)

    def given(self, row: Row) -> dict[str, Any]:
        """Return the task's inputs of a row."""
        return {name: row[name] for name in self.inputs if name in row.values}

    def labels(self, row: Row) -> dict[str, Any] | None:
        """Return the right outputs of a row; None where one is missing."""
        found = {name: row.get(name) for name in self.outputs}
        return None if any(value is None for value in found.values()) else found

    def said(self, prediction: Mapping[str, Any] | dspy.Prediction) -> dict[str, Any]:
        """Return what a prediction says, as plain data."""
        names = [*(one for one in (REASONING,) if one in prediction and one not in self.outputs), *self.outputs]
        return {name: serialize_for_json(prediction[name]) for name in names}

    def key(self, said: Mapping[str, Any]) -> str:
        """Return the comparable form of an answer; empty for one that says nothing."""
        found = answer_key(said, self.outputs)
        return found if found.strip(" |") else ""

    def text(self, said: Mapping[str, Any]) -> str:
        """Return an answer as text: its reasoning, then the outputs by name, or the bare output where there is no reasoning."""
        if REASONING not in said or REASONING in self.outputs:
            return render(self.outputs, said)
        return "\n".join([str(said[REASONING]).strip(), *(f"{name}: {render([name], said)}" for name in self.outputs)])

    def shares(self, candidates: Sequence[Candidate]) -> dict[str, float]:
        """Return each answer's share of the own candidates that can be read, in the order in which they were first given."""
        keys = [key for one in candidates if one.source == OWN and (key := self.key(one.said))]
        return {key: often / len(keys) for key, often in Counter(keys).items()}

    def distinct(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return the candidates without repetitions of an earlier text."""
        found: dict[str, Candidate] = {}
        for one in candidates:
            found.setdefault(normalise(self.text(one.said)), one)
        return list(found.values())


class Sampled(Stage):
    """Draws candidates for a row.

    Args:
        task: what is answered.
        sampler: answers; any program or predictor, or several, asked in turn. By default a step on the task, with its
            reasoning first.
        samples: answers drawn; a single one is the program's own, at its own temperature.
        temperature: of the samples, or several, taken in turn.
        reasoning: the default sampler reasons first.
        source: under which the candidates stand.
        name: of the stage.

    Raises:
        SettingError: no sampler, or a setting that is none.
    """

    def __init__(
        self, task: str | Task, sampler: dspy.Module | Sequence[dspy.Module] | None = None, *, samples: int = 8,
        temperature: float | Sequence[float] = 0.7, reasoning: bool = True, source: str = OWN, name: str = "sample",
    ) -> None:  # fmt: skip
        super().__init__()
        self.answers, self.source, self.name = Answers(task), source, name
        default = Reasoned(self.answers.task) if reasoning else Predict(self.answers.task)
        if isinstance(sampler, list | tuple):
            self.samplers = listed("sampler", sampler, dspy.Module, "modules")
        else:
            self.samplers = [default if sampler is None else sampler]
        if not self.samplers:
            raise SettingError("sampler=[]: expected at least one module.")
        self.samples, self.temperatures = at_least("samples", samples, 1), temperatures_of(temperature)

    async def run(self, row: Row) -> Sequence[Out]:
        """Draw for one row; a failed draw is missing, and where all fail the row does."""
        ways = spread([Way(one, self.answers.given(row)) for one in self.samplers], self.samples)
        drawn = ballots_in(await ask(turns_of(ways), self.temperatures))
        new = [Candidate(self.answers.said(one.prediction), self.source, loss=loss_of(one.prediction)) for one in drawn]
        return [with_candidates(row, [*candidates_of(row), *new])]

    def cost(self) -> Calls:
        """Return the calls of one row."""
        turns = (self.samplers[number % len(self.samplers)] for number in range(self.samples))
        return sum((cost_of(one) for one in turns), Calls(0, 0))


def examples_of(task: str | Task, examples: Sequence[Mapping[str, Any]], batch: int) -> Rows:
    """Return the source of examples, each with the task's inputs.

    Args:
        task: what is answered.
        examples: dictionaries or examples.
        batch: inputs a round.

    Raises:
        DataError: an example lacks an input. SettingError: there is none, or one is something else.
    """
    source = Rows(examples, batch=batch, name="examples")
    needed = [name for name, field in as_task(task).input_fields.items() if field.is_required()]
    for number, row in enumerate(source.rows):
        if lacking := [name for name in needed if row.get(name) is None]:
            raise DataError(f"examples[{number}] has no {lacking[0]!r}. The task needs {needed}; it has {sorted(row)}.")
    return source


def candidates_of(row: Row) -> list[Candidate]:
    """Return a row's candidates; none where nothing was drawn yet."""
    return [Candidate(**one) for one in row.get(CANDIDATES, ())]


def with_candidates(row: Row, candidates: Sequence[Candidate]) -> Row:
    """Return the row with these candidates."""
    return row.with_values(**{CANDIDATES: [asdict(one) for one in candidates]})


def loss_of(prediction: Any) -> float | None:
    """Return the mean negative log-probability of a prediction's tokens; None where it is not known."""
    logprob, tokens = prediction.get(LOGPROB), prediction.get(TOKENS)
    return -logprob / tokens if logprob is not None and tokens else None


def entropy_of(shares: Sequence[float]) -> float:
    """Return the entropy, in bits, of shares that add up to one."""
    return -math.fsum(share * math.log2(share) for share in shares if share > 0) + 0.0
