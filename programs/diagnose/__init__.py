"""Audits and comparisons: which program pays, and whether a model can improve itself on a task at all."""

from selftaught.programs.diagnose.contest import compare
from selftaught.programs.diagnose.diagnosis import PARTS, Diagnosis, diagnose
from selftaught.programs.diagnose.differences import Difference
from selftaught.programs.diagnose.flips import Flips, flips_of
from selftaught.programs.diagnose.knowledge import Admission
from selftaught.programs.diagnose.part import Part
from selftaught.programs.diagnose.result import CompareResult, Contestant

__all__ = [
    "PARTS",
    "Admission",
    "CompareResult",
    "Contestant",
    "Diagnosis",
    "Difference",
    "Flips",
    "Part",
    "compare",
    "diagnose",
    "flips_of",
]
