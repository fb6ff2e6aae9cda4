"""The blind spot of self-correction (113; Tsui, 2025): does a model mend its own error as it would mend somebody else's?

1. Make a wrong answer from each labelled one by a mechanical error (see `injected`).
2. Show the same text, byte for byte, in three ways: (a) external: in the user's turn, as somebody else's answer;
   (b) internal: as the model's own earlier turn; (c) marker: as (b), with a word that reopens it ("Wait").
3. Score what the model then answers. Blind spot: (external - internal) / external; none where external is 0.
   Marker gain: marker - internal.
4. Show the right answers in the same three ways: the harm is the share that ends wrong.

Departures: (1) emulated: a chat model cannot continue a turn of its own, so (b) and (c) end with a user's turn that asks for the
final answer, and the marker opens that turn. (2) The error is in the answer, not in a step of the reasoning. (3) The paper's
fourth way, a request to think step by step, is left out. (4) Inputs are shown as text.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dspy

from selftaught.figures import Figure, mean_of, unknown
from selftaught.programs.diagnose.differences import Difference, paired
from selftaught.programs.diagnose.injected import Injected, OfOriginal, inject
from selftaught.programs.diagnose.part import MATERIAL, Instrument, Part, examples_needed, how_many, percent, shown
from selftaught.programs.diagnose.pool import Pool
from selftaught.programs.diagnose.spot import review_of, spot_of
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, input_names, render

CONDITIONS = ("external", "internal", "marker")
KINDS = ("wrong", "right")


@method(
    113,
    "self-correction-bench",
    family="diagnose",
    missing="true continuation; errors within the reasoning; the fourth condition",
)
class BlindSpot(Instrument):
    """Does the model mend its own error as it would mend somebody else's?

    Args:
        task: what the answers are answers to.
        marker: reopens the turn.
        like: the program that is diagnosed; its first step's model is asked, the configured one by default.
    """

    name = "blind_spot"

    def __init__(self, task: str | Task, *, marker: str = "Wait.", like: dspy.Module | None = None) -> None:
        super().__init__(task)
        self.marker = marker
        self.ask = Step(_conversation_of(self.task))
        steps = like.predictors() if like is not None else []
        self.ask.lm = getattr(steps[0], "lm", None) if steps else None

    async def measure(self, pool: Pool) -> Part:
        """Ask about wrong and right answers in the three ways."""
        items = await inject(self.task, pool.examples, pool.metric, pool.right_from, pool.seed)
        keys = [(condition, kind, number) for kind in KINDS for condition in CONDITIONS for number in range(len(items))]
        asked = [_asking(items[n], self.turns(items[n].example, getattr(items[n], kind), c)) for c, kind, n in keys]
        rows = await pool.run(self.ask, asked, OfOriginal(pool.metric)) if items else []
        right: dict[tuple[str, str], dict[int, bool]] = {(condition, kind): {} for kind in KINDS for condition in CONDITIONS}
        for row in rows:
            condition, kind, number = keys[row.index]
            if row.score is not None:
                right[condition, kind][number] = pool.is_right(row.score)
        own = {id(one.example): pool.is_right(one.own.right or 0.0) for one in pool.items}
        review = review_of([own.get(id(one.example)) for one in items], right["external", "wrong"], right["external", "right"])
        found = self._found(items, right, len(pool.examples))
        return replace(found, figures={**found.figures, "review": review})

    def turns(self, example: dspy.Example, answer: dict[str, Any], condition: str) -> dict[str, Any]:
        """Return the conversation that shows an answer: earlier turns, and the user's last one."""
        asked = render(input_names(self.task), dict(example.inputs()))
        if condition == "external":
            said = _written(self.ask, self.task, answer)
            return {
                "earlier_turns": dspy.History(messages=[]),
                "users_turn": f"{asked}\n\n{SOMEBODY_ANSWERED}\n{said}\n\n{ASK_AGAIN}",
            }
        last = f"{self.marker} {ASK_AGAIN}" if condition == "marker" else ASK_AGAIN
        return {"earlier_turns": dspy.History(messages=[{"users_turn": asked, **answer}]), "users_turn": last}

    def _found(self, items: Sequence[Injected], right: dict[tuple[str, str], dict[int, bool]], examples: int) -> Part:
        """Return the figures on the items that were answered in all three ways."""
        mended = _together([right[condition, "wrong"] for condition in CONDITIONS])
        kept = _together([right[condition, "right"] for condition in CONDITIONS])
        figures: dict[str, Figure] = {}
        for at, condition in enumerate(CONDITIONS):
            figures[condition] = mean_of([float(row[at]) for row in mended], None)
            figures[f"{condition}_harm"] = mean_of([float(not row[at]) for row in kept], None)
        external, internal, marker = ([float(row[at]) for row in mended] for at in range(3))
        gain = paired(internal, marker, "the bare turn")
        figures["blind_spot"] = spot_of(external, internal)
        figures["marker_gain"] = Figure(gain.value, gain.interval, 0.0, gain.n) if gain.value is not None else unknown("too few", gain.n)  # fmt: skip
        kinds = {kind: sum(one.kind == kind for one in items) for kind in sorted({one.kind for one in items})}
        tests = {
            "external_against_internal": paired(internal, external, "its own turn").to_dict(),
            "marker_against_internal": gain.to_dict(),
        }
        counts = {"emulated": True, "injected": len(items), "left_out": examples - len(items), "kinds": kinds, **tests}
        return Part(self.name, figures, needed=examples_needed(internal, external), counts=counts)

    def conclude(self, found: Part) -> Part:
        """Say how an answer should be shown to this model for review."""
        external, internal, spot = (found.figures[name] for name in ("external", "internal", "blind_spot"))
        if external.value is None or internal.value is None:
            why = "no wrong answer could be made from the labelled ones" if not found.counts["injected"] else "too few answers"
            return replace(found, decision=f"Blind spot undetermined: {why}.")
        base = (
            f"of the injected errors it mends {percent(external)} as somebody else's and {percent(internal)} as its own (emulated); "
            f"right answers are spoiled in {percent(found.figures['external_harm'])} and {percent(found.figures['internal_harm'])}"
        )
        if (review := found.figures["review"]).value is not None and review.interval is not None:
            low, high = (end * 100 for end in review.interval)
            base += f"; a review of every answer would change the score by {review.value * 100:+.0f} points ({low:+.0f} to {high:+.0f}) if its own errors were as easy as these"
        test = found.counts["external_against_internal"]
        wide = f"blind spot {spot}" if spot.value is not None else f"blind spot undetermined, {spot.why}"
        if _shown(test) > 0 and spot.differs > 0:
            return replace(found, answer="yes", decision=f"It overlooks its own errors: {base}; {wide}. Show a draft for review as somebody else's, in a turn of its own.{self._marker(found)}")  # fmt: skip
        if _shown(test) < 0:
            return replace(
                found, answer="no", decision=f"No blind spot: it mends its own errors better; {base}.{self._marker(found)}"
            )
        if spot.value is not None and test["difference"] is not None and test["interval"][1] < MATERIAL:
            return replace(found, answer="no", decision=f"No blind spot worth minding: {base}; {wide}.{self._marker(found)}")
        return replace(
            found,
            decision=f"No blind spot is shown, and none is ruled out: {base}; {wide}{how_many(found)}.{self._marker(found)}",
        )

    def _marker(self, found: Part) -> str:
        test, harm = found.counts["marker_against_internal"], percent(found.figures["marker_harm"])
        if _shown(test) <= 0:
            return ""
        return f" {self.marker!r} helps its own turn: {percent(found.figures['marker'])} mended; it spoils {harm} of the right answers."


def _shown(test: dict[str, Any]) -> int:
    low, high = test["interval"]
    return shown(Difference(test["against"], test["difference"], (low, high), test["p"], test["n"]))


def _asking(one: Injected, turns: dict[str, Any]) -> dspy.Example:
    return dspy.Example(original=one.example, **turns).with_inputs("earlier_turns", "users_turn")


def _together(conditions: Sequence[dict[int, bool]]) -> list[tuple[bool, ...]]:
    """Return the items that were answered in every condition."""
    shared = set.intersection(*(set(one) for one in conditions))
    return [tuple(one[index] for one in conditions) for index in sorted(shared)]


def _conversation_of(task: Task) -> Task:
    """Return a signature of a conversation: earlier turns and the user's `users_turn` -> the task's outputs."""
    fields: dict[str, tuple[Any, Any]] = {
        "earlier_turns": (dspy.History, dspy.InputField()),
        "users_turn": (str, dspy.InputField()),
    }
    fields |= {name: (field.annotation, copy.deepcopy(field)) for name, field in task.output_fields.items()}
    return dspy.make_signature(fields, task.instructions, f"{task.__name__}Conversation")


def _written(step: Step, task: Task, answer: dict[str, Any]) -> str:
    """Return an answer as the adapter in force would write it in the model's own turn."""
    lm = step.lm or dspy.settings.lm
    adapter = dspy.settings.adapter or getattr(lm, "adapter", None) or dspy.ChatAdapter()
    return adapter.format_assistant_message_content(task, answer)


SOMEBODY_ANSWERED = "Somebody answered this:"
ASK_AGAIN = "Give the final answer."
