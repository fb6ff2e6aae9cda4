"""A record of mistakes (103; Tong et al., 2024, CoTErrorSet): a model's own wrong answers, explained and named, beside right ones.

For two things. `emit="mistakes"`: what `SelfRethinking` checks new answers against. `emit="tagged"`: rows to tune on, in which the
first line of the answer says whether what follows is right; tune on both, and begin the answer with the right tag when asking.

1. Sample answers with their reasoning to each labelled input, and compare them with the label.
2. Mistakes: explain each wrong one, with the right answer in view: what went wrong and why, and which kind of mistake it is.
   Tagged: pair each wrong one with a right one, so that an input has as many of the one as of the other.

Departures: (1) kinds are a fixed list, not clusters of reasons. (2) The right answer that is shown is the label, with the worked
answer in `rationale` where an example has one. (3) Where no sample is right, a tagged row takes the label, with its `rationale`; an
example with neither gives no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.branches import survivors
from selftaught.programs.given import texts
from selftaught.programs.judge.base import REFERENCE
from selftaught.programs.reason import REASONING
from selftaught.programs.reflect.mistakes import ERRORS, explain_of
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.candidates import Answers, Candidate, Sampled, candidates_of, examples_of
from selftaught.programs.synthesis.checks import GOLD, Check, Checked, Verify, labelled
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.registry import method
from selftaught.signatures import Task, as_task, render

RATIONALE, RIGHT_TAG, WRONG_TAG = "rationale", "[right]", "[wrong]"


@method(103, "mistake-record", family="reflect", missing="clustering the reasons", emit="mistakes")
@method(103, "mistake-tuning", family="self-training", missing="training", emit="tagged")
class MistakeRows(Pipeline):
    """Collect a model's wrong answers to labelled examples.

    A row of `"mistakes"` holds the task's inputs, `draft` (the wrong answer), `reference` (the right one), `reason` and `kind`: a list
    of `row.values` is what `SelfRethinking(mistakes=...)` takes. A row of `"tagged"` holds the inputs, `output` (the tag, then the
    answer) and `right`.

    Args:
        examples: dictionaries or examples with the task's inputs and outputs, perhaps with a worked answer in `rationale`.
        task: what is answered.
        sampler, samples, temperature, batch: see `SampleVerifyKeep`.
        verify: see `Check`; by the label by default.
        emit: `"mistakes"` or `"tagged"`.
        kinds: names of the kinds of mistakes.
        most: wrong answers kept of an input.
        tags: of a right and of a wrong answer.

    Raises:
        SettingError: a setting that is none. DataError: an example lacks its label.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *, sampler: dspy.Module | None = None,
        samples: int = 4, temperature: float = 0.7, verify: Verify = GOLD, emit: Literal["mistakes", "tagged"] = "mistakes",
        kinds: Sequence[str] = ERRORS, most: int = 2, tags: Sequence[str] = (RIGHT_TAG, WRONG_TAG), batch: int = 64,
    ) -> None:  # fmt: skip
        if emit not in ("mistakes", "tagged"):
            raise SettingError(f"emit={emit!r}: expected 'mistakes' or 'tagged'.")
        task, rows = as_task(task), examples_of(task, examples, batch)
        check = Check(task, verify)
        labelled(Check(task, GOLD), rows.rows)  # the right answer is shown, however answers are checked
        last = Explained(task, kinds, most) if emit == "mistakes" else Tagged(task, most, tags)
        super().__init__(rows, [Sampled(task, sampler, samples=samples, temperature=temperature), Checked(check, samples), last])


class Wrong(Stage):
    """Base of what is made of the wrong candidates of a row, each text once."""

    def __init__(self, task: Task, most: int) -> None:
        super().__init__()
        self.answers, self.most = Answers(task), at_least("most", most, 1)

    def wrong(self, row: Row) -> list[Candidate]:
        """Return the wrong candidates."""
        return self.answers.distinct([one for one in candidates_of(row) if one.right is False])[: self.most]

    def worked(self, row: Row) -> str:
        """Return the right answer as text, worked out where the row has a rationale."""
        label = {name: row[name] for name in self.answers.outputs}
        return (
            self.answers.text({REASONING: row[RATIONALE], **label}) if row.get(RATIONALE) else render(self.answers.outputs, label)
        )


class Explained(Wrong):
    """Explains the wrong candidates of a row; each becomes a row."""

    name = "explain"

    def __init__(self, task: Task, kinds: Sequence[str], most: int) -> None:
        super().__init__(task, most)
        if not (named := texts("kinds", kinds)):
            raise SettingError("kinds is empty: give the names of the kinds of mistakes.")
        self.explain = Step(explain_of(task, named))

    async def run(self, row: Row) -> Sequence[Out]:
        """Explain one row's mistakes; one whose call fails is missing."""
        if not (wrong := self.wrong(row)):
            return [Rejected(row, self.name, "no answer is wrong")]
        given, reference = self.answers.given(row), self.worked(row)
        shown = [{"draft": self.answers.text(one.said), REFERENCE: reference} for one in wrong]
        found = await survivors(self.explain.acall(**given, **one) for one in shown)
        return [
            row.split(number, {**given, **one, "reason": why.reason, "kind": why.kind})
            for number, (one, why) in enumerate(zip(shown, found, strict=True)) if why is not None
        ]  # fmt: skip

    def cost(self) -> Calls:
        """Return the calls of one row: none where nothing is wrong."""
        return (cost_of(self.explain) * self.most).optional()


class Tagged(Wrong):
    """Pairs the wrong candidates of a row with as many right ones, and tags both."""

    name = "tag"

    def __init__(self, task: Task, most: int, tags: Sequence[str]) -> None:
        super().__init__(task, most)
        self.tags = texts("tags", tags)
        if len(set(self.tags)) != 2:
            raise SettingError(f"tags={tags!r}: expected two different texts, for right and for wrong answers.")

    async def run(self, row: Row) -> Sequence[Out]:
        """Pair and tag one row's candidates."""
        if not (wrong := self.wrong(row)):
            return [Rejected(row, self.name, "no answer is wrong")]
        right = [self.answers.text(one.said) for one in self.answers.distinct([one for one in candidates_of(row) if one.right])]
        if not right:
            if not row.get(RATIONALE):
                return [Rejected(row, self.name, "no answer is right, and there is no rationale")]
            right = [self.worked(row)]
        pairs = zip(right, [self.answers.text(one.said) for one in wrong], strict=False)
        said = [(text, is_right) for pair in pairs for text, is_right in zip(pair, (True, False), strict=True)]
        return [row.split(number, self.values(row, *one)) for number, one in enumerate(said)]

    def values(self, row: Row, text: str, right: bool) -> dict[str, Any]:
        """Return what a tagged row holds."""
        return {**self.answers.given(row), "output": f"{self.tags[0 if right else 1]}\n{text}", "right": right}
