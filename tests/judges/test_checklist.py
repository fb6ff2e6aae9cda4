from selftaught.programs.judge import Checklist
from selftaught.testing import JudgeContract


class TestChecklist(JudgeContract):
    method = "tick"

    def make(self, task):
        return Checklist(task)
