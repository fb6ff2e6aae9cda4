"""A scripted model for conversations: who speaks is known by the instruction."""

from tests.programs.scripted import asked, scripted
from tests.programs.scripted import ran as talking

__all__ = ["asked", "scripted", "shown", "talking", "told"]


def told(messages, instruction):
    """True for a request with this instruction."""
    return instruction in str(messages[0]["content"])


def shown(messages, name):
    """The one-line value that a prompt shows for an input."""
    lines = str(messages[-1]["content"]).splitlines()
    return next((line.removeprefix(f"{name}: ") for line in lines if line.startswith(f"{name}: ")), "")
