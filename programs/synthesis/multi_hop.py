"""MIMG (008; Chen et al., 2024): questions that can only be answered from several passages, merged from questions about one.

For training on long contexts. Chained merges drift into two questions joined by "and"; what one passage is enough for is
dropped, which a model that answers without looking defeats.

1. Group documents that are alike: each begins a walk to the nearest that is in no group yet.
2. Ask about each piece, once for a fact; drop what points at its text; answer from the piece, briefly, with the sentence that
   says so.
3. Sample: up to `starts` of these in a group, each with up to `near` nearest of the same document and as many of others.
4. Merge a pair into one question whose answer uses both, with its reasoning. Merge the result with a further one, until `hops`.
5. Verify: a judge keeps what needs several facts, can be answered, follows from the passages and does not give its answer away.
6. Leave one out: drop what can be answered with one of its passages missing.

Departures: (1) neighbours are the nearest by cosine, where the published code cuts them in list order. (2) Reasoning and answer
are two fields from the start. (3) Leaving one out is ours. (4) Of a long document, only so many pieces are asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy
import numpy as np

from selftaught.embedding import Encoder, embed
from selftaught.errors import SettingError
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.verify import Verify
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.documents import PIECE, Given, pieces, read
from selftaught.programs.synthesis.hops import SingleHops
from selftaught.programs.synthesis.merges import LeaveOneOut, Merge
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.stages import Change, Judged, Novel, Rows
from selftaught.registry import method


@method(8, "mimg", family="synthesis", missing="training on the rows")
class MultiHop(Pipeline):
    """Make questions over several passages from groups of documents.

    Rows hold `instruction` (the question), `output`, `reasoning`, `passages` (texts that are needed), `input` (all of them as
    one text),
    `documents` (their ids), `cites` (ids of the single questions), `hops` and `kind` (`intra` one document, `inter` several).

    Args:
        documents: texts, or dictionaries with a `text` and perhaps an `id` and a `title`.
        hops: single questions in one, at most.
        group: documents in a group.
        questions: asked about each piece.
        starts: chains of a group, at most.
        near: neighbours of a start in its document, and in others.
        passages: pieces of a document that are asked about, at most, evenly drawn.
        piece: characters of a piece, at most.
        verify: judges a question with its passages and answer; a verifier by default.
        leave_out: drop what can be answered with one passage missing.
        encoder: see `selftaught.embedding`.
        batch: groups a round.

    Raises:
        SettingError: no document, or a setting that is none.
    """

    def __init__(
        self, documents: Given, *, hops: int = 2, group: int = 4, questions: int = 3, starts: int = 10, near: int = 3,
        passages: int = 8, piece: int = PIECE, verify: Judge | None = None, leave_out: bool = True, encoder: Encoder | None = None,
        batch: int = 8,
    ) -> None:  # fmt: skip
        if not isinstance(hops, int) or hops < 2:
            raise SettingError(f"hops={hops!r}: a question over several passages has at least 2.")
        size, most = at_least("piece", piece, 20), at_least("passages", passages, 1)
        cut = [
            [{"document": one["document"], "passages": spread(one["text"], size, most)} for one in members]
            for members in grouped(read(documents), at_least("group", group, 1), encoder)  # 1
        ]
        super().__init__(
            Rows([{"group": one} for one in cut], batch=batch, name="groups"),
            [
                SingleHops(at_least("questions", questions, 1)),  # 2
                Merge(hops, at_least("starts", starts, 1), at_least("near", near, 1), encoder),  # 3, 4
                Novel("instruction", 0.7, unicode=True),
                Judged(verify or Verify(ANSWER_WITH_ALL, both_ways=False), name="verify"),  # 5
                *([LeaveOneOut()] if leave_out else []),  # 6
                Change(lambda row: row.without("singles"), "form"),
            ],
        )


def grouped(documents: Sequence[dict[str, Any]], size: int, encoder: Encoder | None) -> list[list[dict[str, Any]]]:
    """Return documents in groups of like ones; the first that is in none begins the next."""
    rows = embed([one["text"][:READ] for one in documents], encoder)
    left, groups = np.ones(len(documents), dtype=bool), []
    for first in range(len(documents)):
        members = [first] if left[first] else []
        while members:
            left[members[-1]] = False
            if len(members) == size or not left.any():
                groups.append([documents[one] for one in members])
                break
            members.append(int(np.argmax(np.where(left, rows @ rows[members[-1]], -np.inf))))
    return groups


def spread(text: str, size: int, most: int) -> list[str]:
    """Return pieces of a text, evenly drawn where there are more than allowed."""
    found = list(pieces(text, size))
    return [found[place * len(found) // most] for place in range(most)] if len(found) > most else found


READ = 4000
"""Characters of a document by which its neighbours are found."""
ANSWER_WITH_ALL = dspy.make_signature(
    {
        "input": (str, dspy.InputField(desc="passages")),
        "instruction": (str, dspy.InputField(desc="a question that needs facts of several passages and does not tell its answer")),
        "output": (str, dspy.OutputField(desc="what follows from the passages together")),
    },
    "Answer the question from the passages.", "Answer",
)  # fmt: skip
