"""Programs that choose or make the demonstrations, principles or exercises of an input."""

from selftaught.programs.demonstrate.nearest import NearestDemonstrations
from selftaught.programs.demonstrate.principles import LearnedPrinciples
from selftaught.programs.demonstrate.self_made import SelfDemonstrations
from selftaught.programs.demonstrate.self_teaching import SelfTeaching

__all__ = ["LearnedPrinciples", "NearestDemonstrations", "SelfDemonstrations", "SelfTeaching"]
