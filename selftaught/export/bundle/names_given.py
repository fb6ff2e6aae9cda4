"""Names in one file for what comes from many: each its own, and where two are alike the later one says where it is from."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

RESERVED = frozenset({"answer", "aanswer", "Answer", "Output", "PROGRAM", "DEFAULTS", "MODEL_SETTINGS"})
"""Names that the exported file itself defines."""


class Names:
    """Gives names.

    Args:
        hidden: symbol -> names that are local where the symbol is used, so that it cannot have them.
        reserved: names that are given already.
    """

    def __init__(self, hidden: dict[str, set[str]], reserved: Iterable[str]) -> None:
        self.hidden = hidden
        self.given: dict[str, str] = {}
        self.taken: set[str] = {*RESERVED, *reserved}

    def give(self, key: str, wish: str, *, more: Iterable[str] = ()) -> str:
        """Give a name to a key, the wished one if it is free; else with one of `more` behind it, or a number."""
        if key in self.given:
            return self.given[key]
        wish = re.sub(r"\W", "_", wish, flags=re.ASCII).lstrip("0123456789") or "value"
        closed = self.taken | self.hidden.get(key, set())
        choices = [
            wish,
            *(
                f"{wish}_of_{one}" if wish.islower() or wish.startswith("_") else f"{wish}Of{one.title().replace('_', '')}"
                for one in more
            ),
        ]
        choices += [f"{wish}_{number}" for number in range(2, 1000)]
        name = next(one for one in choices if one not in closed and not keyword.iskeyword(one))
        self.given[key] = name
        self.taken.add(name)
        return name
