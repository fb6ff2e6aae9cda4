"""Programs: interchangeable methods for a task, all `Method(task, ...)`, all `dspy.Module`s."""

from selftaught.programs.base import Calls, Program
from selftaught.programs.demonstrate.nearest import NearestDemonstrations
from selftaught.programs.demonstrate.self_made import SelfDemonstrations
from selftaught.programs.reason import Reasoned
from selftaught.programs.refine import Refine, SelfRefine, Stick
from selftaught.programs.route.mixture import MixtureOfPrompts
from selftaught.programs.route.ranked import RankedInstructions
from selftaught.programs.search import BestOf
from selftaught.programs.step import Predict, Step
from selftaught.programs.vote import SelfCheckVote, SelfConsistency, Vote

__all__ = [
    "BestOf",
    "Calls",
    "MixtureOfPrompts",
    "NearestDemonstrations",
    "Predict",
    "Program",
    "RankedInstructions",
    "Reasoned",
    "Refine",
    "SelfCheckVote",
    "SelfConsistency",
    "SelfDemonstrations",
    "SelfRefine",
    "Step",
    "Stick",
    "Vote",
]
