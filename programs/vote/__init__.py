"""Programs that answer several times and count."""

from selftaught.programs.vote.core import Vote
from selftaught.programs.vote.self_check import SelfCheckVote
from selftaught.programs.vote.self_consistency import SelfConsistency

__all__ = ["SelfCheckVote", "SelfConsistency", "Vote"]
