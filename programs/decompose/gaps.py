"""What decomposing tells of a model: figures over answers that are marked right or wrong already.

The compositionality gap (189; Press et al., 2022): knows the parts, fails the whole. Unused and missing knowledge (089; Siyang Wu et
al., 2025): what the model's own answers to background questions mend, and what only found passages mend. Both are counted on
results of the programs here; neither makes a call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def compositionality_gap(items: Iterable[tuple[Sequence[bool], bool]]) -> float | None:
    """Return how often a question is answered wrongly though each of its parts is answered rightly.

    Args:
        items: for each question, whether its parts were right, each asked alone, and whether the whole was.

    Returns:
        A share from 0 to 1; None where no question has parts that are all right.
    """
    wholes = [whole for parts, whole in items if parts and all(parts)]
    return sum(not whole for whole in wholes) / len(wholes) if wholes else None


@dataclass(frozen=True, slots=True)
class KnowledgeParts:
    """Where the errors of plain answering come from, as shares of all answers; the three add up to its error.

    A negative one: the answers in view did harm.
    """

    unused: float
    missing: float
    residual: float


def knowledge_parts(plain: Sequence[bool], memory: Sequence[bool], passages: Sequence[bool]) -> KnowledgeParts:
    """Return which share of errors is unused knowledge, which missing, and which neither.

    Args:
        plain: whether each answer was right without questions (`questions=0`).
        memory: the same inputs, background questions answered from memory.
        passages: the same inputs, background questions answered from passages.

    Raises:
        ValueError: no answers, or not equally many.
    """
    if not plain or not len(plain) == len(memory) == len(passages):
        raise ValueError(f"{len(plain)}, {len(memory)} and {len(passages)} results: expected equally many, and at least one.")
    errors = [sum(not right for right in results) / len(results) for results in (plain, memory, passages)]
    return KnowledgeParts(errors[0] - errors[1], errors[1] - errors[2], errors[2])
