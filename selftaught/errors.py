"""Every error that selftaught raises on purpose.

SelftaughtError
├── UserError                    what the caller can fix; the command line shows it without a traceback
│   ├── TaskError                a task that cannot be read: a typo in a task string, no output field
│   ├── InputError               an example or a call whose fields do not fit the task
│   ├── DataError                an empty or unreadable data set
│   ├── SettingError             a knob, a metric or a task file that makes no sense
│   │   └── UnconfirmedRepair    a rubric that was rewritten to close a loophole, and nobody confirmed it
│   ├── BudgetError              a budget that is not positive, or that cannot bound the calls asked for
│   ├── ModelError               a model that cannot be found, fetched, verified or reached
│   │   ├── ModelFileError       weights with the wrong size or hash, or a file that is no model
│   │   └── OfflineError         weights that are not here and cannot be fetched now
│   ├── ArtifactError            a saved program that is broken, too new, or no longer fits
│   │   └── SignatureError       a saved program that the owner of the given key has not signed
│   ├── ExportError              a program that has no form in the target asked for
│   ├── PackageMissing           an optional package that is not installed; the message has the command
│   ├── RunError                 a run directory that belongs to something else
│   ├── SandboxMissing           nothing on this machine can run code safely; the code was refused
│   ├── ImitationOnly            a student that has not learned what its teacher can do
│   ├── KeyRefused               a request to a server without one of its keys
│   └── UntrustedJudge           a judge whose measured trust is below the gate
├── Overloaded                   a server that has as much to do as it takes on
├── TimedOut                     an answer that was not there in time
├── BudgetSpent                  the budget ended; what was paid for is kept
└── CallError                    one call failed; the row fails alone
    ├── AnswerError              the model answered, but not in the asked form; the raw answer is kept
    │   └── TruncatedAnswer      the answer was cut off at the token limit
    └── ConnectionFailed         the server could not be reached or broke off

SelfJudgedWarning (a UserWarning): a model judges answers that it writes itself.
OverlapWarning (a UserWarning): examples were in the trainset and the valset.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SelftaughtError(Exception):
    """Base class of every error raised on purpose here."""


class UserError(SelftaughtError):
    """Something the caller can fix. The message says what was given, what was expected and what to do."""


class TaskError(UserError):
    """A task that cannot be read as a signature."""


class InputError(UserError):
    """Fields that do not fit the task."""


class DataError(UserError):
    """A data set that is empty, missing or unreadable."""


class SettingError(UserError):
    """A setting that makes no sense: an unknown key, a value out of range, an unusable metric."""


class BudgetError(UserError):
    """A budget that is not positive, or that cannot bound the calls it is asked to bound."""


class ModelError(UserError):
    """A model that cannot be found, fetched, verified or reached."""


class ModelFileError(ModelError):
    """Weights whose size or SHA-256 is wrong, or a file that is no GGUF model."""


class OfflineError(ModelError):
    """Weights that are not on this machine and cannot be fetched now."""


class ArtifactError(UserError):
    """A saved program that is broken, from a newer version, or no longer fits its task or class."""


class SignatureError(ArtifactError):
    """The file has no signature, or not one by the owner of the given key over just these bytes."""


class ExportError(UserError):
    """A program that has no form in the target asked for."""


class PackageMissing(UserError):
    """An optional package is not installed. The message has the command that installs it."""


class RunError(UserError):
    """A run directory that belongs to another run or cannot be used."""


class SandboxMissing(UserError):
    """No sandbox works on this machine, so the code was not run."""


class UnconfirmedRepair(SettingError):
    """A rubric was rewritten to close a loophole, and nobody confirmed the change. The message shows the difference."""


class UntrustedJudge(UserError):
    """A judge whose measured trust is below the gate."""


class ImitationOnly(UserError):
    """A student that has not learned what its teacher can do."""


class KeyRefused(UserError):
    """A request to a server that carries none of its keys."""


class Overloaded(SelftaughtError):
    """The server answers and queues as many requests as it takes on, or is being stopped. Worth another try later."""


class TimedOut(SelftaughtError):
    """The answer was not there within the time that the server allows for one."""


class BudgetSpent(SelftaughtError):
    """The budget does not allow another call. Everything paid for so far is kept."""


class CallError(SelftaughtError):
    """One language-model call failed. `raw` holds what the model said, if it said anything."""

    def __init__(self, message: str, *, raw: str | None = None) -> None:
        super().__init__(message)
        self.raw = raw


class AnswerError(CallError):
    """The model answered, but not in the asked form."""


class TruncatedAnswer(AnswerError):
    """The answer was cut off at the token limit before it was complete."""


class ConnectionFailed(CallError):
    """The server could not be reached, broke off, or refused for the moment. Worth a retry."""


class OverlapWarning(UserWarning):
    """Examples stand in the trainset and in the valset; they were left out of the latter."""


class SelfJudgedWarning(UserWarning):
    """A model judges answers that it writes itself, or that are tuned with it."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the known name closest to `name`, or an empty string."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""
