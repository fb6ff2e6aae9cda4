"""AgentInstruct's flow (132; Mitra et al., 2024): from raw text over an instruction that is made harder step by step to an
answer.

For making varied, hard examples of a task from raw text. Everything rests on the model; nothing is checked unless `verify` is
given.

1. Rewrite the inputs as a text of a form that suits instructions; one form is drawn for each input. A text that came out at less
   than half the length has lost its matter: the inputs stay as they are.
2. Write an instruction for it of each of `kinds_per_input` kinds, drawn from `kinds`, together.
3. For each, `rounds` times: a suggester names ways to make text and instruction harder or trickier, an editor carries out each,
   together. An edit that changes nothing is dropped; the first that is left goes on to the next round.
4. Write the task's outputs for the newest edits first (the instruction itself where no edit is left), up to `most_records` for an
   input. The writer sees text and instruction, no suggestion. `verify` drops records that fail, unless all do.
5. Return the outputs of the first record.

Departures: (1) one form and few kinds by default, where the paper has nine forms and 43 kinds for reading alone: both are
settings. (2) One round; the paper's number is not published.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.answering import answering, shown
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.branches import survivors
from selftaught.programs.given import texts
from selftaught.programs.judge.base import Judge
from selftaught.programs.normalise import normalise
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived, input_names, render

LONGEST_PASSAGE, LONGEST_INSTRUCTION = 800, 300


@dataclass(frozen=True, slots=True)
class Record:
    """A text with an instruction, and where they come from. `edits`: the suggestions that were carried out, in order."""

    passage: str
    instruction: str
    kind: str
    edits: tuple[str, ...] = ()


@method(
    132,
    "agentinstruct",
    family="synthesis",
    missing="tools; training",
)
class InstructFlow(Program):
    """Turn the inputs into a text with a hard instruction, and write the task's outputs for it.

    The prediction also holds `records`: of each the `source` (the inputs as text), `transform`, `kind`, `passage`, `instruction`,
    `edits` and `outputs`.

    Args:
        task: its inputs are the raw text; its outputs are written for text and instruction.
        transforms: forms into which a text may be rewritten.
        kinds: of instructions.
        kinds_per_input: how many of them are used for an input.
        rounds: of suggesting and editing; 0 leaves the instructions as they are.
        suggestions: in a round.
        most_records: answered for an input.
        verify: a judge that a record's outputs must pass.
        seed: of the draws; the same input always draws the same.

    Raises:
        SettingError: no transforms or kinds.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        transforms: Sequence[str] | None = None,
        kinds: Sequence[str] | None = None,
        kinds_per_input: int = 2,
        rounds: int = 1,
        suggestions: int = 2,
        most_records: int = 4,
        verify: Judge | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(task)
        self.transforms = texts("transforms", TRANSFORMS if transforms is None else transforms)
        self.kinds = texts("kinds", KINDS if kinds is None else kinds)
        if not self.transforms or not self.kinds:
            raise SettingError("transforms and kinds: expected at least one of each.")
        self.kinds_per_input = min(at_least("kinds_per_input", kinds_per_input, 1), len(self.kinds))
        self.rounds, self.suggestions = at_least("rounds", rounds, 0), at_least("suggestions", suggestions, 1)
        self.most_records, self.seed, self.verify = at_least("most_records", most_records, 1), seed, verify
        self.transform = Step(
            _asks(
                self.task,
                "Transform",
                REWRITE,
                {"material_form": "the form that the new text must have"},
                material=LONGEST_PASSAGE,
            )
        )
        work = {"material": "a text", "exercise": "what somebody is asked to do with it"}
        wanted = {"material": work["material"], "exercise_kind": "the kind of instruction to write"}
        self.write = Step(_asks(self.task, "Write", WRITE_AN_INSTRUCTION, wanted, exercise=LONGEST_INSTRUCTION))
        if rounds:
            self.suggest = Step(_suggesting(self.task, work, suggestions))
            changed = {**work, "suggestion": "how to change them"}
            self.edit = Step(
                _asks(self.task, "Edit", EDIT, changed, new_material=LONGEST_PASSAGE, new_exercise=LONGEST_INSTRUCTION)
            )
        self.respond = Step(answering(self.task, "Respond", RESPOND, work))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Make records of one input."""
        source = render(input_names(self.task), inputs)
        draws = random.Random(f"{self.seed} {source}")
        form, kinds = draws.choice(self.transforms), draws.sample(self.kinds, self.kinds_per_input)
        passage = (await self.transform.acall(**inputs, material_form=form)).material  # 1
        if len(passage) < len(source) / 2:
            passage, form = source, AS_IT_IS
        made = await survivors(self._chain(inputs, passage, kind) for kind in kinds)  # 2, 3
        records = _in_turn([one for one in made if one])[: self.most_records]
        answers = await survivors(self._answered(inputs, one) for one in records)  # 4
        answered = [(one, found) for one, found in zip(records, answers, strict=True) if found is not None]
        kept = await self._verified(inputs, answered)
        told = [
            {"source": source, "transform": form, "kind": one.kind, "passage": one.passage, "instruction": one.instruction,
             "edits": list(one.edits), "outputs": outputs}
            for one, outputs in kept
        ]  # fmt: skip
        return self.answer(kept[0][1], **({} if "records" in self.task.output_fields else {"records": told}))  # 5

    async def _chain(self, inputs: dict[str, Any], passage: str, kind: str) -> list[Record]:
        """Return an instruction of a kind as it is edited: the newest records first."""
        written = await self.write.acall(**inputs, material=passage, exercise_kind=kind)
        current = Record(passage, written.exercise, kind)
        levels = [[current]]
        for _ in range(self.rounds):
            edited = await self._edited(inputs, current)
            if not edited:
                break
            levels.append(edited)
            current = edited[0]
        return [one for level in reversed(levels[1:]) for one in level] or [current]

    async def _edited(self, inputs: dict[str, Any], record: Record) -> list[Record]:
        """Return what becomes of a record by each suggestion, without edits that change nothing."""
        work = {"material": record.passage, "exercise": record.instruction}
        said = (await self.suggest.acall(**inputs, **work)).suggestions
        wanted = [one for one in dict.fromkeys(said) if one.strip()]
        edits = await survivors(self.edit.acall(**inputs, **work, suggestion=one) for one in wanted)
        made = [
            Record(edit.new_material, edit.new_exercise, record.kind, (*record.edits, one))
            for one, edit in zip(wanted, edits, strict=True)
            if edit is not None
        ]
        return [one for one in made if _key(one) != _key(record)]

    async def _answered(self, inputs: dict[str, Any], record: Record) -> dict[str, Any]:
        return self.outputs(await self.respond.acall(**inputs, material=record.passage, exercise=record.instruction))

    async def _verified(
        self, inputs: dict[str, Any], made: list[tuple[Record, dict[str, Any]]]
    ) -> list[tuple[Record, dict[str, Any]]]:
        """Return the records that pass the judge, or all where none does."""
        judge = self.verify
        if judge is None:
            return made
        verdicts = await survivors(judge.acall(**inputs, **outputs) for _, outputs in made)
        return [one for one, found in zip(made, verdicts, strict=True) if found is not None and found.verdict.passed] or made

    def cost(self) -> Calls:
        """Return the calls of one input; fewest where every edit but one of each kind is dropped."""
        editing = Calls(1, (1 + self.suggestions) * self.rounds) if self.rounds else Calls(0, 0)
        judged = cost_of(self.verify) if self.verify is not None else Calls(0, 0)
        most = min(self.most_records, self.kinds_per_input * max(1, self.rounds * self.suggestions))
        least = min(self.most_records, self.kinds_per_input)
        record = Calls(1, 1) + judged
        answers = Calls((record * least).at_least, (record * most).at_most)
        return Calls(1, 1) + (Calls(1, 1) + editing) * self.kinds_per_input + answers


def _in_turn(chains: Sequence[Sequence[Record]]) -> list[Record]:
    """Return the records of several chains, the first of each, then the second of each, and so on."""
    longest = max(len(chain) for chain in chains)
    return [chain[place] for place in range(longest) for chain in chains if place < len(chain)]


def _key(record: Record) -> tuple[str, str]:
    return normalise(record.passage), normalise(record.instruction)


def _asks(task: Task, role: str, instruction: str, given: dict[str, str], **asked: int) -> Task:
    outputs = {name: (str, dspy.OutputField(max_length=most)) for name, most in asked.items()}
    return derived(task, role, instruction, shown(**given), outputs)


def _suggesting(task: Task, work: dict[str, str], most: int) -> Task:
    asked = dspy.OutputField(desc="each one change, in one sentence", min_length=1, max_length=most)
    return derived(task, "Suggest", SUGGEST, shown(**work), {"suggestions": (list[str], asked)})


TRANSFORMS = (
    "the text itself, made clear",
    "an argument for a claim",
    "a conversation between two people",
    "step-by-step directions",
    "a report of a meeting",
)
KINDS = (
    "a question about a fact",
    "a question that needs several facts together",
    "a question about a cause",
    "a comparison",
    "a what-if question",
    "finding an error",
)
AS_IT_IS = "the inputs as they are"
REWRITE = "Write the whole text again in the given form, in several sentences. Keep every fact."
WRITE_AN_INSTRUCTION = "Write an instruction of the given kind that can be followed with the text alone. Do not follow it."
SUGGEST = "Name ways to make the instruction or the text harder: more steps of thought, a missing piece, a misleading detail."
EDIT = "Change the text and the instruction as the suggestion says. What it does not touch stays word for word."
RESPOND = "Follow the instruction with the text, and write the outputs of the task."
