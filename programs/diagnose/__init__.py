"""Audits and comparisons: which program pays, and whether a model can improve itself on a task at all."""

from selftaught.programs.diagnose.compare import compare
from selftaught.programs.diagnose.flips import Flips, flips_of
from selftaught.programs.diagnose.result import CompareResult, Contestant, Difference

__all__ = ["CompareResult", "Contestant", "Difference", "Flips", "compare", "flips_of"]
