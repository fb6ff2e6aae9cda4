"""Who runs on which set: every registered program that needs nothing but a task, and the controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

VOTES = {f"vote of {samples}": samples for samples in (3, 5)}
"""Voting over reasoned answers, by the name under which it is reported: the control at equal calls."""
COMPARABLE = ("multiarith", "commonsense")
"""Sets whose answers can be counted."""
SHOTS = 8

FITTING = {
    "refine": ("multiarith",), "reflect": ("commonsense",), "vote": ("commonsense",), "search": ("multiarith",),
    "locate": ("multiarith",), "decompose": ("multiarith",), "plan": ("multiarith",), "demonstrate": ("commonsense",),
    "route": ("commonsense",), "retrieve": ("drop",), "code": ("mbpp",),
}  # fmt: skip
"""The sets that a family of programs is for; families that are not here (agents, dialogues, judges, synthesis) do not answer such tasks."""
OTHERS = {
    "self-planning": ("mbpp",), "self-refine": ("multiarith", "ifeval"), "stick": ("ifeval",), "decrim-refine": ("ifeval",),
    "tick-best-of": ("ifeval",), "best-of": ("ifeval",), "ensemble-instruct": ("ifeval",), "self-consistency": ("multiarith", "commonsense"),
    "self-ask": ("drop",), "self-questioning": ("commonsense",), "tree-of-thoughts": ("multiarith", "countdown"),
    "treeinstruct": ("commonsense",), "learnlm": ("commonsense",), "mixture-of-prompts": (), "ranked-instructions": (),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program. `make`: builds it for a task, given examples of it."""

    slug: str
    number: int | None
    serves: str
    sets: tuple[str, ...]
    make: Callable[[Any, list[Any]], Any]


def contestants() -> list[Contestant]:
    """Return the controls, then the registered programs by name."""
    from selftaught.registry import registrations

    found = controls()
    for slug, one in sorted(registrations().items()):
        room, _, rest = one.serves.__module__.removeprefix("selftaught.").partition(".")
        sets = OTHERS.get(slug, FITTING.get(rest.split(".")[0], ())) if room == "programs" else ()
        if sets:
            found.append(Contestant(slug, one.number, one.serves.__qualname__, sets, _maker(one)))
    return found


def controls() -> list[Contestant]:
    """Return plain prediction, reasoning first, and votes over reasoned answers."""
    import selftaught as st

    every = ("multiarith", "commonsense", "ifeval", "drop", "countdown", "mbpp")
    found = [
        Contestant("predict", None, "Predict", every, lambda task, examples: st.Predict(task)),
        Contestant("reasoned", None, "Reasoned", every, lambda task, examples: st.programs.Reasoned(task)),
    ]
    return found + [Contestant(name, None, "SelfConsistency", COMPARABLE, _voting(samples)) for name, samples in VOTES.items()]


def _voting(samples: int) -> Callable[[Any, list[Any]], Any]:
    import selftaught as st

    return lambda task, examples: st.programs.SelfConsistency(task, samples=samples, generate=st.programs.Reasoned(task))


def _maker(one: Any) -> Callable[[Any, list[Any]], Any]:
    import inspect

    from selftaught.embedding import FEATURES

    def make(task: Any, examples: list[Any]) -> Any:
        rows = [dict(example.toDict()) for example in examples]
        known = {
            "examples": [{name: row[name] for name in task.fields if name in row} for row in rows],
            "instructions": [task.instructions, "Think about what is asked, then answer."],
            "centroids": [[1.0] + [0.0] * (FEATURES - 1)],
        }
        parameters = inspect.signature(one.serves.__init__).parameters
        needed = {
            name: known[name]
            for name, told in parameters.items()
            if name in known and (told.default is told.empty or name in NEEDED.get(one.slug, ()))
        }
        return one.serves(task, **{**one.arguments, **needed})

    return make


NEEDED = {"leap-in-context": ("examples",), "smart-meta-strategy": ()}
"""Optional arguments without which a program is plain prediction."""
