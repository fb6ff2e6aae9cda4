"""When is a vote decided before everybody was asked? Exactly when no further answers could change the winner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def still_needed(keys: Sequence[str], left: int) -> int:
    """Return how many more answers must be drawn before the vote can be decided; 0 when it is.

    Args:
        keys: what the answers drawn so far say, in order.
        left: how many more could be drawn.
    """
    votes = Counter(keys)  # in the order in which they were first said
    said = list(votes)
    leader = max(said, key=lambda key: votes[key], default=None)
    ahead = [0 if leader is None else votes[leader]]  # of an answer that nobody has given yet: it would lose a tie
    for place, key in enumerate(said):
        if leader is not None and key != leader:
            wins_ties = place < said.index(leader)
            ahead.append(votes[leader] - votes[key] - wins_ties)
    return max(0, (left - min(ahead) + 1) // 2)
