"""Programs that choose or make the demonstrations of each input."""

from selftaught.programs.demonstrate.nearest import NearestDemonstrations
from selftaught.programs.demonstrate.self_made import SelfDemonstrations

__all__ = ["NearestDemonstrations", "SelfDemonstrations"]
