"""Self-Polish (019; Xi et al., 2023): rewrite the problem, not the answer, until the answers agree.

For cluttered or disordered inputs and an otherwise sound solver. Clean inputs gain little, and a condition that was lost in the
rewriting makes two wrong answers agree. A very small model drops facts: mind step 3's guard.

The algorithm is the refine core's with the problem as what is refined:
1. Solve the problem as it was given.
2. Rewrite it: clutter out, conditions in order, local ones merged, numbers and meaning kept.
3. A rewriting that lost a number of the given problem is rejected; the next one is another sample.
4. Solve the rewritten problem. Stop when the answer equals the one before it, or after `rounds` rewritings; else go to 2.
5. Where no two answers in a row agreed: the last answer, or by `select`.

Departures: (1) step 3; `keep_numbers=False` leaves it out, for clutter that holds numbers. (2) A problem that was not changed is
not solved again. (3) `rounds` counts rewritings; the paper's count of 3 stops before the third one, so it is `rounds=2`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.given import listed
from selftaught.programs.normalise import answer_key, normalise
from selftaught.programs.refine.core import Refine
from selftaught.programs.refine.costs import one_of
from selftaught.programs.refine.drafts import Draft, Drafts
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, as_task, derived, output_names, render

POLISHED = "polished_"
LONGEST_PROBLEM = 1500
"""Characters of a rewritten input."""
NUMBER = re.compile(r"\d[\d,]*\.?\d*")


@method(19, "self-polish", family="refine")
class SelfPolish(Refine):
    """Rewrite the problem until the answers to it agree.

    The prediction also holds `problems` (as solved, the given one first), `answers` to them, and `converged`.

    Args:
        task: what to do.
        rounds: the most rewritings; 0 is the plain solver.
        generate: the solver; a step on the task by default.
        fields: the inputs that are rewritten; all of type `str` by default.
        select: what to return where no two answers in a row agree: `"last"`, `"original"`, `"first"` (of the first rewriting), or
            `"vote"`, which is the original's where all differ.
        keep_numbers: reject a rewriting that lost a number.

    Raises:
        SettingError: no input of type `str`, or a field that is none.
    """

    def __init__(
        self, task: str | Task, *, rounds: int = 2, generate: dspy.Module | None = None, fields: Sequence[str] | None = None,
        select: Literal["last", "original", "first", "vote"] = "last", keep_numbers: bool = True,
    ) -> None:  # fmt: skip
        task = as_task(task)
        texts = _texts_of(task, fields)
        super().__init__(task, rounds=rounds, generate=generate, reviser=Step(_polish_of(task, texts)), feedback="none")
        self.fields, self.keep_numbers = texts, keep_numbers
        self.select = one_of("select", select, ("last", "original", "first", "vote"))

    async def drafted(self, inputs: dict[str, Any]) -> Draft:
        """Solve the problem as it was given."""
        return Draft(
            (await super().drafted(inputs)).outputs, about={name: inputs[name] for name in self.fields if name in inputs}
        )

    async def revised(self, inputs: dict[str, Any], drafts: Drafts) -> Draft:
        """Rewrite the problem and solve it, where it was changed and may be."""
        now = drafts.current
        said = await self.revise.acall(**{**inputs, **now.about})
        new = Draft(now.outputs, about={name: said[POLISHED + name].strip() for name in now.about})
        if not new.says(now) and self._kept(drafts.made[0].about, new.about):
            new.outputs = self.outputs(await self.generate.acall(**{**inputs, **new.about}))
            new.notes["solved"] = True
        return new

    async def accepted(self, inputs: dict[str, Any], draft: Draft, new: Draft) -> bool:
        """Accept a rewriting that was fit to be solved, or changes nothing."""
        return new.says(draft) or "solved" in new.notes

    def stopped(self, drafts: Drafts) -> str:
        """Stop when two answers in a row agree."""
        return "converged" if not drafts.rejected and self._converged(drafts) else super().stopped(drafts)

    def chosen(self, drafts: Drafts) -> Draft:
        """Return the answer that two problems agree on, or the one that `select` names."""
        chain = drafts.chain
        if self._converged(drafts) or self.select == "last":
            return drafts.current
        if self.select != "vote":
            return chain[0 if self.select == "original" else min(1, len(chain) - 1)]
        votes = Counter(self._key(draft) for draft in chain)
        return max(chain, key=lambda draft: votes[self._key(draft)])  # the original where all differ: the first of equals

    def told(self, drafts: Drafts, chosen: Draft) -> dict[str, Any]:
        """Return the problems and their answers."""
        problems = [render(self.fields, draft.about) for draft in drafts.chain]
        return {
            "problems": problems,
            "answers": [self.text(draft) for draft in drafts.chain],
            "converged": self._converged(drafts),
        }

    def _converged(self, drafts: Drafts) -> bool:
        return len(drafts.chain) > 1 and self._key(drafts.chain[-1]) == self._key(drafts.chain[-2])

    def _key(self, draft: Draft) -> str:
        return answer_key(draft.outputs, output_names(self.task))

    def _kept(self, given: dict[str, Any], polished: dict[str, Any]) -> bool:
        """True when nothing became empty, and no number of the given problem is gone."""
        if any(text.strip() and not polished[name] for name, text in given.items()):
            return False
        return not self.keep_numbers or _numbers(given) <= _numbers(polished)

    def cost(self) -> Calls:
        """Return the calls of one input: fewest when the first rewriting changes nothing."""
        solve, polish = cost_of(self.generate), cost_of(self.revise) if self.rounds else Calls(0, 0)
        return solve + Calls(polish.at_least, polish.at_most * self.rounds) + solve.optional() * self.rounds


def _texts_of(task: Task, fields: Sequence[str] | None) -> list[str]:
    texts = [name for name, field in task.input_fields.items() if field.annotation is str]
    chosen = texts if fields is None else listed("fields", fields, str, "names of inputs")
    if not chosen or set(chosen) - set(texts):
        raise SettingError(f"fields={fields!r}: expected inputs of type str; the task {task.__name__} has {texts or 'none'}.")
    return chosen


def _polish_of(task: Task, fields: list[str]) -> Task:
    asked = {
        POLISHED + name: (
            str,
            dspy.OutputField(desc=f"`{name}` in full, rewritten: its facts, then what is asked", max_length=LONGEST_PROBLEM),
        )
        for name in fields
    }
    return derived(task, "Polish", REWRITE_THE_PROBLEM, {}, asked)


def _numbers(texts: dict[str, Any]) -> set[str]:
    return {normalise(found.rstrip(".,")) for text in texts.values() for found in NUMBER.findall(text)}


REWRITE_THE_PROBLEM = (
    "Copy the input of the task in clearer words, for somebody who will do the task and see nothing else. Keep every fact and "
    "number that is needed, in a sensible order, and what is asked. Leave out what does not matter. Do not do the task."
)
