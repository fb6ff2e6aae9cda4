"""Programs that improve a draft."""

from selftaught.programs.refine.core import Refine
from selftaught.programs.refine.self_refine import SelfRefine
from selftaught.programs.refine.stick import Stick

__all__ = ["Refine", "SelfRefine", "Stick"]
