from selftaught.optimizers.strategies.instoptima import InstOptima
from selftaught.testing import OptimizerContract


class TestInstOptima(OptimizerContract):
    method = "instoptima"

    def make(self):
        return InstOptima(population=4, generations=2)
