from selftaught.optimizers import Auto
from selftaught.testing import OptimizerContract


class TestAuto(OptimizerContract):
    method = "auto"

    def make(self):
        return Auto(shots=4)
