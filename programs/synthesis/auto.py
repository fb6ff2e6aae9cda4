"""A trainset for any task from a handful of examples: `st.synthesis.auto(task, examples, 50)`.

For tuning where three to ten examples are all there is. The labels are the model's own: they teach form and habit, and no more
knowledge than the model has. Confirm on examples that a person labelled.

1. Propose: show some examples and some new inputs, ask for others. Where an output has a few fixed values, ask for inputs to which
   the value that is rarest so far is the right answer, so that labels come out even.
2. Novelty: drop an input that is near an example or an input that was kept.
3. Label: the task's own program answers, with the examples as demonstrations. Where answers are short and can be compared, it
   answers `votes` times and the most frequent answer is the label; otherwise it answers once.
4. Verify: drop a row on whose label too few of the votes agree; without votes, one that a judge scores too low.
5. Report the coverage: how even the labels are, how diverse the inputs, how near to the examples.

An example never comes out, whatever the model proposes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dspy

from selftaught.budget import Budget
from selftaught.novelty import NoveltyFilter
from selftaught.programs.judge import Verify
from selftaught.programs.judge.base import Judge
from selftaught.programs.normalise import answer_key
from selftaught.programs.synthesis.coverage import Coverage, Trainset, coverage_of
from selftaught.programs.synthesis.labelling import Label, checked, comparable, labeller
from selftaught.programs.synthesis.pipeline import Part, Pipeline
from selftaught.programs.synthesis.propose_inputs import InputDraws, Inputs, steered, typed
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Gate, Judged
from selftaught.programs.vote.decline import share
from selftaught.signatures import Task, as_task, input_names, render
from selftaught.store import fingerprint

__all__ = ["AutoTrainset", "Coverage", "Trainset", "auto"]


def auto(
    task: str | Task, examples: Sequence[dspy.Example | Mapping[str, Any]], count: int, *, run_dir: str | Path | None = None,
    budget: Budget | None = None, seed: int = 0, progress: bool | None = None, **settings: Any,
) -> Trainset:  # fmt: skip
    """Return new labelled examples of a task.

    Args:
        task: what the examples are of.
        examples: a handful; those with all outputs are shown to the labelling program too. They do not come out.
        count: how many to make.
        run_dir: where rows, reasons and answers are kept; the same call continues there.
        budget: a ceiling; what was made until then is returned.
        seed: of the draws.
        progress: show a bar; by default on a terminal.
        settings: see `AutoTrainset`.

    Raises:
        InputError: an example lacks an input of the task. SettingError: no example, or a setting that is none.
    """
    pipeline = AutoTrainset(task, examples, **settings)
    return pipeline.trainset(pipeline.run(count, run_dir=run_dir, budget=budget, seed=seed, progress=progress))


class AutoTrainset(Pipeline):
    """Write inputs like the examples, and label them. Rows hold the task's fields, and as a score `agreement` or the judge's.

    Args:
        task: what the examples are of.
        examples: at least one, with all inputs of the task.
        program: labels; one plain step with the examples as demonstrations by default.
        votes: answers for a label; None takes 5 where answers are short and can be compared, and otherwise 1.
        judge: verifies; where there is one answer only, the model itself by default, asked both ways.
        least: the share of votes, or the judge's score, from 0 to 1, from which a row is kept.
        novelty: the highest ROUGE-L F with an example or an earlier input.
        shown: examples shown to a proposal.
        machine: new inputs shown beside them at most.
        proposals: inputs asked for at a time.
        batch: proposals a round.
        temperature: of the proposals.
        propose: writes the inputs in place of our step; a predictor with the same fields.
    """

    def __init__(
        self, task: str | Task, examples: Sequence[dspy.Example | Mapping[str, Any]], *, program: dspy.Module | None = None,
        votes: int | None = None, judge: Judge | None = None, least: float = 0.6, novelty: float = 0.7, shown: int = 5,
        machine: int = 2, proposals: int = 4, batch: int = 2, temperature: float = 0.8, propose: dspy.Module | None = None,
    ) -> None:  # fmt: skip
        self.task = as_task(task)
        self.examples = checked(self.task, examples)
        samples = votes if votes is not None else 5 if comparable(self.task, self.examples) else 1
        label = labeller(self.task, self.examples, program, samples)
        verify = judge or (Verify(self.task) if samples == 1 else None)
        parts: list[Part] = [
            Inputs(self.task, proposals, temperature, self.examples, propose),  # 1
            NewInputs(self.task, novelty),  # 2
            Label(self.task, label, share("least", least)),  # 3, 4
            *([Judged(verify, least=least, name="verify")] if verify is not None else []),  # 4
        ]  # fmt: skip
        source = InputDraws(self.task, self.examples, shown=shown, machine=machine, batch=batch)
        super().__init__(source, parts, seeds=[Row(one) for one in self.examples])
        self.settings = {"votes": samples, "least": least, "novelty": novelty, "shown": shown, "machine": machine,
                         "proposals": proposals, "batch": batch, "temperature": temperature}  # fmt: skip

    def described(self) -> dict[str, Any]:
        """Return what defines this pipeline besides its parts."""
        return {**super().described(), **self.settings, "examples": fingerprint(self.examples), "task": self.task.instructions}

    def trainset(self, made: Any) -> Trainset:
        """Return rows that this pipeline made as examples of the task, with their coverage."""
        rows = [typed(self.task, row.values) for row in made.rows]
        examples = [dspy.Example(**one).with_inputs(*input_names(self.task)) for one in rows]
        return Trainset(examples, self.task, made, coverage_of(self.task, made.rows, self.examples, steered(self.task)))


class NewInputs(Gate):
    """Lets an input through that is near to no example and to none that was let through before."""

    name = "novelty"

    def __init__(self, task: Task, threshold: float) -> None:
        self.names = input_names(task)
        self.filter = NoveltyFilter(threshold, unicode=True)
        self._seen: set[str] = set()

    def admit(self, row: Row) -> str:
        """Compare a row's inputs with all before."""
        key, text = answer_key(row.values, self.names), render(self.names, row.values)
        if key in self._seen:
            return "repeats an input"
        self._seen.add(key)
        return "" if self.filter.add(text) else f"ROUGE-L above {self.filter.threshold:g}"
