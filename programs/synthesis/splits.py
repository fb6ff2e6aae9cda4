"""Splits without leakage: rows that are near-duplicates of each other stand in the same part.

1. Two rows are near where the ROUGE-L F of their texts is above the threshold. Rows that are joined by a chain of near ones form
   a group: otherwise a row in the middle would leak from one side to the other.
2. Groups are drawn in the order of the seed, large ones first, each to the part that lacks most of its share.
3. Where an evaluation set is given, every part is compared with it: which rows contain words of it, or are near one of its rows?
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selftaught.errors import DataError, SettingError
from selftaught.novelty import NoveltyFilter, Overlap, alike_groups, contamination
from selftaught.programs.synthesis.held import prompt_text, text_of, whole_text
from selftaught.programs.synthesis.row import Row

if TYPE_CHECKING:
    from selftaught.programs.synthesis.outcome import Synthesized

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}


@dataclass(frozen=True, slots=True)
class Splits:
    """The parts of a data set. `groups`: of near-duplicates; `overlaps`: by part, its rows that overlap with the evaluation set."""

    parts: dict[str, Synthesized]
    groups: int
    overlaps: dict[str, list[Overlap]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Synthesized:
        return self.parts[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "parts" or name not in self.parts:
            raise AttributeError(name)
        return self.parts[name]

    def summary(self) -> str:
        """Return the sizes, and what overlaps with the evaluation set, as text."""
        sizes = ", ".join(f"{name} {len(one)}" for name, one in self.parts.items())
        found = "; ".join(f"{len(one)} rows of {name}" for name, one in self.overlaps.items() if one)
        return f"{sizes}, of {self.groups} groups of near-duplicates" + (f"; in the evaluation set: {found}" if found else "")

    def save(self, folder: str | Path, format: str = "sft", *, ending: str = ".jsonl", **settings: Any) -> Path:
        """Write each part as a file of the folder, and one data card for all (`README.md`, unless somebody else's is there).

        Args:
            folder: made where it is absent.
            format: see `Synthesized.save`, as for the settings.
            ending: of the files, which says how they are written.
        """
        from selftaught.programs.synthesis.card import OURS, card_text
        from selftaught.programs.synthesis.outcome import card_of, written
        from selftaught.run import write_atomically

        place, card, files = Path(folder), settings.pop("card", True), {}
        for name, part in self.parts.items():
            count = written(part.rows, place / f"{name}{ending}", format, **settings)
            files[f"{name}{ending}"] = (format, count)
        if (said := card_of(card)) is not None:
            whole = replace(next(iter(self.parts.values())), rows=[row for part in self.parts.values() for row in part.rows])
            limits = [*said.limits, *([] if not any(self.overlaps.values()) else [f"Contamination: {self.summary()}."])]
            readme = place / "README.md"
            own = not readme.exists() or OURS in readme.read_text(encoding="utf-8", errors="replace")
            write_atomically(
                readme if own else place / "data.card.md", card_text(whole, replace(said, files=files, limits=limits))
            )
        return place


def split(
    made: Synthesized, shares: Mapping[str, float] | None = None, *, field: str | Sequence[str] | None = None, threshold: float = 0.7,
    seed: int | None = None, evaluation: Sequence[Any] = (),
) -> Splits:  # fmt: skip
    """Split what was made; see `Synthesized.split`."""
    wanted = checked_shares(SHARES if shares is None else shares)
    names = [field] if isinstance(field, str) else field
    texts = [prompt_text(row) if names is None else "\n".join(text_of(row[name]) for name in names) for row in made.rows]
    numbers = alike_groups(texts, threshold)  # 1
    groups: dict[int, list[int]] = {}
    for place, number in enumerate(numbers):
        groups.setdefault(number, []).append(place)
    chosen = _parted(list(groups.values()), wanted, made.about.get("seed", 0) if seed is None else seed)  # 2
    parts = {name: replace(made, rows=[made.rows[place] for place in sorted(chosen[name])]) for name in wanted}
    if empty := [name for name, part in parts.items() if not part.rows]:
        raise DataError(
            f"{len(made.rows)} rows form {len(groups)} groups of near-duplicates: too few for the part {empty[0]!r}. "
            "Make more rows, or leave the part out."
        )
    known = [one if isinstance(one, str) else _text(one) for one in evaluation]
    overlaps = {name: overlapping(part.rows, known, threshold) for name, part in parts.items()} if known else {}  # 3
    return Splits(parts, len(groups), overlaps)


def overlapping(rows: Sequence[Row], known: Sequence[str], threshold: float = 0.7) -> list[Overlap]:
    """Return which rows contain a run of words of known texts, or ask nearly what one of them asks, each with the text or the words."""
    found = {one.row: one for one in contamination([whole_text(row) for row in rows], known)}
    compared = NoveltyFilter(threshold, unicode=True)
    compared.filter(known)
    places = {text: place for place, text in reversed(list(enumerate(known)))}
    for number, row in enumerate(rows):
        if number not in found and not compared.is_new(asked := prompt_text(row)):
            (near,) = compared.nearest(asked)
            found[number] = Overlap(number, places[near.text], near.text)
    return [found[number] for number in sorted(found)]


def _parted(groups: list[list[int]], shares: Mapping[str, float], seed: int) -> dict[str, list[int]]:
    drawn = random.Random(f"splits {seed}").sample(groups, len(groups))
    total = sum(map(len, groups))
    found: dict[str, list[int]] = {name: [] for name in shares}
    for group in sorted(drawn, key=len, reverse=True):
        poorest = max(shares, key=lambda name: (shares[name] * total - len(found[name]), shares[name]))
        found[poorest] += group
    return found


def checked_shares(shares: Mapping[str, float]) -> dict[str, float]:
    found = {name: float(share) for name, share in shares.items() if share}
    if not found or min(found.values()) < 0 or abs(sum(found.values()) - 1) > 1e-6:
        raise SettingError(f"shares={dict(shares)!r}: expected parts with their shares, which add up to 1, such as {SHARES}.")
    return found


def _text(one: Any) -> str:
    """Return a row of an evaluation set as text: what it asks, where that is known."""
    if isinstance(one, Row):
        return prompt_text(one)
    if not hasattr(one, "items"):
        raise DataError(f"evaluation: {one!r} is neither a text nor an example.")
    asked = one.inputs() if getattr(one, "_input_keys", None) else one
    return "\n".join(text_of(value) for _, value in asked.items())
