from selftaught.optimizers.strategies.moh import MoH
from selftaught.optimizers.strategies.stop import STOP
from selftaught.testing import OptimizerContract


class TestSTOP(OptimizerContract):
    method = "stop"

    def make(self):
        return STOP()


class TestMoH(OptimizerContract):
    method = "moh"

    def make(self):
        return MoH()
