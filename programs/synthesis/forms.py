"""LMSI's rows (163; J. Huang et al., 2022): every rationale that reaches the vote's answer, in one of four forms.

For questions without labels and with short answers, where the vote is mostly right and one call is wanted instead of many.

1. Sample rationales, vote, keep every rationale that gives the majority's answer (`SampleVerifyKeep`).
2. Give each one of four forms, in turn: with worked examples or without, and with its reasoning or the answer alone; so that
   no one style of prompt is learned by heart. Without `demos` there are the two forms without examples.

Departures: (1) the forms go round instead of being drawn, so the four are as frequent as can be. (2) The sampler sees the worked
examples only where it is given some (`demos`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from selftaught.errors import DataError
from selftaught.programs.reason import REASONING, Reasoned
from selftaught.programs.synthesis.candidates import Answers
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION, SampleVerifyKeep
from selftaught.programs.synthesis.stages import Change
from selftaught.registry import method
from selftaught.signatures import Task, render

FORMS = ("examples, reasoning", "examples, answer", "reasoning", "answer")
THINK = "Think step by step."


@method(163, "lmsi-rows", family="self-training", missing="training", samples=32)
class VotedRationales(SampleVerifyKeep):
    """Vote, and write each rationale of the majority as a prompt and a completion.

    A row holds what `SampleVerifyKeep` says, and `form`, `prompt` and `completion`; `share` is the vote's confidence.

    Args:
        examples: dictionaries or examples with the task's inputs; labels are not read.
        task: what is answered.
        demos: worked examples with the task's fields and `reasoning`.
        samples: answers drawn to each input; 1 distils the plain answer.
        temperature: of them.
        least_share: of the readable answers, that the majority must have.
        batch: inputs a round.

    Raises:
        DataError: a worked example without a field.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *, demos: Sequence[Mapping[str, Any]] = (),
        samples: int = 32, temperature: float = 0.7, least_share: float = 0.0, batch: int = 64,
    ) -> None:  # fmt: skip
        sampler = Reasoned(task)
        super().__init__(
            examples, task, sampler=sampler, samples=samples, temperature=temperature, verify="vote", least_share=least_share,
            batch=batch
        )  # fmt: skip
        sampler.generate.demos = [dict(one.items()) for one in demos]
        self.parts.append(Change(Forms(task, sampler.generate.demos), "form"))


class Forms:
    """Writes a row as a prompt and a completion, in one of four forms.

    Args:
        task: whose fields the rows hold.
        demos: worked examples.
    """

    def __init__(self, task: str | Task, demos: Sequence[Mapping[str, Any]] = ()) -> None:
        self.answers, self.demos = Answers(task), list(demos)
        wanted = [*self.answers.inputs, *self.answers.outputs, REASONING]
        for number, one in enumerate(self.demos):
            if lacking := [name for name in wanted if name not in one]:
                raise DataError(f"demos[{number}] has no {lacking[0]!r}. A worked example has {wanted}.")
        self.forms = FORMS if self.demos else FORMS[2:]

    def __call__(self, row: Row) -> Row:
        """Return the row with its form, prompt and completion."""
        form = self.forms[sum(row.origin.place) % len(self.forms)]
        reasons = form.endswith("reasoning")
        shown = [f"{self.question(one)}\n{self.answer(one, reasons)}" for one in self.demos if form.startswith("examples")]
        asked = self.question(row.values) + (f"\n{THINK}" if form == "reasoning" else "")
        return row.with_values(form=form, prompt="\n\n".join([*shown, asked]), completion=self.answer(row.values, reasons))

    def question(self, values: Mapping[str, Any]) -> str:
        """Return an input as text."""
        return render(self.answers.inputs, values)

    def answer(self, values: Mapping[str, Any], reasons: bool) -> str:
        """Return an answer as text, with its reasoning or alone."""
        return self.answers.text(values if reasons else {name: values[name] for name in self.answers.outputs})
