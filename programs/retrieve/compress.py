"""TCRA-LLM (010; Liu et al., 2023): a context of fewer words, then the answer.

For contexts that dominate the bill, where some accuracy may go. Not where one sentence or one negation decides the answer.

1. Of a list of passages take the `most` that are most like the question, in their order.
2. Shorten each to `ratio` of its words: `"summary"`, by a model, all passages together; `"semantic"`, by leaving out the words
   that move the passage's embedding least, without a call.
3. A summary that is still too long is cut in the second way, and so is a passage whose summary failed.
4. Answer with the shortened passages.

What holds: no passage has more than `ratio` times its words afterwards, rounded down, but at least one. Ratio 1 changes nothing.

Departures: (1) the summariser is a prompted model that sees the question, not a trained one that does not: a summary that knows no
question drops the one sentence that mattered. (2) Step 3. (3) Words count, not tokens. (4) Words are ranked once, not again after
each deletion. (5) Numbers and negations go last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import dspy

from selftaught.embedding import Encoder
from selftaught.errors import CallError, SettingError
from selftaught.programs.base import Calls
from selftaught.programs.given import texts as listed_texts
from selftaught.programs.retrieve.context import Context, asked, passages, replaced
from selftaught.programs.retrieve.core import Focus, Focused
from selftaught.programs.retrieve.corpus import Corpus
from selftaught.programs.retrieve.prune import NEGATIONS, prune
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

LONGEST = 4000
"""Characters of a summary."""


@method(10, "tcra-llm-semantic", family="retrieve", mode="semantic")
@method(10, "tcra-llm", family="retrieve", mode="summary")
class Compress(Focus):
    """Shorten the context, then answer with it.

    The prediction also holds `context`, the passages shown, and `words_before` and `words_after` of the whole context.

    Args:
        task: what to do.
        ratio: share of a passage's words that may stay, above 0 and up to 1.
        mode: `"summary"`, one call for each passage; `"semantic"`, no call.
        context: the input that holds the context, a text (one passage) or a list of texts; by default the longest one.
        most: passages kept of a list.
        unit: what semantic compression leaves out: `"words"`, or `"sentences"`.
        keep: words that are left out last, besides numbers; negations by default.
        generate: answers; a step on the task by default.
        encoder: see `selftaught.embedding`; with one of your own the program cannot be saved.

    Raises:
        SettingError: a setting outside its range. TaskError: a task without a text among its inputs.
    """

    def __init__(
        self, task: str | Task, *, ratio: float = 0.5, mode: Literal["summary", "semantic"] = "summary",
        context: str | None = None, most: int = 5, unit: Literal["words", "sentences"] = "words",
        keep: Sequence[str] | None = None, generate: dspy.Module | None = None, encoder: Encoder | None = None,
    ) -> None:  # fmt: skip
        super().__init__(task, generate=generate)
        if not 0.0 < ratio <= 1.0:
            raise SettingError(f"ratio={ratio}: expected a share above 0 and up to 1.")
        if mode not in ("summary", "semantic") or unit not in ("words", "sentences"):
            raise SettingError(f"mode={mode!r}, unit={unit!r}: expected 'summary' or 'semantic', and 'words' or 'sentences'.")
        self.ratio, self.mode, self.unit, self.encoder = ratio, mode, unit, encoder
        self.context, self.most = Context(self.task, context), at_least("most", most, 1)
        self.keep = NEGATIONS if keep is None else frozenset(word.lower() for word in listed_texts("keep", keep))
        if mode == "summary" and ratio < 1:
            self.compress = Step(_shorter(self.task))

    async def focus(self, inputs: dict[str, Any]) -> Focused:
        """Take the nearest passages, and shorten them."""
        name = self.context.of(inputs)
        whole = passages(inputs.get(name))
        taken = self._nearest(asked(inputs, name), whole)  # 1
        limits = {text: max(1, int(self.ratio * len(text.split()) + 1e-9)) for text in taken}
        long = [text for text, limit in limits.items() if len(text.split()) > limit]
        summaries = (
            await self._summaries(inputs, name, {text: limits[text] for text in long}) if self.mode == "summary" else {}
        )  # 2
        short = [self._cut(summaries.get(text) or text, limits[text]) for text in taken]  # 3
        changed = replaced(inputs, name, short) if long or len(taken) < len(whole) else inputs
        more = {"context": short, "words_before": _words(whole), "words_after": _words(short)}
        return Focused(changed, more=more)

    def _nearest(self, question: str, whole: list[str]) -> list[str]:
        if len(whole) <= self.most:
            return whole
        return [whole[number] for number in sorted(Corpus(whole, self.encoder).nearest(question, self.most))]

    async def _summaries(self, inputs: dict[str, Any], name: str, limits: dict[str, int]) -> dict[str, str]:
        """Return the summary of each passage that has one; a passage that stands there twice is summarised once."""
        asking = (self.compress.acall(**replaced(inputs, name, [text]), limit=limit) for text, limit in limits.items())
        found = await asyncio.gather(*asking, return_exceptions=True)
        failures = [one for one in found if isinstance(one, BaseException)]
        for failure in failures:
            if not isinstance(failure, CallError) or len(failures) == len(found):
                raise failure
        return {text: one.shorter.strip() for text, one in zip(limits, found, strict=True) if isinstance(one, dspy.Prediction)}

    def _cut(self, text: str, limit: int) -> str:
        return prune(text, limit, self.encoder, keep=self.keep, unit=self.unit)

    def cost_of_focus(self) -> Calls:
        """Return the calls that shorten: one for each passage that is too long, none in semantic mode."""
        return Calls(0, self.most if self.mode == "summary" and self.ratio < 1 else 0)


def _words(texts: list[str]) -> int:
    return sum(len(text.split()) for text in texts)


def _shorter(task: Task) -> Task:
    given = {"limit": (int, dspy.InputField(desc="the most words that the shorter text may have"))}
    shorter = dspy.OutputField(desc="what of the text matters for the task, in its own words", max_length=LONGEST)
    return derived(task, "Compress", SHORTEN, given, {"shorter": (str, shorter)})


SHORTEN = (
    "Do not answer the task. Write the long text of the input again in whole sentences and at most `limit` words. "
    "Keep names, numbers and every fact that the task may need; leave out the rest. Add nothing."
)
