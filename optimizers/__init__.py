"""Optimizers: what tunes a program's instructions and demonstrations, under a hard budget."""

from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import Candidate, Tuning
from selftaught.optimizers.engine import Engine, Outcome
from selftaught.optimizers.strategies.ape import APE
from selftaught.optimizers.strategies.demonstrations import BootstrapDemonstrations
from selftaught.optimizers.strategy import Problem, Standing, Strategy, Trial

__all__ = [
    "APE",
    "BootstrapDemonstrations",
    "Candidate",
    "Engine",
    "Optimizer",
    "Outcome",
    "Problem",
    "Standing",
    "Strategy",
    "Trial",
    "Tuning",
]
