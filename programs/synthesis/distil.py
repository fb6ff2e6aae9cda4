"""System 2 distillation (068; Yu et al., 2024): what a slow program says again and again, as answers to the bare input.

For a program of many calls that works and is too slow, and for inputs without labels. Serial work, such as long calculations,
does not become a single call this way; and what the program is consistently wrong about is kept.

1. Run the program `samples` times on each input; what it wrote on the way is not kept.
2. Keep the majority's answer where its share is at least `least_share`.
3. With `perturb`, run it also on a changed input whose answer must be the same; keep only what it gives there too.
4. One row an input: the bare input, and the answer.

Departures: (1) the changed input is asked as often as the input itself. (2) The shares of the paper differ by task; three of
four is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dspy

from selftaught.programs.base import Calls
from selftaught.programs.compose.fields import stage_of
from selftaught.programs.synthesis.candidates import CANDIDATES, Answers, Sampled, candidates_of
from selftaught.programs.synthesis.outcome import Synthesized
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION, SampleVerifyKeep
from selftaught.programs.synthesis.stages import Change, Out, Stage
from selftaught.registry import method
from selftaught.signatures import Task, as_task, output_names

Perturb = Callable[[dict[str, Any]], dict[str, Any]]


@method(68, "system2-distillation", family="self-training", missing="training")
class Distilled(SampleVerifyKeep):
    """Keep the answers that a slow program agrees with itself on.

    A row holds the task's inputs and outputs, and what `SampleVerifyKeep` says; no reasoning.

    Args:
        examples: dictionaries or examples with the task's inputs; labels are not read.
        task: what is answered; the program's by default.
        program: the slow program; reasoning first by default.
        samples: how often it is asked.
        temperature: of the samples.
        least_share: of the answers, from 0 to 1, that must be the same.
        perturb: `inputs -> inputs` that must not change the answer, such as another order of options.
        batch: inputs a round.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task | None = None, *, program: dspy.Module | None = None,
        samples: int = 8, temperature: float = 0.7, least_share: float = 0.75, perturb: Perturb | None = None, batch: int = 64,
    ) -> None:  # fmt: skip
        task = as_task(task or QUESTION) if task or program is None else task_of(program)
        super().__init__(
            examples, task, sampler=program, samples=samples, temperature=temperature, verify="vote", least_share=least_share,
            most=1,
            batch=batch,
        )  # fmt: skip
        self.parts.insert(1, Change(lambda row: _plain(row, output_names(task)), "plain"))
        if perturb is not None:
            self.parts.insert(3, Unmoved(task, self.parts[0], perturb))


class Unmoved(Stage):
    """Drops a row whose majority is another one on a changed input.

    Args:
        task: what is answered.
        sampled: draws the answers.
        perturb: changes an input.
    """

    def __init__(self, task: Task, sampled: Sampled, perturb: Perturb) -> None:
        super().__init__()
        self.answers, self.sampled, self.perturb, self.name = Answers(task), sampled, perturb, "perturb"

    async def run(self, row: Row) -> Sequence[Out]:
        """Ask about the changed input."""
        changed = Row(self.perturb(self.answers.given(row)), row.origin)
        (found,) = await self.sampled.run(changed)
        if isinstance(found, Row) and self._most(found) == self._most(row):
            return [row]
        return [Rejected(row, self.name, "another answer to a changed input")]

    def _most(self, row: Row) -> str:
        shares = self.answers.shares(candidates_of(row))
        return max(shares, key=lambda key: shares[key], default="")

    def cost(self) -> Calls:
        """Return the calls of one row."""
        return self.sampled.cost()


def distil(
    program: dspy.Module, rows: Sequence[Mapping[str, Any]], *, samples: int = 8, temperature: float = 0.7,
    least_share: float = 0.75, perturb: Perturb | None = None, count: int | None = None, **run: Any,
) -> Synthesized:  # fmt: skip
    """Return what a slow program answers consistently, as rows to train a single call on.

    Args:
        program: any program or predictor.
        rows: dictionaries or examples with its inputs; labels are not read. None of them should be an example of your evaluation.
        samples, temperature, least_share, perturb: see `Distilled`.
        count: rows wanted; None goes through all inputs.
        run: further settings of `Pipeline.run`, such as `run_dir` or `budget`.

    The summary tells the share of inputs that was kept, and how many had too little agreement.
    """
    made = Distilled(rows, program=program, samples=samples, temperature=temperature, least_share=least_share, perturb=perturb)
    return made.run(count, **run)


def task_of(program: dspy.Module) -> Task:
    """Return the task that a program carries out."""
    stage_of(program)  # says what is wrong with a module whose task cannot be known
    return as_task(getattr(program, "task", None) or getattr(program, "signature", None) or program.predictors()[0].signature)


def _plain(row: Row, names: Sequence[str]) -> Row:
    """Return a row whose candidates hold the answer and nothing on the way to it."""
    bare = [{**one, "said": {name: one["said"][name] for name in names}} for one in row[CANDIDATES]]
    return row.with_values(**{CANDIDATES: bare})
