"""A bare interpreter that waits, so that a run does not start one: every run is a fresh fork of it.

It never sees the host's environment, files or memory, and never runs any of the code itself, so that all runs start alike.
Each message on its control socket carries a socket, on which a `Warden` of its own serves one request.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import signal
import socket

from selftaught.sandbox import jail, kernel, seccomp
from selftaught.sandbox.keeper import fork
from selftaught.sandbox.warden import Warden

EXTENSIONS = "_bz2 _ctypes _decimal _elementtree _lzma _sqlite3 _uuid binascii cmath math pyexpat zlib"
"""Extension modules that need shared libraries of the host: they are loaded before the locks close. Others load when imported.
OpenSSL is not among them: it is of no use without a network, and `hashlib` does without."""
COMMON = (
    "abc argparse bisect collections contextlib copy csv dataclasses datetime decimal enum fractions functools heapq inspect io "
    "itertools json math operator pathlib pickle random re statistics string struct tempfile textwrap threading time traceback "
    "typing unittest"
)
"""Modules that programs often import; they cost nothing here."""


def main(control: int, most: int) -> None:
    """Serve until the host hangs up, at most `most` runs at the same time."""
    for name in f"{EXTENSIONS} {COMMON}".split():
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with contextlib.suppress(OSError):
        ctypes.CDLL("libgcc_s.so.1")  # the C library wants it when a thread is cancelled
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    jail.readable()  # remembered, and the filter too: every run needs them
    seccomp.program(kernel.architecture())
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=control) as line:
        _serve(line, most)


def _serve(line: socket.socket, most: int) -> None:
    running = 0
    while True:
        running -= _ended(wait=running >= most)
        if running >= most:
            continue
        _, descriptors, _, _ = socket.recv_fds(line, 1, 1)
        if not descriptors:
            return
        with socket.socket(fileno=descriptors[0]) as host:
            fork(lambda host=host: _warden(line, host))  # type: ignore[misc]
        running += 1


def _warden(line: socket.socket, host: socket.socket) -> None:
    line.close()
    Warden(host).serve()


def _ended(*, wait: bool) -> int:
    """Return how many children have ended, waiting for one where asked to."""
    ended = 0
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, 0 if wait and not ended else os.WNOHANG)[0]:
            ended += 1
    return ended
