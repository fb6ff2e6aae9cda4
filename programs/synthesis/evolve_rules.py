"""Elimination rules: which evolved instructions and answers are of no use, told without a model.

Of Evol-Instruct (Xu et al., 2023): an instruction that says the same as before or repeats the prompt that it was evolved with; an
answer that refuses or says nothing. Of Auto Evol-Instruct (Zeng et al., 2024): an answer that hands the question back.
The lists of words are ours.
"""

from __future__ import annotations

import re

from selftaught.novelty.diversity import FILLERS
from selftaught.novelty.words import unicode_words
from selftaught.programs.normalise import normalise

SHORT_REFUSAL = 80
"""Words below which an answer that says sorry is taken for a refusal (Evol-Instruct)."""
REFUSALS = (
    "sorry",
    "as an ai",
    "as a language model",
    "i cannot",
    "i can't",
    "i am not able",
    "i'm not able",
    "i am unable",
    "i'm unable",
)
LITTLE = FILLERS - {"one", "two", "three"}
LEAKS = (
    "given task", "given prompt", "given instruction", "rewritten task", "rewritten prompt", "rewritten instruction", "evolved task",
    "evolved prompt", "evolved instruction", "changed task", "original task", "original instruction", "new task:",
)  # fmt: skip
"""What only somebody who was told to rewrite something would write."""
_ACKNOWLEDGES = re.compile(r"^(sure|of course|certainly|thank you|thanks|understood|okay|ok|what)\b", re.IGNORECASE)
_ASKS = re.compile(r"\b(please|could you|can you)\s+(please\s+)?(provide|share|specify|clarify|send|give me)\b", re.IGNORECASE)
_IMPOSSIBLE = re.compile(
    r"\b(is|it'?s|are) (not|im) ?possible to\b|\b(cannot|can't) be (done|completed|answered)\b", re.IGNORECASE
)


def unchanged(before: str, after: str, change: str = "") -> str:
    """Return why an evolved instruction is dropped, or an empty text.

    Args:
        before: the instruction that was evolved.
        after: what came of it.
        change: what the model was told to do; its words must not come back as the instruction.
    """
    if says_nothing(after):
        return "says nothing"
    if normalise(after) == normalise(before):
        return "the same as before"
    told = after.lower()
    if any(leak in told and leak not in before.lower() for leak in LEAKS) or (change and normalise(change) in normalise(after)):
        return "repeats what it was evolved with"
    return ""


def unanswered(answer: str, instruction: str = "") -> str:
    """Return why an answer is of no use, or shows that its instruction is of none; or an empty text."""
    if says_nothing(answer):
        return "the answer says nothing"
    if normalise(answer) == normalise(instruction):
        return "the answer repeats the instruction"
    told = answer.strip()
    if len(told.split()) < SHORT_REFUSAL and any(word in told.lower() for word in REFUSALS):
        return "the answer refuses"
    if _ACKNOWLEDGES.match(told) and told.endswith("?"):
        return "the answer asks back"
    if _ASKS.search(told[:300]):
        return "the answer asks for more"
    return "the answer says that it is impossible" if _IMPOSSIBLE.search(told[:300]) else ""


def says_nothing(text: str) -> bool:
    """True where a text holds only punctuation and little words; yes, no and figures say something."""
    return all(word in LITTLE for word in unicode_words(text))
