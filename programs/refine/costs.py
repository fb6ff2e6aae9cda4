"""What refining costs, and checking its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.judge.base import Judge

if TYPE_CHECKING:
    from selftaught.programs.refine.core import Refine


def refining_cost(program: Refine) -> Calls:
    """Return the calls of one input: the first draft, its reviews, and the revisions with their gate."""
    generate = cost_of(program.generate)
    return generate + _reviewing(program) + _revising(program) if program.rounds else generate


def _sure(program: Refine) -> int:
    """Return how many revisions are made whatever is said."""
    if program.stop == "never" or (program.feedback != "specific" and program.stop == "acceptable"):
        return program.rounds
    return 0 if program.feedback == "specific" else 1


def _reviewing(program: Refine) -> Calls:
    critic = program.critic
    if critic is None:
        return Calls(0, 0)
    many = critic.cost_of_many if isinstance(critic, Judge) else lambda drafts: cost_of(critic) * drafts
    return Calls(many(1).at_least, many(program.rounds + program.reads_last).at_most)  # what is unchanged is not reviewed again


def _revising(program: Refine) -> Calls:
    gate = program.accept.cost_of_preference().optional() if isinstance(program.accept, Judge) else Calls(0, 0)
    each = cost_of(program.revise) + gate
    return Calls(each.at_least * _sure(program), each.at_most * program.rounds)


def one_of(name: str, value: Any, choices: tuple[str, ...]) -> Any:
    """Return a setting that is one of the choices.

    Raises:
        SettingError: it is none of them.
    """
    if value not in choices:
        raise SettingError(f"{name}={value!r}: expected one of {', '.join(map(repr, choices))}.")
    return value
