"""Programs that send each input to the one of several that suits it."""

from selftaught.programs.route.mixture import MixtureOfPrompts

__all__ = ["MixtureOfPrompts"]
