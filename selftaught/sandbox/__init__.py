"""Running code that nobody vouches for: `await sandbox.default().run(code)`.

The best sandbox that works on this machine is used, and where none works, code is refused; it never runs unprotected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from selftaught.sandbox.protocol import Ended, Limits, Ran, Sandbox

if TYPE_CHECKING:
    from selftaught.sandbox.choice import Candidate

__all__ = ["Ended", "Limits", "Ran", "Sandbox", "available", "default"]


def default() -> Sandbox:
    """Return the best sandbox that works here, one for the whole process.

    Raises:
        SandboxMissing: none works here; the message says why.
    """
    from selftaught.sandbox import choice

    return choice.default()


def available() -> list[Candidate]:
    """Return every sandbox, the best first, with whether it works here and why not. Each was tried with hostile code."""
    from selftaught.sandbox import choice

    return choice.available()
