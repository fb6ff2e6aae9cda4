"""Compositions: programs out of steps, without a class. `generate >> critique >> refine`."""

from selftaught.programs.compose.branch import If
from selftaught.programs.compose.chain import Chain
from selftaught.programs.compose.loop import Loop
from selftaught.programs.compose.parallel import Parallel

__all__ = ["Chain", "If", "Loop", "Parallel"]
