"""Programs that find the first wrong step of a chain, cut it there and go on from a better one."""

from selftaught.programs.locate.backtrack import Backtrack, chained
from selftaught.programs.locate.core import Mending, Mistake
from selftaught.programs.locate.explore import FirstPit
from selftaught.programs.locate.reflection import StepReflection
from selftaught.programs.locate.stepwise import StepwiseCorrection

__all__ = ["Backtrack", "FirstPit", "Mending", "Mistake", "StepReflection", "StepwiseCorrection", "chained"]
