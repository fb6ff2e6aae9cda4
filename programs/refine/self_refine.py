"""Self-Refine (145; Madaan et al., 2023) and the inference part of SELF (025; Lu, Zhong, Huang et al., 2023).

For style and constraints, where one pass is close but not right. Not for arithmetic or reasoning, where a model seldom
finds its own mistakes (158): vote there.

The algorithm is the refine core's, with one model in three roles. SELF is one round of it: feedback with a verdict, and a
revision, which is returned unjudged, only where the verdict is negative (`select="last"`).

Departures: (1) the best reviewed draft is returned, not the last; `select="last"` is the paper's. (2) One round by
default, not up to four: quality was reported to fall with further rounds (142). (3) The critic fills typed fields; an OK
marker in free text is not searched for.
"""

from __future__ import annotations

from selftaught.programs.refine.core import Refine
from selftaught.registry import method


@method(25, "self-language-feedback", family="self-training", missing="emitting and filtering rows; training", select="last")
@method(145, "self-refine", family="refine")
class SelfRefine(Refine):
    """Draft, criticise, rewrite until the critic is content. For style and constraints, not for arithmetic."""
