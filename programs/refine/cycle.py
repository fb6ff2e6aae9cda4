"""CyclePrompt (109; Diesendruck, Lin et al., 2024): translate the answer back into its input; what was lost becomes a hint.

For tasks without a checker whose answer can be translated back: code, summaries, queries. Consistent is not correct, and an
answer of a word or a number cannot be translated back. Where tests can run, run them.

The algorithm is the refine core's, with the reconstruction as critic:
1. Forward: answer the input.
2. Backward: from the answer ALONE, describe the input that it must have been given for.
3. Discriminate: compare the input with its description; where they differ in what matters, give a hint.
4. Consistent: stop. Otherwise answer the input anew with all hints so far, the newest last, and without the old answer; go to 2.
5. After `rounds` new answers, return the last one, unjudged.

Departures: (1) two rounds, and hints accumulate; as far as we know the paper says neither. (2) A description that only
repeats the answer, as very small models give, tells nothing: the answer is returned, `stopped_by="undetermined"`.
"""

from __future__ import annotations

from typing import Any, Literal

import dspy

from selftaught.errors import TaskError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.normalise import normalise
from selftaught.programs.refine.core import Refine
from selftaught.programs.refine.drafts import Draft, Drafts, Review, review_of
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, as_task, critique_of, input_names, proposal_of, render

LONGEST_HINT = 200


@method(109, "cycleprompt", family="refine")
class CycleRefine(Refine):
    """Answer, translate the answer back, and answer anew with hints on what was lost.

    The prediction also holds `consistent` (None where nobody could tell), `hints`, and `reconstructions`.

    Args:
        task: what to do.
        rounds: the most new answers; 0 is plain generation.
        generate: answers the first time; a step on the task by default.
        critic: translates back and compares; `Reconstruction` by default.
        select: `"last"`, or `"best"`, which judges the last answer too and prefers a consistent one.
    """

    def __init__(
        self, task: str | Task, *, rounds: int = 2, generate: dspy.Module | None = None, critic: dspy.Module | None = None,
        select: Literal["best", "last"] = "last",
    ) -> None:  # fmt: skip
        task = as_task(task)
        super().__init__(
            task, rounds=rounds, generate=generate, critic=critic or Reconstruction(task), reviser=Step(_with_hints(task)),
            select=select,
        )  # fmt: skip

    async def reviewed(self, inputs: dict[str, Any], draft: Draft, drafts: Drafts) -> Review | None:
        """Translate an answer back, and compare."""
        if self.critic is None:
            return None
        found = await self.critic.acall(**inputs, draft=self.text(draft))
        draft.notes["reconstruction"] = found.get("reconstruction", "")
        return review_of(found)

    async def revised(self, inputs: dict[str, Any], drafts: Drafts) -> Draft:
        """Answer anew with every hint so far."""
        return Draft(self.outputs(await self.revise.acall(**inputs, hints=_hints(drafts))))

    def told(self, drafts: Drafts, chosen: Draft) -> dict[str, Any]:
        """Return the hints and the reconstructions."""
        seen = [draft.notes["reconstruction"] for draft in drafts.made if "reconstruction" in draft.notes]
        consistent = None if chosen.review is None else chosen.review.acceptable
        return {"consistent": consistent, "hints": _hints(drafts), "reconstructions": seen}


class Reconstruction(Program):
    """Criticise an answer by what of the input can be read from it.

    It takes the task's inputs and `draft`, and returns `problems` (one hint), `acceptable` (None where the answer was only
    repeated) and `reconstruction`.

    Args:
        task: what the answers are answers to.
    """

    def __init__(self, task: str | Task) -> None:
        super().__init__(critique_of(task))
        self.answers = as_task(task)
        self.backward = Step(backward_of(self.answers), temperature=0.0)
        self.compare = Step(COMPARISON, temperature=0.0)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Translate one answer back, and compare."""
        given, draft = render(input_names(self.answers), inputs), inputs["draft"]
        described = str((await self.backward.acall(answer=draft)).described)
        if normalise(described) == normalise(draft) != normalise(given):
            return dspy.Prediction(problems=[], acceptable=None, reconstruction=described)
        found = await self.compare.acall(given=given, guessed=described)
        hint = str(found.hint).strip()
        return dspy.Prediction(
            problems=[hint] if hint else [], acceptable=bool(found.consistent), reconstruction=described
        )  # fmt: skip

    def cost(self) -> Calls:
        """Return the calls of one answer."""
        return cost_of(self.backward) + cost_of(self.compare).optional()


def backward_of(task: Task) -> Task:
    """Return the signature of the way back: an answer, and nothing else, to the input it was given for."""
    parts = ", ".join(name.replace("_", " ") for name in task.input_fields)
    given = {"answer": "what somebody answered"}
    return proposal_of("Backward", f"{TRANSLATE_BACK} It had: {parts}.", given, asked="described", described="the input in full")


def _hints(drafts: Drafts) -> list[str]:
    return [hint for draft in drafts.chain if draft.review and not draft.review.acceptable for hint in draft.review.problems]


def _with_hints(task: Task) -> Task:
    if "hints" in task.fields:
        raise TaskError(f"The task {task.__name__} has a field named 'hints', which the next answer needs for itself. Rename it.")
    hints = dspy.InputField(desc="what earlier answers missed; mind it")
    return task.append("hints", hints, list[str])


TRANSLATE_BACK = (
    "Somebody was given an input and wrote this answer. Write the input that the answer must have been for. "
    "Use only what the answer says."
)
COMPARE = (
    "An input was guessed from its answer alone. Compare the guess with what was really given. If they agree in all that "
    "matters, they are consistent. If not, write a hint for the next answer: what did this one miss or get wrong?"
)
COMPARISON = dspy.make_signature(
    {
        "given": (str, dspy.InputField(desc="what was really given")),
        "guessed": (str, dspy.InputField(desc="what was guessed from the answer")),
        "consistent": (bool, dspy.OutputField(desc="they agree in all that matters")),
        "hint": (str, dspy.OutputField(desc="one short sentence of advice; empty if consistent", max_length=LONGEST_HINT)),
    },
    COMPARE,
    "Discriminate",
)
