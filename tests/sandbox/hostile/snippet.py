"""One hostile program and what must be true of it; and what all of them may call.

Each is written so that it does no lasting harm where a sandbox fails: it touches canaries only, sends harmless signals, asks
the kernel with arguments that change nothing, and stops by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from selftaught.sandbox import Limits, Ran

TIGHT = Limits(seconds=4, memory_mb=96, processes=12, output_bytes=200_000, file_bytes=4_000_000)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A program that ends in one of `ended`; `must` looks at what it left. It may say neither `ESCAPED` nor a canary.

    `complete`: it says `end` last, so that nobody takes an early death for safety.
    """

    name: str
    code: str
    ended: tuple[str, ...] = ("exited",)
    complete: bool = True
    limits: Limits = TIGHT
    must: Callable[[Ran], bool] = lambda ran: True
    files: dict[str, str] = field(default_factory=dict)
    within: float = 6.0

    def program(self) -> str:
        """Return the whole program."""
        return f"{PRELUDE}\n{self.code}\n" + ("print('end', flush=True)\n" if self.complete else "")


def limits(**changes: Any) -> Limits:
    """Return the tight limits with some of them changed."""
    return Limits(**{name: changes.get(name, getattr(TIGHT, name)) for name in TIGHT.__slots__})


PRELUDE = '''
import ctypes, errno, json, os, signal, socket, sys, threading, time
HOST = json.loads(sys.stdin.read())  # the canaries of the host: file, folder, pid, tcp, udp, unix, abstract
signal.alarm(20)  # where no limit holds
REFUSED = (errno.EPERM, errno.EACCES, errno.ENOSYS)

def attempt(name, act):
    """Say ESCAPED where something forbidden is done."""
    try:
        found = act()
    except BaseException as error:
        print("refused", name, type(error).__name__, flush=True)
    else:
        print("ESCAPED" if found is not False else "nothing", name, repr(found)[:200], flush=True)

def plant(path):
    """Make a file and a folder, and take them away again."""
    attempt("file " + path, lambda: (open(path, "x").close(), os.unlink(path)))
    attempt("folder " + path, lambda: (os.mkdir(path), os.rmdir(path)))

def call(name, x86_64, aarch64, *arguments):
    """Say ESCAPED where the kernel gives another answer than a refusal."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = {"x86_64": x86_64, "aarch64": aarch64}[os.uname().machine]
    given = [one if isinstance(one, bytes) else ctypes.c_long(one) for one in arguments]
    found = libc.syscall(ctypes.c_long(number), *given)
    refused = found == -1 and ctypes.get_errno() in REFUSED
    print("refused" if refused else "ESCAPED", name, found, ctypes.get_errno(), flush=True)
'''
