"""Which sandbox works here: each is tried once with a small hostile program before anybody relies on it."""

from __future__ import annotations

import asyncio
import atexit
import functools
import json
import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from selftaught.errors import SandboxMissing
from selftaught.sandbox.protocol import Limits, Sandbox

ORDER = ("namespaces", "alone")
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sandbox, whether it works on this machine, and if not, why."""

    name: str
    works: bool
    why: str = ""


def default() -> Sandbox:
    """Return the best sandbox that works here; see `selftaught.sandbox.default`."""
    found = available()
    for one in found:
        if one.works:
            return _made(one.name)
    reasons = "; ".join(f"{one.name}: {one.why}" for one in found)
    raise SandboxMissing(
        f"No sandbox works on this machine, so code is not run. {reasons}. Use Linux 5.14 or newer on x86_64 or aarch64, and allow "
        "user namespaces (sysctl kernel.unprivileged_userns_clone=1, or kernel.apparmor_restrict_unprivileged_userns=0) or Landlock."
    )


def available() -> list[Candidate]:
    """Return every sandbox, the best first; see `selftaught.sandbox.available`."""
    with _lock:  # one probe for all who ask at the same time
        return list(_tried(os.getpid()))


@functools.lru_cache(maxsize=1)
def _tried(process: int) -> tuple[Candidate, ...]:
    return tuple(Candidate(name, not why, why) for name in ORDER for why in (_why_not(name),))


@functools.cache
def _made(name: str) -> Sandbox:
    from selftaught.sandbox.linux import LinuxSandbox

    made = LinuxSandbox(kind=name)  # type: ignore[arg-type]
    atexit.register(made.close)
    return made


def _why_not(name: str) -> str:
    """Return why a sandbox does not work here, or an empty string: a hostile program found nothing that it should not."""
    try:
        from selftaught.sandbox.jail import why_not
    except (ImportError, OSError, AttributeError, TypeError) as error:
        return f"it needs Linux ({error})"
    if reason := why_not():
        return reason
    with tempfile.NamedTemporaryFile("w", prefix="selftaught-probe-") as secret, ThreadPoolExecutor(1) as thread:
        secret.write("secret")
        secret.flush()
        try:  # in a thread with a loop of its own: whoever asks may be inside a loop
            tried = thread.submit(asyncio.run, _made(name).run(PROBE, stdin=secret.name, limits=Limits(processes=4))).result()
        except SandboxMissing as error:
            return str(error)
    if not tried.ok:
        return f"the probe did not come to its end ({tried.ended}): {tried.stderr.strip()[-200:]}"
    got = json.loads(tried.stdout)
    return f"the probe got through: {', '.join(got)}" if got else ""


PROBE = """
import ctypes, json, os, socket
secret, got = input(), []
def attempt(name, act):
    try:
        if act() is not False:
            got.append(name)
    except Exception:
        pass
attempt("read a file outside", lambda: open(secret).read())
attempt("wrote a file outside", lambda: open(secret, "r+"))
attempt("wrote a folder outside", lambda: open(os.path.dirname(os.path.dirname(secret)) + "/selftaught-probe", "x"))
attempt("listed the root", lambda: bool({"etc", "proc", "bin"} & set(os.listdir("/"))))
attempt("read /proc", lambda: open("/proc/self/environ").read())
attempt("made a socket", lambda: socket.socket())
attempt("made an IPv6 socket", lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
attempt("ran a program", lambda: os.execv("/bin/true", ["true"]))
attempt("signalled its parent", lambda: os.kill(os.getppid(), 0) if os.getppid() > 1 else False)
attempt("got an environment", lambda: bool(os.environ))
attempt("got a namespace", lambda: ctypes.CDLL(None).unshare(0x10000000) == 0)
attempt("opened descriptors", lambda: any(os.fstat(one) for one in range(3, 64)))
print(json.dumps(got))
"""
