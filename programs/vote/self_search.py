"""Self-search (183, SSRL; Fan, Zhang et al., 2025): the model searches its own memory in writing, several times, and votes.

For questions of fact whose answer the model may know without finding it at once. What it "finds" is invented as easily as
remembered, facts after its training are out of reach, and the vote gains little over one answer: any one of the samples is
right far more often than the most frequent.

1. Draw the samples together. In one generation each thinks, writes a query and what it remembers about it, up to `turns`
   times, then reasons and answers.
2. Leave out traces in a wrong form (`form_of` is 0), unless all are.
3. Vote over the answers.

Departures: (1) typed fields instead of tags, so an unknown tag or a missing answer cannot occur. (2) The form, a reward in the
paper's training, filters here. (3) What is remembered is named so, not as information found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import GenericAlias
from typing import Annotated, Any

import dspy
from dspy.adapters.utils import serialize_for_json
from pydantic import Field, create_model

from selftaught.errors import TaskError
from selftaught.programs.reason import reasoned
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.vote.aggregate import Aggregate, Poll
from selftaught.programs.vote.core import Vote
from selftaught.programs.vote.ways import Ballot
from selftaught.registry import method
from selftaught.signatures import Task, as_task, copied, derived

SEARCHES = "searches"
MOST_THOUGHTS = 8
LONGEST, LONGEST_QUERY = 240, 100
"""Characters of a thought or memory, and of a query."""


@method(183, "ssrl", family="retrieve", missing="searching a corpus in place of memory, also where a query is unsure; training")
class SelfSearch(Vote):
    """Search the model's own memory in several written traces, and vote over their answers.

    The prediction also holds `traces` (of the answers that were counted: `think`, `query`, `recalled`) and `malformed`, how many
    were left out.

    Args:
        task: what to do.
        samples: traces drawn; 1 is a single self-search.
        turns: the most searches in a trace.
        temperature: of the samples.
        aggregate: what counts as the same answer; see `Vote`.

    Raises:
        TaskError: the task has a field named `searches`.
    """

    def __init__(
        self, task: str | Task, *, samples: int = 5, turns: int = 3, temperature: float = 0.7, aggregate: Aggregate = "exact"
    ) -> None:
        search = Step(search_of(as_task(task), at_least("turns", turns, 1)))
        super().__init__(task, samples=samples, temperature=temperature, generate=search, aggregate=aggregate)
        self.turns = turns

    async def accepted(self, inputs: dict[str, Any], ballots: list[Ballot]) -> tuple[list[Ballot], dict[str, Any]]:
        """Return the answers whose traces have the right form."""
        kept = [ballot for ballot in ballots if form_of(_trace(ballot)) > 0] or ballots  # 2
        return kept, {"malformed": len(ballots) - len(kept)}

    def counted(self, ballots: Sequence[Ballot]) -> Poll:
        """Return who wins, and the traces."""
        poll = super().counted(ballots)  # 3
        poll.more["traces"] = [_trace(ballot) for ballot in ballots]
        return poll


def search_of(task: Task, turns: int) -> Task:
    """Return the signature of a self-search: task inputs -> `searches`, `reasoning`, the task's outputs.

    Raises:
        TaskError: the task has a field named `searches`.
    """
    if SEARCHES in task.fields:
        raise TaskError(f"The task {task.__name__} has a field named {SEARCHES!r}, which the self-search needs for itself. Rename the field.")  # fmt: skip
    limits = {"think": LONGEST, "query": LONGEST_QUERY, "recalled": LONGEST}
    kinds: dict[str, Any] = {name: (Annotated[str, Field(max_length=most)], ...) for name, most in limits.items()}
    several = GenericAlias(list, (create_model("Search", **kinds),))
    asked = {SEARCHES: (several, dspy.OutputField(desc=WHAT_A_SEARCH_IS, min_length=1, max_length=turns))}
    outputs = {name: (field.annotation, copied(field, dspy.OutputField)) for name, field in reasoned(task).output_fields.items()}
    return derived(task, "SelfSearch", SEARCH_YOUR_MEMORY, {}, {**asked, **outputs})


def form_of(trace: Sequence[Mapping[str, str]]) -> float:
    """Return how well formed a trace is, from 0 to 1: 0 for an empty field, a placeholder, a query of several lines, or too many thoughts.

    A trace of one search and the reasoning after it has two thoughts, which is enough for 1.
    """
    texts = [text.strip() for search in trace for text in search.values()]
    placeholder = any(text.strip(" .<>[]").lower() in PLACEHOLDERS for text in texts)
    lines = any("\n" in search["query"].strip() for search in trace)
    thoughts = len(trace) + 1
    return 0.0 if placeholder or lines or thoughts > MOST_THOUGHTS else min(1.0, thoughts / 2)


def _trace(ballot: Ballot) -> list[dict[str, str]]:
    return [serialize_for_json(search) for search in ballot.prediction[SEARCHES]]


PLACEHOLDERS = {"", "think", "thought", "query", "your query", "search query", "recalled", "information", "string", "text"}
"""The empty one is also what is left of dots and brackets."""
SEARCH_YOUR_MEMORY = (
    "Before you answer, search your own memory. For each search think about what you need to know, write a query, and write what "
    "you remember about it. Then reason from what you remembered and answer."
)
WHAT_A_SEARCH_IS = "searches of your memory, one after another; each query is new"
