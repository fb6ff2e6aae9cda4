"""Programs that answer several times and count."""

from selftaught.programs.vote.consensus import Consensus
from selftaught.programs.vote.core import Vote
from selftaught.programs.vote.languages import LanguageVote
from selftaught.programs.vote.revise import ReviseVote
from selftaught.programs.vote.self_check import SelfCheckVote
from selftaught.programs.vote.self_consistency import SelfConsistency
from selftaught.programs.vote.self_label import SelfLabel
from selftaught.programs.vote.self_search import SelfSearch
from selftaught.programs.vote.teaching import TeachingVote

__all__ = [
    "Consensus",
    "LanguageVote",
    "ReviseVote",
    "SelfCheckVote",
    "SelfConsistency",
    "SelfLabel",
    "SelfSearch",
    "TeachingVote",
    "Vote",
]
