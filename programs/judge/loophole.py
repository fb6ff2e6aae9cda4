"""Specification self-correction (119; Gallego, 2025): game the rubric, see how, mend it, and only then rely on it.

For a rubric, a metric's text or a policy that may hold a loophole, before anything is tuned against it. A deliberate odd
rule looks like a loophole too: the change is shown, and nothing is changed that was not confirmed.

1. Answer the task so that the rubric gives the highest score.   2. Criticise that answer against the rubric.
3. Rewrite the rubric with the answer and the critique in view; an empty rewriting leaves the rubric as it is, flagged.
4. Answer afresh with the rewritten rubric alone.

Departures: (1) what the paper says in one conversation stands in the fields of one prompt each. (2) Without a rubric the
task's own instruction is the specification. (3) The change has to be confirmed (`confirmed`).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from selftaught.errors import SettingError, TaskError, UnconfirmedRepair
from selftaught.programs.base import Calls, Program
from selftaught.programs.given import texts
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, as_task, output_names, render

OWN_FIELDS = ("rubric", "first_response", "critique", "revised", "diff", "changed", "flagged")


@dataclass(frozen=True, slots=True)
class Repair:
    """What a loophole check found.

    `original` and `revised`: the rubric before and after; `diff`: unified, by lines; `first_response`: the answer that games
    the original; `critique` of it; `response`: the answer to the revised rubric; `changed`: the two differ by more than
    spaces; `flagged`: the revision was empty, so that `revised` is the original.
    """

    original: str
    revised: str
    diff: str
    first_response: str
    critique: str
    response: str
    changed: bool
    flagged: bool


@method(119, "specification-self-correction", family="judge")
class LoopholeCheck(Program):
    """Game a rubric, mend it, and answer under the mended one.

    The prediction holds the task's outputs (the answer under the revised rubric) and the fields of `Repair`.

    Args:
        task: what is scored.
        rubric: the specification; by default the task's own instruction.

    Raises:
        SettingError: the rubric is empty. TaskError: the task has a field of a name that the steps need.
    """

    def __init__(self, task: str | Task, *, rubric: str | None = None) -> None:
        super().__init__(task)
        if rubric is not None and not rubric.strip():
            raise SettingError("rubric='': there is nothing to check. Give the text that answers are scored by.")
        if taken := sorted(set(self.task.fields) & set(OWN_FIELDS)):
            raise TaskError(
                f"The task {self.task.__name__} has a field named {taken[0]!r}, which the check needs for itself. Rename the field."
            )
        self.rubric = rubric
        base = self.task if rubric is not None else self.task.with_instructions(FOLLOW_THE_RUBRIC)
        self.game = Step(_graded(base, ANSWER_FOR_THE_SCORE))
        self.criticise = Step(
            _examined(base, CRITICISE_AGAINST_THE_RUBRIC, ["first_response"], "critique", "what the rubric makes of it")
        )
        self.revise = Step(
            _examined(base, MEND_THE_RUBRIC, ["first_response", "critique"], "revised", "the rubric's new text, all of it")
        )
        self.again = Step(_graded(base, ANSWER_UNDER_THE_RUBRIC))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Check the rubric on one input."""
        names, rubric = output_names(self.task), self.rubric or self.task.instructions
        first = render(names, await self.game.acall(**inputs, rubric=rubric))  # 1
        seen = {**inputs, "rubric": rubric, "first_response": first}
        critique = str((await self.criticise.acall(**seen)).critique)  # 2
        said = str((await self.revise.acall(**seen, critique=critique)).revised).strip()  # 3
        revised = said or rubric
        final = await self.again.acall(**inputs, rubric=revised)  # 4
        found = {
            "original": rubric, "revised": revised, "diff": difference(rubric, revised), "first_response": first, "critique": critique,
            "response": render(names, final), "changed": _bare(revised) != _bare(rubric), "flagged": not said,
        }  # fmt: skip
        return self.answer(final, **{name: value for name, value in found.items() if name not in names})

    def cost(self) -> Calls:
        """Return that one input takes four calls."""
        return Calls(4, 4)


def repair_specification(rubric: str, task: str | Task, inputs: Mapping[str, Any] | None = None) -> Repair:
    """Look for the loophole of a rubric on one input of a task; four calls.

    Args:
        rubric: the text that answers are scored by.
        task: a task, or a request in plain words ("Write a review of the film.").
        inputs: one typical input of the task; not needed for a request.

    Returns:
        the repair, to be confirmed with `confirmed`.

    Raises:
        SettingError: the rubric is empty. InputError: an input is missing.
    """
    if isinstance(task, str) and "->" not in task:
        request = dspy.make_signature("request -> response", "Do what is requested.")
        return repair_specification(rubric, request, {"request": task})
    found = LoopholeCheck(task, rubric=rubric)(**(inputs or {}))
    names = output_names(as_task(task))
    kept = {name: found[name] for name in Repair.__slots__ if name in found}
    return Repair(**{**kept, "response": render(names, found)})


def repair_criteria(criteria: Sequence[str], task: str | Task, inputs: Mapping[str, Any] | None = None) -> Repair:
    """Look for the loophole of a list of criteria, one a line; see `repair_specification` and `criteria_of`."""
    return repair_specification("\n".join(f"- {' '.join(one.split())}" for one in texts("criteria", criteria)), task, inputs)


def criteria_of(rubric: str) -> list[str]:
    """Return the lines of a rubric as criteria, without bullets and numbers."""
    lines = (line.strip().lstrip("-*•").strip() for line in rubric.splitlines())
    bare = (line.partition(" ")[2] if line.partition(" ")[0].rstrip(".):").isdigit() else line for line in lines)
    return [line.strip() for line in bare if line.strip()]


def confirmed(finding: Repair, accept: bool | Callable[[str], bool] = False) -> str:
    """Return the rubric to use: the revised one where its change is confirmed, the original where there is none.

    Args:
        finding: of `repair_specification`.
        accept: True to accept every change (`--accept`), or a function that is shown the difference and decides.

    Raises:
        UnconfirmedRepair: the rubric was changed and the change is not accepted.
    """
    if not finding.changed:
        return finding.original
    if accept(finding.diff) if callable(accept) else accept:
        return finding.revised
    raise UnconfirmedRepair(
        "The rubric was rewritten to close a loophole, and the change is not confirmed. Accept it with accept=True (--accept), "
        f"or go on with your own rubric; an odd rule may be there on purpose.\n{finding.diff}"
    )


def criteria_kept(original: str, revised: str) -> float:
    """Return the share of the original's lines that the revised text still has: at least 0.6 of a line's words in one line."""
    wanted, left = ([set(line.lower().split()) for line in criteria_of(text)] for text in (original, revised))
    return sum(any(len(line & one) >= 0.6 * len(line) for one in left) for line in wanted) / len(wanted) if wanted else 1.0


def difference(original: str, revised: str) -> str:
    """Return the unified difference of two rubrics, by lines; empty where they are equal."""
    lines = difflib.unified_diff(original.splitlines(), revised.splitlines(), "rubric", "revised rubric", lineterm="")
    return "\n".join(lines)


def _bare(text: str) -> str:
    return " ".join(text.split())


def _graded(task: Task, instruction: str) -> Task:
    """Return the task with the rubric as one more input."""
    shown = task.with_instructions(f"{instruction}\n\nThe task: {task.instructions}")
    return shown.append("rubric", dspy.InputField(desc="what a judge scores the answer by"), str)


def _examined(task: Task, instruction: str, given: Sequence[str], asked: str, description: str) -> Task:
    """Return the signature of a step that reads the task's inputs, the rubric and what was said, and writes one text."""
    fields: dict[str, Any] = {name: (field.annotation, _input(field)) for name, field in task.input_fields.items()}
    fields["rubric"] = (str, dspy.InputField(desc="what a judge scores the answer by"))
    fields |= {name: (str, dspy.InputField(desc=SAID[name])) for name in given}
    fields[asked] = (str, dspy.OutputField(desc=description))
    return dspy.make_signature(fields, f"{instruction}\n\nThe task: {task.instructions}", asked.capitalize())


def _input(field: Any) -> Any:
    return (
        dspy.InputField(desc=(field.json_schema_extra or {}).get("desc", ""))
        if field.is_required()
        else dspy.InputField(default=field.default)
    )


SAID = {"first_response": "an answer that was written for the score alone", "critique": "how the rubric let it through"}
FOLLOW_THE_RUBRIC = "Follow the rubric."
ANSWER_FOR_THE_SCORE = (
    "A judge scores your answer by the rubric and by nothing else. Answer so that the score is as high as it can be."
)
CRITICISE_AGAINST_THE_RUBRIC = (
    "An answer was written for the highest score under the rubric. Say what in it serves the task, what only serves the score, "
    "and which words of the rubric invite that."
)
MEND_THE_RUBRIC = (
    "Rewrite the rubric so that a high score takes a good answer. Remove or reword what invites answers that serve only the "
    "score; keep every other requirement as it stands. Other people will use the new text without having seen this one."
)
ANSWER_UNDER_THE_RUBRIC = "Answer the task well. The rubric says what a good answer is."
