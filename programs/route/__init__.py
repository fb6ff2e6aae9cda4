"""Programs that send each input to what suits it: an expert, a prompt, a mechanism, a setting."""

from selftaught.programs.route.core import Route
from selftaught.programs.route.decoding import AdaptiveDecoding
from selftaught.programs.route.dispatch import Asked, Dispatcher, Near
from selftaught.programs.route.explore import Exploration, explore, learn
from selftaught.programs.route.learned import Learned
from selftaught.programs.route.mechanisms import AdaptiveMechanisms
from selftaught.programs.route.mixture import MixtureOfPrompts
from selftaught.programs.route.ranked import RankedInstructions

__all__ = [
    "AdaptiveDecoding",
    "AdaptiveMechanisms",
    "Asked",
    "Dispatcher",
    "Exploration",
    "Learned",
    "MixtureOfPrompts",
    "Near",
    "RankedInstructions",
    "Route",
    "explore",
    "learn",
]
