"""What a synthesis returns: rows, reasons, the funnel, and how to write them down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dspy

from selftaught.errors import DataError, SettingError
from selftaught.ledger import Usage
from selftaught.novelty import Diversity, diversity
from selftaught.programs.synthesis.card import Card, card_text
from selftaught.programs.synthesis.formats import Style, records_of
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.splits import Splits, split
from selftaught.programs.synthesis.templates import Templates, templates_of
from selftaught.programs.synthesis.training import check_training, training_path, training_text
from selftaught.programs.synthesis.writing import write_records
from selftaught.run import write_atomically
from selftaught.signatures import Task, as_task, input_names


@dataclass(frozen=True, slots=True)
class Passage:
    """One step of the funnel. `entered`: rows that came to it; `rejected`: reason -> how many."""

    name: str
    entered: int
    rejected: Mapping[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """The share of rows that it let through; None where none came."""
        return 1 - sum(self.rejected.values()) / self.entered if self.entered else None


@dataclass(frozen=True, slots=True)
class Synthesized:
    """The rows of a synthesis.

    `rejected`: (step, reason) -> how many. `ended`: why it stopped. `folder`: where everything is kept, None where nothing is.
    `about`: what made them, as plain data (`pipeline`, `seed`, `models`, `count`).
    """

    rows: list[Row]
    rejected: Counter[tuple[str, str]]
    funnel: list[Passage]
    ended: str
    usage: Usage
    folder: Path | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def calls_per_row(self) -> float | None:
        """Paid calls for each accepted row; None where there is none."""
        return self.usage.calls / len(self.rows) if self.rows else None

    def examples(self, task: str | Task, rename: Mapping[str, str] | None = None) -> list[dspy.Example]:
        """Return the rows as examples of a task.

        Args:
            task: whose fields are taken from the rows.
            rename: task field -> row field.

        Raises:
            DataError: a row lacks a field of the task.
        """
        wanted, other = as_task(task), dict(rename or {})
        fields = {name: other.get(name, name) for name in wanted.fields}
        for row in self.rows:
            if missing := [there for there in fields.values() if there not in row.values]:
                raise DataError(
                    f"The row {row.id} lacks {missing[0]!r}. It has {sorted(row.values)}; say with rename where it is."
                )
        return [
            dspy.Example(**{name: row[there] for name, there in fields.items()}).with_inputs(*input_names(wanted))
            for row in self.rows
        ]

    def save(
        self, path: str | Path, format: str = "sft", *, rename: Mapping[str, str] | None = None, conversational: bool = False,
        templates: Templates = None, seed: int | None = None, least: float | None = None, task: str | Task | None = None,
        card: Card | bool = True, training: str | None = None,
    ) -> Path:  # fmt: skip
        """Write the rows for training, and their data card beside them (`data.jsonl` has `data.card.md`).

        Args:
            path: ends in .jsonl, .json or .parquet, which says how it is written.
            format: `sft`, `messages`, `prompts`, `preference`, `reward`, `unpaired`, `stepwise`, `alpaca`, `sharegpt`, `examples`
                or `rows`; see `formats`.
            rename: name that the format asks for -> name in the rows.
            conversational: messages in place of texts, where the format has both.
            templates: how instruction, input and output become one text: `"several"`, or pairs of texts, with and without
                input; each row gets one by the seed. None for one plain wording.
            seed: of the templates; that of the run by default.
            least: the score from which a row of `unpaired` is good, where it has no `label`.
            task: of `examples`.
            card: what you have to say on the card; False writes none.
            training: the base model to train with LoRA: writes `data.training.yaml` for TRL's command beside `sft`, `messages`,
                `preference`, `reward` or `unpaired`. None writes none.

        Raises:
            SettingError: no such format or ending, a setting that makes no sense, or pyarrow is missing for .parquet.
            DataError: a row lacks what the format takes; or there is no row. RunError: the disk refuses.
        """
        target = Path(path)
        drawn = int(self.about.get("seed", 0)) if seed is None else seed
        check_training(training, format)
        count = written(
            self.rows, target, format, rename=rename, conversational=conversational, templates=templates, seed=drawn,
            least=least, task=task,
        )  # fmt: skip
        if (said := card_of(card)) is not None:
            text = card_text(self, replace(said, files={target.name: (format, count)}))
            write_atomically(target.with_suffix(".card.md"), text)
        if training is not None:
            write_atomically(training_path(target), training_text(training, format, target, drawn))
        return target

    def split(
        self, shares: Mapping[str, float] | None = None, *, field: str | Sequence[str] | None = None, threshold: float = 0.7,
        seed: int | None = None, evaluation: Sequence[Any] = (),
    ) -> Splits:  # fmt: skip
        """Return the rows in parts, near-duplicates together.

        Args:
            shares: part -> share; `train` 0.8, `val` 0.1, `test` 0.1 by default.
            field: the values that are compared; what the rows ask by default.
            threshold: of ROUGE-L F, above which two rows are near.
            seed: of the draw; that of the run by default.
            evaluation: texts or examples that no part should contain; what does is reported.

        Raises:
            SettingError: shares that do not add up to 1. DataError: too few groups for every part to have one.
        """
        return split(self, shares, field=field, threshold=threshold, seed=seed, evaluation=evaluation)

    def diversity(self, field: str, **settings: Any) -> Diversity:
        """Return the diversity of one value of all rows; see `novelty.diversity`."""
        return diversity([str(row[field]) for row in self.rows], **settings)

    def summary(self) -> str:
        """Return the funnel as text, for a terminal."""
        lines = [
            f"{len(self.rows)} rows; {self.ended}; {self.usage.calls} calls"
            + (f", {self.calls_per_row:.1f} a row" if self.rows else "")
        ]
        for one in self.funnel:
            share = "" if one.share is None else f"{one.share:7.0%}"
            reasons = "; ".join(f"{often} {reason}" for reason, often in one.rejected.items())
            lines.append(f"  {one.name:<20} {one.entered:>7} {share:>8}  {reasons}".rstrip())
        return "\n".join(lines)


def written(
    rows: Sequence[Row], path: Path, format: str, *, rename: Mapping[str, str] | None = None, conversational: bool = False,
    templates: Templates = None, seed: int = 0, least: float | None = None, task: str | Task | None = None,
) -> int:  # fmt: skip
    """Write rows in a format and return how many records they became; see `Synthesized.save`."""
    wording = templates_of(templates)
    style = Style(dict(rename or {}), conversational, wording, seed, least, None if task is None else as_task(task))
    records = records_of(rows, format, style)
    write_records(path, records)
    return len(records)


def card_of(given: Card | bool) -> Card | None:
    """Return what is said on a card, None where there is to be none.

    Raises:
        SettingError: it is something else.
    """
    if not isinstance(given, Card | bool):
        raise SettingError(f"card={given!r}: expected a Card, or True or False.")
    return Card() if given is True else given or None


def texts_of(rows: Sequence[Row], name: str) -> list[str]:
    """Return one value of all rows as texts."""
    return [str(row[name]) for row in rows]
