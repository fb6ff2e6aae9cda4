from selftaught.optimizers import MIPRO
from selftaught.testing import OptimizerContract


class TestMIPRO(OptimizerContract):
    method = "mipro"

    def make(self):
        return MIPRO(instructions=3, sets=3, shots=4, trials=8, minibatch=6, full_every=3)
