"""The data card: what a reader of a data set must know, in one Markdown file beside it.

The header is that of the Hugging Face hub. Nothing of the machine is told: of paths only the last part.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any

from selftaught.programs.synthesis.held import ANSWERS, prompt_text, text_of
from selftaught.programs.synthesis.row import Row

if TYPE_CHECKING:
    from selftaught.novelty import Diversity
    from selftaught.programs.synthesis.outcome import Synthesized

SIZES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"}
UNKNOWN = "unknown"
OURS = "tags:\n- synthetic\n- selftaught\n"
"""What the header of a card of ours says."""
REPETITIVE, WEAK = 0.6, 0.1
"""Self-BLEU above which, and share of failed calls from which, the card warns."""


@dataclass(frozen=True, slots=True)
class Card:
    """What the maker of a data set says of it.

    `method`: the catalogue's name of what made it. `licence`: such as `cc-by-4.0`. `about`: a sentence or two. `limits`: what is
    known not to hold, beside what is measured. `command`: that makes it again. `date`: today's by default.
    """

    title: str = ""
    method: str = ""
    licence: str = UNKNOWN
    about: str = ""
    limits: Sequence[str] = ()
    command: Sequence[str] | str = ""
    date: str = ""
    files: Mapping[str, tuple[str, int]] = field(default_factory=dict)


def card_text(made: Synthesized, card: Card) -> str:
    """Return the card of what was made."""
    return "\n\n".join(
        part
        for part in (
            _header(len(made.rows), card.licence), f"# {_plain(card.title) or 'Synthetic data'}", _plain(card.about),
            _origin(made, card), _files(card), _funnel(made), _diversity(made.rows), _limits(made, card),
        )
        if part
    ) + "\n"  # fmt: skip


def public_name(name: str) -> str:
    """Return a model or an argument without the folders of this machine."""
    if name.startswith("-") and "=" in name:
        option, _, value = name.partition("=")
        return f"{option}={public_name(value)}"
    last = PureWindowsPath(name).name if re.match(r"[A-Za-z]:\\", name) else Path(name).name
    return last if name.startswith(("/", "~", "./", "../")) or re.match(r"[A-Za-z]:\\", name) or name.endswith(".gguf") else name


def _header(count: int, licence: str) -> str:
    size = next((said for most, said in SIZES.items() if count < most), "n>1M")
    licence = licence if re.fullmatch(r"[\w.+-]+", licence) else json.dumps(licence)
    return f"---\nlicense: {licence}\nsize_categories:\n- {size}\n{OURS}---"


def _origin(made: Synthesized, card: Card) -> str:
    about, models = made.about, sorted({public_name(one) for one in [*made.about.get("models", ()), *made.usage.by_model]})
    command = card.command if isinstance(card.command, str) else shlex.join(public_name(part) for part in card.command)
    facts = {
        "Made by": f"selftaught, {card.method or about.get('pipeline', 'a pipeline')}",
        "Models": ", ".join(models) or UNKNOWN, "Licence": card.licence, "Date": card.date or f"{datetime.now(UTC):%Y-%m-%d}",
        "Seed": about.get("seed", UNKNOWN), "Rows": f"{len(made.rows):,}; {made.ended}",
        "Calls": f"{made.usage.calls:,}" + (f", {made.calls_per_row:.1f} a row" if made.calls_per_row is not None else ""),
    }  # fmt: skip
    lines = [f"- **{name}:** {_plain(value)}" for name, value in facts.items()]
    return "\n".join(lines) + (f"\n\nMade again with:\n\n```sh\n{_plain(command)}\n```" if command else "")


def _files(card: Card) -> str:
    rows = [(name, form, f"{count:,}") for name, (form, count) in card.files.items()]
    return _table("Files", ("file", "format", "records"), rows) if rows else ""


def _funnel(made: Synthesized) -> str:
    rows = [
        (one.name, f"{one.entered:,}", "" if one.share is None else f"{one.share:.0%}",
         "; ".join(f"{often:,} {reason}" for reason, often in one.rejected.items()))
        for one in made.funnel
    ]  # fmt: skip
    return _table("Steps and filters", ("step", "rows that came", "kept", "rejected for"), rows)


def measured(rows: Sequence[Row]) -> dict[str, Diversity]:
    """Return the diversity of what rows ask and of what they answer, where they have it."""
    from selftaught.novelty import diversity

    answers = [text_of(row[name]) for row in rows for name in [*ANSWERS, "chosen"] if row.get(name) is not None]
    found = {"prompts": [prompt_text(row) for row in rows], "answers": answers if len(answers) == len(rows) else []}
    return {name: diversity(texts) for name, texts in found.items() if texts}


def _diversity(rows: Sequence[Row]) -> str:
    found = measured(rows)
    lines = [
        (name, f"{one.words:.0f}", f"{one.distinct[0]:.2f} / {one.distinct[1]:.2f}", f"{one.self_bleu:.2f}", f"{one.vendi:.0f} of {one.sample}")
        for name, one in found.items()
    ]  # fmt: skip
    if not lines:
        return ""
    table = _table("Diversity", ("of", "words", "distinct-1 / -2", "self-BLEU", "Vendi score"), lines)
    openings = ", ".join(f"{said} ({often})" for said, often in list(found["prompts"].openings.items())[:10])
    return table + (f"\n\nMost frequent openings: {openings}." if openings else "")


def _limits(made: Synthesized, card: Card) -> str:
    found = [*ALWAYS, *card.limits]
    failed = sum(often for (_, reason), often in made.rejected.items() if reason.startswith("failed"))
    entered = max((one.entered for one in made.funnel), default=0)
    if entered and failed / entered >= WEAK:
        found.append(f"{failed:,} rows were lost to answers that had not the asked form: what the model finds hard is missing.")
    if made.rows and (repeats := measured(made.rows)["prompts"].self_bleu) > REPETITIVE:
        found.append(f"The prompts repeat each other (self-BLEU {repeats:.2f}).")
    if (wanted := made.about.get("count")) and len(made.rows) < wanted:
        found.append(f"{wanted:,} rows were wanted; {made.ended}.")
    return "## Known limits\n\n" + "\n".join(f"- {_plain(one)}" for one in found)


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return f"## {title}\n\n" + "\n".join(
        "| " + " | ".join(_plain(cell).replace("|", r"\|") for cell in line) + " |" for line in lines
    )


def _plain(value: Any) -> str:
    """Return a value on one line, without what Markdown or HTML would read as markup."""
    return " ".join(str(value).split()).replace("<", "&lt;")


ALWAYS = (
    "A language model wrote these rows. No person has checked them, unless it is said above.",
    "Filters compare words and forms; a row that passed them may still be wrong.",
    "What the model believes, prefers or leaves out is in the rows too.",
    "The terms of the models named above may restrict what their answers are used for.",
)
