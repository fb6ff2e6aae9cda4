"""PEER (175; Schick et al., 2022): improve a text by small, explained edits that a person can steer.

For texts that are nearly right. It never restructures the whole, and cosmetic edits may go on: give a judge as gate, or few
rounds. A very small model plans poorly: give it `plans`.

The algorithm is the refine core's, with a planner as critic:
1. Write the text, or take it from the input.
2. Plan: name the next edit in one line; your own plans come first, word for word.
3. Edit: carry out that plan and nothing else.
4. Explain what was changed and why, citing documents by number.
5. Repeat until nothing is planned, nothing changes, or after `rounds` edits.

Departures: (1) one model with three instructions instead of trained ones. (2) A cited number without a document is dropped.
(3) Documents are an input of the task; finding them is the business of a retriever.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_origin

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.given import texts
from selftaught.programs.judge.base import Judge
from selftaught.programs.refine.core import Refine
from selftaught.programs.refine.drafts import Draft, Drafts, Review
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, as_task, derived, refine_of

LONGEST_PLAN = 120
LONGEST_EXPLANATION = 300


@method(175, "peer", family="refine", missing="infilled edit histories; training; retrieving documents")
class Peer(Refine):
    """Plan an edit, carry it out, explain it, repeat.

    The prediction also holds `history`: each edit's `plan`, `edited_text`, `explanation` and `cited_docs` (numbers from 1).

    Args:
        task: what to do.
        rounds: the most edits; 0 is plain generation.
        plans: your own plans for the first rounds, used as they are.
        documents: the input that is a list of documents to cite.
        explain: explain each edit, for one more call.
        generate: writes the text; a step on the task by default, `GivenDraft(task, start="text")` for a text that is there.
        accept: the gate: `"any"` edit, or a judge that must prefer the edited text.

    Raises:
        SettingError: `documents` is no input that is a list.
    """

    def __init__(
        self, task: str | Task, *, rounds: int = 3, plans: Sequence[str] = (), documents: str | None = None,
        explain: bool = True, generate: dspy.Module | None = None, accept: Literal["any"] | Judge = "any",
    ) -> None:  # fmt: skip
        task = as_task(task)
        super().__init__(
            task, rounds=rounds, generate=generate, critic=Step(_plan_of(task)), reviser=Step(refine_of(task, EDIT)),
            select="last", accept=accept, stop="unchanged",
        )  # fmt: skip
        if documents is not None and get_origin(getattr(task.input_fields.get(documents), "annotation", None)) is not list:
            raise SettingError(f"documents={documents!r}: expected an input of the task that is a list.")
        self.plans, self.documents = texts("plans", plans), documents
        if explain and rounds:
            self.explain = Step(_explanation_of(task, documents is not None))

    async def reviewed(self, inputs: dict[str, Any], draft: Draft, drafts: Drafts) -> Review | None:
        """Plan the next edit."""
        number = len(drafts.chain)
        if number < len(self.plans):
            return Review([self.plans[number]], acceptable=False, score=0.0)
        found = await self.critic.acall(**inputs, draft=self.text(draft))
        plan = found.plan.strip()
        return Review([plan], acceptable=bool(found.finished) or not plan, score=0.0)

    async def revised(self, inputs: dict[str, Any], drafts: Drafts) -> Draft:
        """Carry out the plan, and explain what was changed."""
        before, new = drafts.current, await super().revised(inputs, drafts)
        if new.says(before) or not hasattr(self, "explain"):
            return new
        said = await self.explain.acall(**inputs, draft=self.text(before), edited=self.text(new))
        known = range(1, len(inputs.get(self.documents, ())) + 1) if self.documents else ()
        cited = list(dict.fromkeys(number for number in said.get("sources", ()) if number in known))
        new.notes = {"explanation": said.explanation, "cited_docs": cited}
        return new

    def told(self, drafts: Drafts, chosen: Draft) -> dict[str, Any]:
        """Return the accepted edits, in order."""
        pairs = zip(drafts.chain, drafts.chain[1:], strict=False)
        return {"history": [self._edit(old, new) for old, new in pairs if not new.says(old)]}

    def _edit(self, old: Draft, new: Draft) -> dict[str, Any]:
        plan = old.review.problems[0] if old.review is not None else ""
        return {"plan": plan, "edited_text": self.text(new), "explanation": "", "cited_docs": [], **new.notes}

    def cost(self) -> Calls:
        """Return the calls of one input."""
        if not self.rounds:
            return cost_of(self.generate)
        own = min(len(self.plans), self.rounds)
        plan, edit = cost_of(self.critic) * (self.rounds - own), cost_of(self.revise)
        explain = cost_of(self.explain) * self.rounds if hasattr(self, "explain") else Calls(0, 0)
        gate = self.accept.cost_of_preference() * self.rounds if isinstance(self.accept, Judge) else Calls(0, 0)
        least = edit.at_least if own else plan.at_least // self.rounds
        return cost_of(self.generate) + Calls(least, (plan + edit * self.rounds + explain + gate).at_most)


def _plan_of(task: Task) -> Task:
    given = {"draft": (str, dspy.InputField(desc="the text so far"))}
    plan = dspy.OutputField(desc="a short command: replace, add or remove what", max_length=LONGEST_PLAN)
    asked = {"finished": (bool, dspy.OutputField(desc="the text needs no edit")), "plan": (str, plan)}
    return derived(task, "Plan", PLAN_ONE_EDIT, given, asked)


def _explanation_of(task: Task, documents: bool) -> Task:
    given = {"draft": (str, dspy.InputField(desc="the text before")), "edited": (str, dspy.InputField(desc="the text after"))}
    said = dspy.OutputField(desc="one sentence", max_length=LONGEST_EXPLANATION)
    sources = dspy.OutputField(desc="numbers of the documents that support it, from 1", max_length=5)
    cited = {"sources": (list[int], sources)} if documents else {}
    return derived(task, "Explain", EXPLAIN_THE_EDIT, given, {"explanation": (str, said), **cited})


PLAN_ONE_EDIT = "A text for the task is given. Find a mistake or a weak place in it and say how to change it."
EDIT = "Carry out the listed edit of the text, and change nothing else."
EXPLAIN_THE_EDIT = "A text for the task was edited. Say in one sentence what was changed and why."
