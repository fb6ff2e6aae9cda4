"""Code that is run: solutions and cases checked against each other in a sandbox."""

from selftaught.programs.code.core import CrossCheck
from selftaught.programs.code.episodes import Episodes
from selftaught.programs.code.puzzle import Puzzle
from selftaught.programs.code.second_look import SecondLook, trajectory_reward
from selftaught.programs.code.self_invoking import SelfInvoking

__all__ = ["CrossCheck", "Episodes", "Puzzle", "SecondLook", "SelfInvoking", "trajectory_reward"]
