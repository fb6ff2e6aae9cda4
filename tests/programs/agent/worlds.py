"""Environments and scripts for the tests of agents."""

from selftaught.programs.agent import Observation
from selftaught.testing.samples import Shout
from tests.programs.scripted import asked, scripted
from tests.programs.scripted import ran as acting


class Line:
    """A line of cells; the last is the aim, every step is written down in `log`, which all copies share."""

    def __init__(self, length=3, log=None, *, pit=None, final=(), steady=False):
        self.length, self.pit, self.final, self.steady = length, pit, final, steady
        self.log = [] if log is None else log
        self.at = 0

    def reset(self):
        self.at = 0
        self.log.append("reset")
        return self._seen()

    def actions(self):
        return ["left", "right"]

    def step(self, action):
        self.log.append((self.at, action))
        self.at = max(0, self.at - 1) if action == "left" else self.at + 1
        return self._seen(undoable=action not in self.final)

    def copy(self):
        twin = Line(self.length, self.log, pit=self.pit, final=self.final, steady=self.steady)
        twin.at = self.at
        return twin

    def __deepcopy__(self, memo):
        return self.copy()

    def _seen(self, undoable=True):
        done = self.at in (self.length, self.pit)
        return Observation("a cell" if self.steady else f"cell {self.at}", float(self.at == self.length), done, undoable)


class NoCopies:
    """A line that cannot be copied."""

    def __init__(self, line):
        self.reset, self.actions, self.step = line.reset, line.actions, line.step


def field_of(messages, name):
    """The value that a prompt shows for an input; several lines of it as one text."""
    text = str(messages[-1]["content"])
    _, _, rest = ("\n" + text).partition(f"\n{name}:")
    return rest.split("\n", 1)[0].strip() or rest.lstrip("\n").split("\n\n")[0]


__all__ = ["Line", "NoCopies", "Shout", "acting", "asked", "field_of", "scripted"]
