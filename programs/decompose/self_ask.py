"""Self-Ask (189; Press et al., 2022): one follow-up question after another, until none is needed, then the answer.

For a question that chains several facts, each of which the model or a search engine can answer alone. A wrong first answer is never
revisited, and strong models do this unasked. `compositionality_gap` measures whether a model needs it.

The algorithm is the ask-answer-compose core's: 1. ask whether a fact is needed, and for it; 2. answer that question alone, or let the
search answer it; 3. again, until none is needed or `questions` were asked; 4. the final answer.

Departures: (1) typed steps, not one text cut at markers, so an answer takes two calls more for each question. (2) In place of four
examples one of our own, in its three states; give the steps your own demonstrations. (3) A question that was asked already ends the asking. (4) Where the search finds nothing, the
model answers, and the pair's `source` says so.
"""

from __future__ import annotations

from selftaught.programs.decompose.core import AskAnswer
from selftaught.programs.decompose.passages import Retriever
from selftaught.registry import method
from selftaught.signatures import Task


@method(189, "self-ask", family="decompose")
class SelfAsk(AskAnswer):
    """Ask one follow-up question after another until none is needed, then answer.

    The prediction also holds `pairs`, see `AskAnswer`.

    Args:
        task: what to do.
        questions: the most follow-up questions; 0 is plain answering.
        retriever: answers the questions, verbatim with its first passage; the model does by default. See `Retriever`.
    """

    def __init__(self, task: str | Task, *, questions: int = 4, retriever: Retriever | None = None) -> None:
        source = "memory" if retriever is None else "search"
        super().__init__(task, questions=questions, ask="next", source=source, retriever=retriever)  # type: ignore[arg-type]
