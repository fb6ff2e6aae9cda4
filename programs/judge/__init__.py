"""Judges and metrics: what scores the answers of a program."""

from selftaught.metrics import Metric, Score
from selftaught.programs.judge.agreement import Agreement
from selftaught.programs.judge.base import Judge, JudgeMetric
from selftaught.programs.judge.checklist import Checklist
from selftaught.programs.judge.gold import F1, Contains, Exact, Gold
from selftaught.programs.judge.trust import Trust, label_by_construction, trust_of

__all__ = [
    "F1",
    "Agreement",
    "Checklist",
    "Contains",
    "Exact",
    "Gold",
    "Judge",
    "JudgeMetric",
    "Metric",
    "Score",
    "Trust",
    "label_by_construction",
    "trust_of",
]
