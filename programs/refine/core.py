"""The refine core: draft, review, gate, stop, revise, select.

1. Make a draft.
2. Review it: problems, acceptable or not, and a score where the critic gives one.
3. Gate: a revision takes the place of the draft it was made from only when it is accepted. Otherwise the draft stays, and the
   next revision is drawn as another sample. A revision that changes nothing is not reviewed again.
4. Stop when the draft is acceptable or nothing could be determined of it, when a revision changes nothing (`stop="unchanged"`),
   or after `rounds` revisions.
5. Revise the draft with its problems, seeing every accepted attempt before it and its problems in order; go to 2.
6. Select among the accepted: the best reviewed one, or the last.

What is refined is the answer. A method that refines something else, as `SelfPolish` does the problem, keeps it in the drafts'
`about` and says anew what the steps do; papers that are this loop with other parts register themselves on it.
"""

from __future__ import annotations

import contextlib
from typing import Any, Literal

import dspy

from selftaught import scope
from selftaught.errors import SettingError, TaskError
from selftaught.programs.base import Calls, Program
from selftaught.programs.judge.base import Judge
from selftaught.programs.refine.costs import one_of, refining_cost
from selftaught.programs.refine.drafts import IMPROVE, Draft, Drafts, Review, review_of
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.signatures import Task, critique_of, output_names, refine_of, render

Select = Literal["best", "newest best", "last"]
Feedback = Literal["specific", "generic", "none"]
Accept = Literal["any", "better"]
Stop = Literal["acceptable", "unchanged", "never"]
AGAIN = 0.7
"""Temperature of a revision that is asked for again."""


class Refine(Program):
    """Draft, review, revise.

    The prediction also holds `rounds` (revisions made), `stopped_by`, and `chosen` (the number of the returned draft, from 0).

    Args:
        task: what to do.
        rounds: the most revisions; 0 is plain generation.
        generate: makes the first draft; a step on the task by default, or any module with the task's fields.
        critic: a judge, or a module from the task's inputs and `draft` to `problems` and `acceptable` (None: cannot tell).
        reviser: a module from the task's inputs, `draft` and `problems` to its outputs; a step by default.
        select: `"best"` reviews the last revision too and never returns a draft that was reviewed as worse than another, the
            earliest of equals; `"newest best"` returns the newest of equals; `"last"` the last accepted draft.
        feedback: `"specific"` tells the reviser what the critic found, who also decides when to stop; `"generic"` only says that
            it can be better, `"none"` says nothing. Then a critic that is given only scores, and there is none by default.
        accept: the gate: `"any"` revision, only one reviewed as `"better"`, or a judge that must prefer it to the draft.
        stop: `"acceptable"`, `"unchanged"` (that too), or `"never"` before `rounds` revisions.

    Raises:
        SettingError: an unknown choice, or `accept="better"` without a critic.
    """

    def __init__(
        self, task: str | Task, *, rounds: int = 1, generate: dspy.Module | None = None, critic: dspy.Module | None = None,
        reviser: dspy.Module | None = None, select: Select = "best", feedback: Feedback = "specific",
        accept: Accept | Judge = "any", stop: Stop = "acceptable",
    ) -> None:  # fmt: skip
        super().__init__(task)
        self.rounds = at_least("rounds", rounds, 0)
        self.select = one_of("select", select, ("best", "newest best", "last"))
        self.feedback = one_of("feedback", feedback, ("specific", "generic", "none"))
        self.stop = one_of("stop", stop, ("acceptable", "unchanged", "never"))
        self.accept = accept if isinstance(accept, Judge) else one_of("accept", accept, ("any", "better"))
        self.generate = generate or Step(self.task)
        self.critic: Any = (critic or (Step(critique_of(self.task)) if feedback == "specific" else None)) if rounds else None
        if accept == "better" and rounds and self.critic is None:
            raise SettingError("accept='better' compares reviews, and there is no critic. Give one, or a judge as accept.")
        if rounds:
            self.revise = reviser or Step(_with_attempts(refine_of(self.task)) if rounds > 1 else refine_of(self.task))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Refine one answer."""
        drafts, new = Drafts(), await self.drafted(inputs)  # 1
        while True:
            new.review = await self._looked_at(inputs, new, drafts)  # 2
            drafts.add(new, accepted=not drafts.made or await self.accepted(inputs, drafts.current, new))  # 3
            if stopped := self.stopped(drafts):  # 4
                break
            again = scope.resampled(f"again{drafts.revisions}", AGAIN) if drafts.rejected else contextlib.nullcontext()
            with again:
                new = await self.revised(inputs, drafts)  # 5
        chosen = self.chosen(drafts)  # 6
        told = {"rounds": drafts.revisions, "stopped_by": stopped, "chosen": drafts.number(chosen), **self.told(drafts, chosen)}
        return self.answer(chosen.outputs, **{name: value for name, value in told.items() if name not in self.task.output_fields})

    async def drafted(self, inputs: dict[str, Any]) -> Draft:
        """Make the first draft."""
        return Draft(self.outputs(await self.generate.acall(**inputs)))

    async def reviewed(self, inputs: dict[str, Any], draft: Draft, drafts: Drafts) -> Review | None:
        """Review a draft; `drafts` are those before it."""
        if self.critic is None:
            return None
        shown = draft.outputs if isinstance(self.critic, Judge) else {"draft": self.text(draft)}
        return review_of(await self.critic.acall(**inputs, **shown))

    async def revised(self, inputs: dict[str, Any], drafts: Drafts) -> Draft:
        """Revise the current draft."""
        review = drafts.current.review
        if review is not None and review.revision is not None:
            return review.revision
        earlier = [f"{self.text(one)}\nProblems: {'; '.join(self._problems(one)) or 'none named'}" for one in drafts.chain[:-1]]
        given = {"attempts": earlier, "draft": self.text(drafts.current), "problems": self._problems(drafts.current)}
        reviser = self.reviser(drafts)
        return Draft(self.outputs(await reviser.acall(**inputs, **_taken(reviser, given))))

    def reviser(self, drafts: Drafts) -> dspy.Module:
        """Return what makes the next revision."""
        return self.revise

    def stopped(self, drafts: Drafts) -> str:
        """Say why no further revision is made; nothing where one is."""
        review = drafts.current.review if self.feedback == "specific" and self.stop != "never" else None
        if review is not None and review.acceptable is not False:
            return "acceptable" if review.acceptable else "undetermined"
        if self.stop == "unchanged" and drafts.unchanged:
            return "unchanged"
        return "rounds" if drafts.revisions >= self.rounds else ""

    def chosen(self, drafts: Drafts) -> Draft:
        """Select the draft to return."""
        reviewed = [draft for draft in drafts.chain if draft.review is not None]
        if self.select == "last" or not reviewed:
            return drafts.current
        return max(
            reversed(reviewed) if self.select == "newest best" else reviewed, key=lambda draft: self.standing(draft.review)
        )

    def standing(self, review: Review | None) -> tuple[float, ...]:
        """Return what reviews are compared by: higher is better."""
        return (review.score,) if review is not None else ()

    def told(self, drafts: Drafts, chosen: Draft) -> dict[str, Any]:
        """Return what else the prediction holds."""
        return {}

    def text(self, draft: Draft) -> str:
        """Return a draft as a critic and a reviser read it."""
        return render(output_names(self.task), draft.outputs)

    @property
    def reads_last(self) -> bool:
        """True when the last revision is reviewed too."""
        return self.select != "last" or self.accept == "better"

    async def _looked_at(self, inputs: dict[str, Any], new: Draft, drafts: Drafts) -> Review | None:
        """Return the review of a draft: the one it has, that of the same draft before it, or a new one where it is needed."""
        if new.review is not None or not self.rounds:
            return new.review
        if drafts.made and new.says(drafts.current):
            return drafts.current.review
        return await self.reviewed(inputs, new, drafts) if len(drafts.made) < self.rounds or self.reads_last else None

    async def accepted(self, inputs: dict[str, Any], draft: Draft, new: Draft) -> bool:
        """Say whether a revision takes the place of its draft."""
        if not isinstance(self.accept, Judge):
            return self.accept == "any" or self.standing(new.review) > self.standing(draft.review)
        return not new.says(draft) and (await self.accept.prefer(inputs, draft.outputs, new.outputs)).better == "second"

    def _problems(self, draft: Draft) -> list[str]:
        if self.feedback != "specific":
            return [IMPROVE] if self.feedback == "generic" else []
        return draft.review.problems if draft.review is not None else []

    def cost(self) -> Calls:
        """Return the calls of one input: fewest when the first draft is acceptable."""
        return refining_cost(self)


def _taken(reviser: dspy.Module, given: dict[str, Any]) -> dict[str, Any]:
    """Return what a reviser takes of what it may be given."""
    signature = getattr(reviser, "signature", None)
    fields = signature.input_fields if signature else reviser.accepts() if isinstance(reviser, Program) else ("draft", "problems")
    return {name: value for name, value in given.items() if name in fields}


def _with_attempts(signature: Task) -> Task:
    if "attempts" in signature.fields:
        raise TaskError("The task has a field named 'attempts', which several rounds of revising need for themselves. Rename it.")
    return signature.insert(-3, "attempts", dspy.InputField(desc="earlier answers and their problems, oldest first"), list[str])
