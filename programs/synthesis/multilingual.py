"""Tasks born in several languages (002, PolyLM's MultiAlpaca; Wei et al., 2023) or in one other language (004; Sun et al., 2024).

For instruction data in languages for which there are only translations from English. Only the seeds are translated; new tasks are
thought of in the language itself.

1. Translate the seeds into each language (and `edit` them, 004: a native speaker's work, the only work of a person in the method).
2. Propose, language by language: show seeds and kept tasks of that language alone; ask for a new task with input and output.
3. Check the form and the language; drop what is like a translated seed or a kept task of its language.

Departures: (1) `edit` is a step that polishes a translation. To have a person do it, run `translation(...)` first, mend its rows, and
give them as seeds with their `language`: such seeds are not translated. (2) One task a call, so that the form stays small.
(3) Languages are told apart by `langdetect`, which is unsure of short texts; give `identify` where you have better. (4) Overlap is
counted on words of every script, and on characters where a script has no spaces. (5) The benchmark of 004 is `Pairwise` with both
orders; it is no part of the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.programs.judge.constraints.vocabulary import LANGUAGES
from selftaught.programs.step import Step
from selftaught.programs.synthesis.instances import empty
from selftaught.programs.synthesis.pipeline import Part
from selftaught.programs.synthesis.proposing import LONGEST, UNSUITABLE, Clean
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.seed_draws import INSTRUCTION, SeedDraws, seed_rows
from selftaught.programs.synthesis.sequel import Sequel
from selftaught.programs.synthesis.stages import Change, Keep, Made, Novel, Source
from selftaught.programs.synthesis.translation import TRANSLATED, Identify, InLanguage, known_languages, translation
from selftaught.registry import method


@method(4, "japanese-self-instruct", family="synthesis", languages=["ja"], edit=True)
@method(2, "polylm", family="synthesis", missing="pre-training; training")
class Multilingual(Sequel):
    """Write new tasks like the seeds in other languages.

    Rows hold `instruction`, `input`, `output` and `language`, a code of ISO 639-1.

    Args:
        seeds: instructions, or dictionaries with `instruction`, `input`, `output`; at least one. Those with a `language` of
            `languages` are taken as they are, all others translated.
        languages: codes of the languages that tasks are written in.
        edit: polish each translation.
        shown: tasks shown to a proposal.
        machine: of them, how many at most are machine-written.
        batch: proposals a round; languages take turns.
        temperature: of the proposals.
        novelty: the highest ROUGE-L F with an earlier instruction of the language.
        unsuitable: words that an instruction must not hold; give some of the languages.
        identify: text -> language code, None where unsure (then the row is dropped).
        propose: `examples`, `tongue` -> `instruction`, `input`, `output`; a step by default.

    Raises:
        SettingError: no seed, an unknown language, or the language detector is needed and not installed.
    """

    def __init__(
        self, seeds: Sequence[str | Mapping[str, Any]], *, languages: Sequence[str] = ("de", "es", "fr"), edit: bool = False,
        shown: int = 4, machine: int = 2, batch: int = 8, temperature: float = 0.7, novelty: float = 0.7,
        unsuitable: Sequence[str] = UNSUITABLE, identify: Identify | None = None, propose: Any = None,
    ) -> None:  # fmt: skip
        known, codes = seed_rows(seeds), known_languages(languages)
        native = [row for row in known if row.get("language") in codes]
        foreign = [dict(row.values) for row in known if row.get("language") not in codes]
        self.drawing: dict[str, Any] = {"shown": shown, "machine": machine, "batch": batch}
        parts: list[Part] = [
            Change(lambda row: row.with_values(tongue=LANGUAGES[row["language"]]), "tongue"),
            Made(propose or Step(PROPOSE), temperature=temperature, name="propose"),  # 2
            Change(lambda row: row.without("examples", "tongue"), "tidy"),
            Clean(unsuitable, english=False),  # 3
            Keep(lambda row: empty(str(row[INSTRUCTION]), str(row["input"]), str(row["output"])), "instance"),
            InLanguage(INSTRUCTION, identify), Novel(INSTRUCTION, novelty, unicode=True, by="language"),
        ]  # fmt: skip
        first = translation(foreign, codes, edit=edit, identify=identify) if foreign else None  # 1
        super().__init__(first, parts, given=native, name="seeds")

    def begun(self, rows: Sequence[Row]) -> tuple[Source, Sequence[Row]]:
        """Draw from a pool for each language."""
        return SeedDraws(rows, fields=TRANSLATED, by="language", **self.drawing), rows


PROPOSE = dspy.make_signature(
    {
        "examples": (list[str], dspy.InputField(desc="tasks that there are")), "tongue": (str, dspy.InputField(desc="the language to write in")),
        INSTRUCTION: (str, dspy.OutputField(desc="a new task", max_length=LONGEST // 2)),
        "input": (str, dspy.OutputField(desc="the text that it is about; empty where it needs none", max_length=600)),
        "output": (str, dspy.OutputField(desc="the right answer", max_length=800)),
    },
    "Think of one new task, different from the examples, and carry it out. Write everything in the given language.", "ProposeTask",
)  # fmt: skip
