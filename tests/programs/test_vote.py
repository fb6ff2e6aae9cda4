"""The vote core and self-consistency."""

from selftaught.programs import BestOf, Predict, SelfConsistency
from selftaught.testing import ProgramContract


class TestSelfConsistency(ProgramContract):
    method = "self-consistency"

    def make(self, task):
        return SelfConsistency(task)


class TestBestOf(ProgramContract):
    method = "best-of"

    def make(self, task):
        return BestOf(task)


class TestPredict(ProgramContract):
    def make(self, task):
        return Predict(task)
