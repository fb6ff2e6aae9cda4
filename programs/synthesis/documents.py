"""Documents as a source: each is cut into pieces that fit into a prompt, and every piece begins a row.

A document may be empty, which begins nothing, or as long as memory holds. Pieces end where a paragraph ends, or else a
sentence, a word, or where they are full; nothing between them is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from selftaught.errors import SettingError
from selftaught.programs.given import listed
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.row import Origin, Row
from selftaught.programs.synthesis.stages import Source

Given = Sequence[str | Mapping[str, Any]]
PIECE = 2000
LONGEST_TITLE = 80
ENDS = (("\n\n",), ("\n", ". ", "! ", "? ", "。", "！", "？"), (" ",))
"""Where a piece may end, the best places first."""


class Documents(Source):
    """Begins the pieces of documents.

    Rows hold `document` (its id), `piece` (its number in the document, from 0), `title`, `text`, `pass` (from 1), and what
    else was
    given with the document.

    Args:
        documents: texts, or dictionaries with a `text` and perhaps an `id`, a `title` and more, such as a licence.
        piece: characters of a piece, at most.
        passes: how often all pieces are begun; each time they are other samples.
        batch: pieces a round.

    Raises:
        SettingError: no document says anything, or a setting is none.
    """

    name = "documents"

    def __init__(self, documents: Given, *, piece: int = PIECE, passes: int = 1, batch: int = 32) -> None:
        self.passes, self.batch = at_least("passes", passes, 1), at_least("batch", batch, 1)
        cut = at_least("piece", piece, 20)
        self.pieces = [
            {**one, "piece": number, "text": part}
            for one in read(documents)
            for number, part in enumerate(pieces(one["text"], cut))
        ]

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row] | None:
        """Return the next pieces."""
        rounds = -(-len(self.pieces) // self.batch)
        turn, part = divmod(number, rounds)
        if turn >= self.passes:
            return None
        chosen = self.pieces[part * self.batch : (part + 1) * self.batch]
        return [Row({**one, "pass": turn + 1}, Origin(self.name, number, (place,))) for place, one in enumerate(chosen)]

    def total(self) -> int:
        """Return how many it begins in all."""
        return len(self.pieces) * self.passes


def read(documents: Given) -> list[dict[str, Any]]:
    """Return documents as dictionaries with `document`, `title` and `text`, without the empty ones.

    Raises:
        SettingError: there is none that says something, or one has no text.
    """
    found = []
    for number, given in enumerate(listed("documents", documents, (str, Mapping), "texts, or dictionaries with a `text`")):
        one = {"text": given} if isinstance(given, str) else dict(given)
        text = one.get("text")
        if not isinstance(text, str):
            raise SettingError(f"documents[{number}] has no `text` but {sorted(one)}.")
        known = {"document": str(one.pop("id", number)), "title": str(one.pop("title", "") or ""), **one}
        if text.strip():
            found.append({**known, "text": text})
    if not found:
        raise SettingError("documents: none of them says anything: expected at least one text that is not empty.")
    return found


def pieces(text: str, size: int) -> Iterator[str]:
    """Cut a text into pieces of at most so many characters, at the best place in the second half of each."""
    start = 0
    while start < len(text):
        end = _end(text, start, start + size)
        if part := text[start:end].strip():
            yield part
        start = end


def _end(text: str, start: int, full: int) -> int:
    if full >= len(text):
        return len(text)
    half = start + (full - start) // 2
    for marks in ENDS:
        best = max(found + len(mark) if (found := text.rfind(mark, half, full)) >= 0 else -1 for mark in marks)
        if best > 0:
            return best
    return full


def title_of(row: Mapping[str, Any]) -> str:
    """Return a document's title: as given, or its first line, shortened."""
    title = str(row.get("title") or "").strip() or str(row["text"]).strip().splitlines()[0].strip()
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rsplit(" ", 1)[0].rstrip() + "…"
