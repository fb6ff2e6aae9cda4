"""Programs: interchangeable methods for a task, all `Method(task, ...)`, all `dspy.Module`s."""

from selftaught.programs.base import Calls, Program
from selftaught.programs.refine import Refine, SelfRefine, Stick
from selftaught.programs.search import BestOf
from selftaught.programs.step import Predict, Step
from selftaught.programs.vote import SelfCheckVote, SelfConsistency, Vote

__all__ = [
    "BestOf",
    "Calls",
    "Predict",
    "Program",
    "Refine",
    "SelfCheckVote",
    "SelfConsistency",
    "SelfRefine",
    "Step",
    "Stick",
    "Vote",
]
