"""Evidence first: the model copies the sentences that matter, then answers with them (096, 066).

SelfElicit (096; Zhining Liu et al., 2025), in the form for models without visible attention: the sentences are marked in the
context. STM (066; Niu et al., 2020), as it is used after training: the answer sees the evidence alone. For an answer that sits
in a long context with much else. No help where the evidence is not in the context; marks on the wrong sentences mislead.

1. Ask for the sentences of the context that the answer rests on, copied; with `samples`, so often.
2. Find each in the context: the sentence that is most like the copy. Its score is the share of the samples that copied it;
   evidence is what scores at least `alpha` times the best score.
3. Mark the evidence in its place (`show="marked"`), or leave out the rest (`show="only"`).
4. Answer. Where no sentence was found, answer as if nobody had asked: the same request as without this program.

Departures: (1) a copy need not be exact: what is marked is always the context's own sentence. (2) The share of samples stands for
attention; with one sample every sentence copied scores 1. (3) The layout of the context stays; SelfElicit gives each sentence
its own line. (4) Marks are taken out of the answer. (5) STM's reader weighs sentences with a trained layer; ours is asked.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import dspy
from pydantic import Field

from selftaught.errors import AnswerError, SettingError
from selftaught.programs.base import Calls
from selftaught.programs.retrieve.context import Context, passages, pieces, replaced
from selftaught.programs.retrieve.core import Focus, Focused
from selftaught.programs.retrieve.corpus import Corpus
from selftaught.programs.retrieve.marks import END, MARKS, START, alone, flat, marked, unmarked
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

MOST, LONGEST = 5, 300
"""Sentences that one answer may copy, and characters of each."""
LIKE = 0.4
"""Cosine from which a copy is taken for a sentence. Copies by small models are seldom exact; other sentences are below 0.3."""


@method(96, "selfelicit", family="retrieve", missing="evidence from attention weights", show="marked")
@method(66, "stm-mrc", family="retrieve", missing="training", show="only")
class Evidence(Focus):
    """Find the evidence in the context, then answer with it.

    The prediction also holds `evidence`, the sentences found, in order, and `scores`, the share of samples that copied each
    sentence of the context (empty where none had to be asked about).

    Args:
        task: what to do.
        context: the input that holds the context, a text or a list of texts; by default the longest one.
        show: `"marked"`, the whole context with the evidence marked; `"only"`, the evidence without the rest.
        alpha: share of the best score, from 0 to 1, from which a sentence is evidence; 0 takes all, without asking.
        samples: how often the evidence is asked for.
        temperature: of these samples, where there are several.
        generate: answers; a step on the task by default. For marks it must be a predictor, which is told what they mean.

    Raises:
        SettingError: a setting outside its range. TaskError: a task without a text among its inputs.
    """

    def __init__(
        self, task: str | Task, *, context: str | None = None, show: Literal["marked", "only"] = "marked", alpha: float = 0.5,
        samples: int = 1, temperature: float = 0.7, generate: dspy.Module | None = None,
    ) -> None:  # fmt: skip
        super().__init__(task, generate=generate, predictor=show == "marked")
        if show not in ("marked", "only"):
            raise SettingError(f"show={show!r}: expected 'marked' or 'only'.")
        if not 0.0 <= alpha <= 1.0:
            raise SettingError(f"alpha={alpha}: expected a share from 0 to 1.")
        self.context = Context(self.task, context)
        self.show, self.alpha, self.temperature = show, alpha, temperature
        self.samples = at_least("samples", samples, 1)
        if alpha:
            self.select = Step(_selection(self.task))

    async def focus(self, inputs: dict[str, Any]) -> Focused:
        """Name the evidence, and show it."""
        name = self.context.of(inputs)
        split = [pieces(text) for text in passages(inputs.get(name))]
        scores = await self._scores(inputs, flat(split)) if self.alpha and len(flat(split)) > 1 else []  # 1
        chosen = self._evidence(scores, len(flat(split)))  # 2
        shown = marked(split, chosen) if self.show == "marked" else alone(split, chosen)  # 3
        named = [piece.strip() for number, piece in enumerate(flat(split)) if number in chosen]
        more = {"evidence": named, "scores": scores}
        if not chosen or (self.show == "marked" and any(MARKS.search(piece) for piece in flat(split))):
            return Focused(inputs, more=more)  # 4
        return Focused(replaced(inputs, name, shown), WHAT_MARKS_MEAN if self.show == "marked" else "", more=more)

    async def _scores(self, inputs: dict[str, Any], sentences: list[str]) -> list[float]:
        try:
            found = await draw(self.select, inputs, self.samples, self.temperature, own_first=self.samples == 1)
        except AnswerError:  # nothing readable names nothing
            return []
        corpus = Corpus([sentence.strip() for sentence in sentences])
        named = [_found(one.quotes, corpus) for one in found]
        return [sum(number in one for one in named) / len(named) for number in range(len(sentences))]

    def _evidence(self, scores: list[float], count: int) -> set[int]:
        if not self.alpha or count == 1:
            return set(range(count))
        best = max(scores, default=0.0)
        return {number for number, score in enumerate(scores) if best and score >= self.alpha * best}

    def cleaned(self, outputs: dict[str, Any]) -> dict[str, Any]:
        """Take the marks out of an answer."""
        return {name: unmarked(value) for name, value in outputs.items()}

    def cost_of_focus(self) -> Calls:
        """Return the calls that name the evidence: none for a context of one sentence."""
        return Calls(0, self.samples if self.alpha else 0)


def _selection(task: Task) -> Task:
    asked = dspy.OutputField(desc="sentences copied from the context; empty if none helps", max_length=MOST)
    return derived(task, "Evidence", COPY_THE_EVIDENCE, {}, {"quotes": (list[Annotated[str, Field(max_length=LONGEST)]], asked)})


def _found(quotes: list[str], corpus: Corpus) -> set[int]:
    """Return the numbers of the sentences that were copied. One that is like none of the context is nothing."""
    likeness = [corpus.similar(piece.strip()) for quote in quotes for piece in pieces(quote) if piece.strip()]
    return {int(like.argmax()) for like in likeness if like.max() >= LIKE}


COPY_THE_EVIDENCE = (
    "Do not answer the task. Copy from the context, word by word, the sentences that somebody must read to answer, and no others."
)
WHAT_MARKS_MEAN = (
    f"Sentences between {START} and {END} are likely to hold what is needed, so read them with care. "
    f"Do not write {START} or {END} in the answer."
)
