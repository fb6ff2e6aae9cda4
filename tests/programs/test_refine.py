"""Self-Refine (145) and STICK (142): the contract, and what their cards say must hold."""

from selftaught.programs import SelfRefine, Stick
from selftaught.testing import ProgramContract


class TestSelfRefine(ProgramContract):
    method = "self-refine"

    def make(self, task):
        return SelfRefine(task)


class TestStick(ProgramContract):
    method = "stick"

    def make(self, task):
        return Stick(task)
