"""STM's labels (066; Niu et al., 2020): the sentences that a right answer rests on, found by the model and tested.

For questions about a passage, where the answers are labelled and the evidence is not. A right answer for the wrong reason passes
where there are few possible answers, such as yes and no; the test makes it rarer.

1. Draw `samples` answers, each with the sentences that it rests on, copied; a copy need not be exact.
2. Only right answers count, and only where at least the share `least_right` of them is right.
3. A sentence's weight is the share of the right answers that name it. Evidence is what has at least `least_weight`; the `most`
   heaviest at most.
4. Test: the answer must be right from the evidence alone, and not without it.

Departures: (1) the paper's reader weighs sentences in a layer of its own; here the model copies them. (2) Step 4 stands for the
reader's confidence; `test=False` leaves it out. (3) One round; the next one is a run with the trained model.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.programs.base import Calls, Program
from selftaught.programs.context import short_texts
from selftaught.programs.retrieve.context import Context, passages, pieces, replaced
from selftaught.programs.retrieve.corpus import Corpus
from selftaught.programs.retrieve.evidence import LIKE
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.candidates import Answers, Sampled, candidates_of, examples_of
from selftaught.programs.synthesis.checks import GOLD, Check, Checked, labelled
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.programs.vote.decline import share
from selftaught.registry import method
from selftaught.signatures import Task, as_task, copied, derived

CITED, QUOTES = "evidence_ids", "evidence_quotes"
MOST_QUOTES, LONGEST_QUOTE = 5, 300


class Cite(Program):
    """Answer, and copy the sentences that the answer rests on: the prediction also holds `evidence_ids`, their places from 0 on.

    Args:
        task: a task with a passage among its inputs.
        context: the input that holds it; by default the longest one.
    """

    def __init__(self, task: str | Task, *, context: str | None = None) -> None:
        super().__init__(task)
        self.context = Context(self.task, context)
        self.generate = Step(citing(self.task))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        found, corpus = await self.generate.acall(**inputs), Corpus(self.sentences(inputs))
        likeness = [corpus.similar(quote.strip()) for quote in found[QUOTES] if quote.strip()]
        named = {int(like.argmax()) for like in likeness if like.max() >= LIKE}
        return self.answer(found, **{CITED: sorted(named)})

    def sentences(self, inputs: Mapping[str, Any]) -> list[str]:
        """Return the sentences of a passage."""
        return [piece.strip() for text in passages(inputs[self.context.of(inputs)]) for piece in pieces(text) if piece.strip()]

    def cost(self) -> Calls:
        """Return that one input takes one call."""
        return Calls(1, 1)


class _Citing(Answers):
    """Answers with the sentences that they name."""

    def said(self, prediction: Any) -> dict[str, Any]:
        return {**super().said(prediction), **{name: list(prediction[name]) for name in (CITED,) if name in prediction}}


@method(66, "stm-rows", family="self-training", missing="training the reader")
class EvidenceRows(Pipeline):
    """Label the evidence of right answers.

    A row holds the task's inputs and outputs, `evidence` (the sentences), `evidence_ids` (their places, from 0 on), `weights` and
    `share_right`.

    Args:
        examples: dictionaries or examples with the task's inputs and outputs.
        task: what is answered.
        context: the input that holds the passage; by default the longest one.
        samples: answers drawn.
        temperature: of them.
        least_right: share of the answers that must be right.
        least_weight: share of the right answers that must name a sentence.
        most: sentences of one answer.
        test: keep only evidence from which the answer is right, and without which it is not.
        batch: inputs a round.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = "passage, question -> answer", *,
        context: str | None = None,
        samples: int = 4, temperature: float = 0.7, least_right: float = 0.5, least_weight: float = 0.5, most: int = 3,
        test: bool = True, batch: int = 64,
    ) -> None:  # fmt: skip
        task = as_task(task)
        rows, check, cite = examples_of(task, examples, batch), Check(task, GOLD), Cite(task, context=context)
        labelled(check, rows.rows)
        sampled = Sampled(task, cite, samples=samples, temperature=temperature)
        sampled.answers = _Citing(task)
        found = Found(cite, share("least_right", least_right), share("least_weight", least_weight), at_least("most", most, 1))
        tested = [Tested(cite, check)] if test else []
        super().__init__(rows, [sampled, Checked(check, samples), found, *tested])  # 1, 2, 3, 4


class Found(Stage):
    """Turns the candidates of a row into its evidence."""

    def __init__(self, cite: Cite, least_right: float, least_weight: float, most: int) -> None:
        super().__init__()
        self.answers, self.sentences, self.name = Answers(cite.task), cite.sentences, "evidence"
        self.least_right, self.least_weight, self.most = least_right, least_weight, most

    async def run(self, row: Row) -> Sequence[Out]:
        """Find the evidence of one row."""
        candidates = candidates_of(row)
        right = [one.said.get(CITED, []) for one in candidates if one.right]
        confident = len(right) / len(candidates)
        if not right or confident < self.least_right:
            return [Rejected(row, self.name, f"fewer right answers than {self.least_right:g}")]
        weights = {number: often / len(right) for number, often in Counter(n for named in right for n in named).items()}
        heavy = sorted((number for number in weights if weights[number] >= self.least_weight), key=lambda n: (-weights[n], n))
        ids = sorted(heavy[: self.most])
        if not ids:
            return [Rejected(row, self.name, "no sentence is named often enough")]
        given = self.answers.given(row)
        texts = self.sentences(given)
        told = {
            "evidence": [texts[n] for n in ids],
            "evidence_ids": ids,
            "weights": [weights[n] for n in ids],
            "share_right": confident,
        }
        return [row.without("candidates").with_values(**told)]


class Tested(Stage):
    """Keeps evidence from which the answer is right, and without which it is not."""

    def __init__(self, cite: Cite, check: Check) -> None:
        super().__init__()
        self.answers, self.check, self.context, self.sentences = Answers(cite.task), check, cite.context, cite.sentences
        self.generate, self.name = Step(cite.task), "test"

    async def run(self, row: Row) -> Sequence[Out]:
        """Test the evidence of one row."""
        given, wanted = self.answers.given(row), self.answers.key(self.answers.labels(row) or {})
        name, chosen = self.context.of(given), set(row["evidence_ids"])
        split = list(enumerate(self.sentences(given)))
        shown = [[text for number, text in split if (number in chosen) == alone] for alone in (True, False)]
        asked = [self.generate.acall(**replaced(given, name, [" ".join(texts)])) for texts in shown]
        alone, without = [self.answers.key(self.answers.said(one)) == wanted for one in await asyncio.gather(*asked)]
        if not alone:
            return [Rejected(row, self.name, "the evidence is not enough")]
        return [Rejected(row, self.name, "the answer is right without the evidence") if without else row]

    def cost(self) -> Calls:
        """Return the calls of one row."""
        return Calls(2, 2)


def citing(task: Task) -> Task:
    """Return the signature of an answer with its evidence: task inputs -> `evidence_quotes`, the task's outputs."""
    quotes = short_texts("sentences copied from the passage", most=MOST_QUOTES, longest=LONGEST_QUOTE)
    outputs = {name: (one.annotation, copied(one, dspy.OutputField)) for name, one in task.output_fields.items()}
    return derived(task, "Cite", COPY_THE_EVIDENCE, {}, {QUOTES: quotes, **outputs})


COPY_THE_EVIDENCE = (
    "Copy from the passage, word by word, the one or few sentences from which the answer follows, and no others. Then answer "
    "from them alone."
)
