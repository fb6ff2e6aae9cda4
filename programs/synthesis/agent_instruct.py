"""AgentInstruct (132; Mitra et al., 2024), its data: from raw text to hard instructions with answers, in three flows.

For much varied data of a skill for which there are no prompts, only texts. All rests on the model; nothing is checked unless
`verify` is given.

1. Content transformation: rewrite each piece into a drawn form.
2. Instruction seeds: `per_piece` instructions, each of a kind of the taxonomy; the kinds take turns, so that all of them come.
3. Refinement, `rounds` times: suggest ways to make text and instruction harder, carry out each. Drop an edit that changes
   nothing.
4. Answer; the answering step sees text and instruction, no suggestion. At most `most` rows of a piece.

The steps are those of `InstructFlow`, which does the same for one input. Departures: (1) few forms and kinds by default, where
the paper has nine forms and 43 kinds for reading alone: both are settings. (2) One round; the paper's number is not published.
(3) No tools.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from selftaught.errors import SettingError
from selftaught.programs.dialogue.instruct_flow import InstructFlow
from selftaught.programs.judge.base import Judge
from selftaught.programs.normalise import normalise
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.documents import PIECE, Documents, Given
from selftaught.programs.synthesis.evolve_rules import unanswered
from selftaught.programs.synthesis.gates import AtMost
from selftaught.programs.synthesis.pipeline import Part, Pipeline
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Change, Distinct, Judged, Keep, Made
from selftaught.registry import method


class Flows(Documents):
    """Begins each piece with a form drawn for it, and the next kinds of instructions.

    Args:
        forms: into which a piece may be rewritten.
        kinds: of instructions.
        per_piece: kinds of each piece.
        documents, piece, batch: see `Documents`.
    """

    def __init__(
        self, documents: Given, forms: Sequence[str], kinds: Sequence[str], per_piece: int, piece: int, batch: int
    ) -> None:
        super().__init__(documents, piece=piece, batch=batch)
        self.forms, self.kinds, self.per_piece = list(forms), list(kinds), min(per_piece, len(kinds))

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row] | None:
        """Return the next pieces with their forms and kinds."""
        begun = super().begin(number, accepted, seed)
        if begun is None:
            return None
        rows = []
        for place, row in enumerate(begun):
            form = random.Random(f"{seed} {row['document']} {row['piece']}").choice(self.forms)
            first = (number * self.batch + place) * self.per_piece
            kinds = [self.kinds[(first + turn) % len(self.kinds)] for turn in range(self.per_piece)]
            rows.append(row.with_values(form=form, kinds=kinds))
        return rows


@method(132, "agentinstruct-data", family="synthesis", missing="tools that the answers may use; training on the rows")
class AgentInstruct(Pipeline):
    """Make hard instructions with answers from raw text.

    Rows hold `instruction`, `input` (the text as it became), `output`, `form`, `kind`, `edits` (the suggestions carried out),
    `document` and `piece`.

    Args:
        documents: texts, or dictionaries with a `text` and perhaps an `id`, a `title` and more.
        flow: whose steps, forms (`transforms`) and kinds are used; a new one by default. Its task takes `text` and gives
            `response`.
        per_piece: instructions of each piece.
        rounds: of suggesting and editing; 0 leaves the instructions as they are.
        most: rows of a piece.
        verify: a judge of `instruction`, `input` and `output`.
        piece: characters of a piece, at most.
        temperature: of transformations, instructions and suggestions.
        batch: pieces a round.

    Raises:
        SettingError: no document, or a setting that is none.
    """

    def __init__(
        self, documents: Given, *, flow: InstructFlow | None = None, per_piece: int = 2, rounds: int = 1, most: int = 4,
        verify: Judge | None = None, piece: int = PIECE, temperature: float = 0.7, batch: int = 16,
    ) -> None:  # fmt: skip
        steps = flow or InstructFlow(RAW, rounds=at_least("rounds", rounds, 0))
        if rounds and not hasattr(steps, "suggest"):
            raise SettingError(f"rounds={rounds}: the flow has no steps to refine with. Build it with rounds=1 or more.")
        named = {"material": "input", "exercise": "instruction"}
        form, write = {"material": "input", "material_form": "form"}, {**named, "exercise_kind": "kind"}
        parts: list[Part] = [
            Made(steps.transform, rename=form, temperature=temperature, name="transform"),  # 1
            Change(by_kind, "kinds"),
            Made(steps.write, rename=write, temperature=temperature, name="write"),  # 2
            Distinct("input", "instruction"),
        ]
        for number in range(1, rounds + 1):  # 3
            parts += refining(steps, number, temperature)
        super().__init__(
            Flows(documents, steps.transforms, steps.kinds, at_least("per_piece", per_piece, 1), piece, batch),
            [
                *parts,
                Change(lambda row: row.with_values(of=f"{row['document']} {row['piece']}", edits=row.get("edits", [])), "trace"),
                AtMost("of", most),
                Made(steps.respond, rename={**named, "response": "output"}, name="respond"),  # 4
                Keep(lambda row: unanswered(str(row["output"]), str(row["instruction"])), "answered"),
                *([] if verify is None else [Judged(verify, name="verify")]),
                Change(lambda row: row.without("text", "of", "pass"), "form"),
            ],
        )


def by_kind(row: Row) -> list[Row]:
    """Return a row for each of the kinds."""
    return [row.split(number, {**row.without("kinds").values, "kind": kind}) for number, kind in enumerate(row["kinds"])]


def refining(steps: InstructFlow, number: int, temperature: float) -> list[Part]:
    """Return the parts of one round of refinement."""
    named = {"material": "input", "exercise": "instruction"}
    edited = {**named, "new_material": "new input", "new_exercise": "new instruction"}
    return [
        Made(
            steps.suggest, split="suggestions", rename={**named, "suggestions": "suggestion"}, temperature=temperature,
            name=f"suggest {number}",
        ),
        Made(steps.edit, rename=edited, name=f"edit {number}"),
        Keep(changed, f"changes nothing {number}"),
        Change(taken, f"edited {number}"),
    ]  # fmt: skip


def changed(row: Row) -> bool:
    """True where an edit changed the text or the instruction."""
    return any(normalise(row[f"new {name}"]) != normalise(row[name]) for name in ("input", "instruction"))


def taken(row: Row) -> Row:
    """Return a row with its edit in place of what was edited."""
    new = {name: row[f"new {name}"] for name in ("input", "instruction")}
    edits = [*row.get("edits", []), row["suggestion"]]
    return row.without("new input", "new instruction", "suggestion").with_values(**new, edits=edits)


def coverage(rows: Sequence[Row], kinds: Sequence[str]) -> dict[str, int]:
    """Return how many rows there are of each kind of a taxonomy, those without any included."""
    counts = Counter(str(row["kind"]) for row in rows)
    return {kind: counts[kind] for kind in kinds}


RAW = "text -> response"
"""The task of the flow: raw text, and what is answered to an instruction about it."""
