from selftaught.optimizers import APE, BootstrapDemonstrations
from selftaught.testing import OptimizerContract


class TestAPE(OptimizerContract):
    method = "ape"

    def make(self):
        return APE(shots=4)


class TestBootstrapDemonstrations(OptimizerContract):
    method = "bootstrap-demonstrations"

    def make(self):
        return BootstrapDemonstrations()
