"""The condition of an If or a Loop: a yes/no field by name, or a function of what is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from selftaught.errors import SettingError
from selftaught.programs.compose.fields import Wires, field_of


class Condition:
    """A yes or no about what is known. A field that holds None counts as no.

    Args:
        given: the name of a bool field, or `not` and its name; or a function from the known values to a truth value.

    Raises:
        SettingError: it is neither.
    """

    def __init__(self, given: Any) -> None:
        words = given.split() if isinstance(given, str) else []
        if not callable(given) and not (
            words and words[-1].isidentifier() and words[:-1] in ([], ["not"]) and words[-1] != "not"
        ):
            raise SettingError(f"condition={given!r}: expected the name of a yes/no field, 'not' and such a name, or a function.")
        self.name: str = words[-1] if words else ""
        self.negated = len(words) == 2
        self.function: Callable[[Mapping[str, Any]], Any] | None = None if words else given

    def wire(self, wires: Wires) -> None:
        """Take the field.

        Raises:
            TaskError: it is of another type than bool.
        """
        if self.name:
            kind = bool | None if self.name in wires.types else bool
            wires.take(self.name, field_of(kind), f"The condition {self.name!r}")

    def holds(self, known: Mapping[str, Any]) -> bool:
        """Return whether it holds."""
        if self.function is not None:
            return bool(self.function(known))
        return bool(known[self.name]) is not self.negated

    @property
    def text(self) -> str:
        """The condition in a diagram."""
        return self.name or getattr(self.function, "__name__", "condition").strip("<>")

    @property
    def answers(self) -> tuple[str, str]:
        """The arrows' labels where it holds and where not."""
        return ("no", "yes") if self.negated else ("yes", "no")
