"""The locks around one process: namespaces, a root of its own, no capabilities, limits, Landlock, seccomp.

Two ways in. With namespaces, the code has processes, files and a network of its own, in which there is nothing:

1. Where we are not root: a user namespace, in which we are.
2. Namespaces for mounts, processes, network, IPC, host name and cgroups; a new root with the standard library (read only), two
   devices and a `/tmp` of limited size, all in memory. No /proc.
3. The code's process becomes nobody, in another user namespace: it has no rights over the mounts, and a count of processes
   that starts at one. Then the locks that both ways share.

Alone, where namespaces are forbidden (inside most containers): one process in a temporary folder. Landlock guards the files,
and seccomp everything else, which is why such code cannot start a process.
"""

from __future__ import annotations

import functools
import os
import resource
import sys
import sysconfig
from pathlib import Path
from typing import Any

from selftaught.sandbox import kernel, seccomp

NOBODY = 65534
HIDDEN = ("site-packages", "dist-packages")
DEVICES = ("/dev/null", "/dev/urandom")
TIME_ZONES = "/usr/share/zoneinfo"
OPEN_FILES = 64


def leave_processes(host: int) -> None:
    """Make the next child the first process of a namespace; `host` is a descriptor of the host's /proc."""
    if os.geteuid() != 0:
        _enter_user_namespace(host, inside=0)
    kernel.unshare(kernel.NEW_PIDS)


def leave_everything(room: int, inodes: int) -> None:
    """Leave every other namespace of the host, for a root of its own with a /tmp that holds so many bytes and files."""
    kernel.unshare(kernel.NEW_MOUNTS | kernel.NEW_NET | kernel.NEW_IPC | kernel.NEW_UTS | kernel.NEW_CGROUP)
    _furnish(room, inodes)


def _furnish(room: int, inodes: int) -> None:
    """Make the new root. It is mounted over /tmp first, then becomes the root, with the old one below it for a moment."""
    sources = {path: os.path.realpath(path) for path in readable()}
    harmless = kernel.NOSUID | kernel.NODEV
    kernel.mount("", "/", flags=kernel.RECURSIVE | kernel.PRIVATE)
    kernel.mount("tmpfs", "/tmp", "tmpfs", harmless, "mode=755,size=1m")
    Path("/tmp/old").mkdir()
    kernel.pivot_root("/tmp", "/tmp/old")
    os.chdir("/")
    for path, source in sources.items():
        Path(path).mkdir(parents=True, exist_ok=True)
        kernel.mount(f"/old{source}", path, flags=kernel.BIND | kernel.RECURSIVE)
        for hidden in (f"{path}/{name}" for name in HIDDEN):
            if Path(hidden).is_dir():
                kernel.mount("tmpfs", hidden, "tmpfs", harmless, "mode=755,size=4k")
        kernel.protect_mounts(path)
    Path("/dev").mkdir()
    for device in DEVICES:
        Path(device).touch()
        kernel.mount(f"/old{device}", device, flags=kernel.BIND)
    Path("/dev/shm").symlink_to("/tmp/shm")
    Path("/tmp").mkdir()
    kernel.detach("/old")
    Path("/old").rmdir()
    kernel.mount("tmpfs", "/tmp", "tmpfs", harmless | kernel.NOEXEC, f"mode=1777,size={room},nr_inodes={inodes}")
    kernel.mount("", "/", flags=kernel.BIND | _REMOUNT | kernel.READ_ONLY | harmless)


_REMOUNT = 0x20


@functools.cache
def readable() -> tuple[str, ...]:
    """Return the folders that Python itself needs while it runs: the standard library and the time zones.

    Shared libraries are none of it: the extension modules that need any are loaded before the locks close.
    """
    paths = sysconfig.get_paths()
    found = dict.fromkeys([paths["stdlib"], paths["platstdlib"], TIME_ZONES])
    return tuple(path for path in found if Path(path).is_dir())


def become_nobody(host: int) -> None:
    """Give up every right over the namespaces so far."""
    if os.geteuid() == 0 and not _mapped_alone(host):
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        kernel.prctl(kernel.SET_DUMPABLE, 1)  # otherwise its own /proc/self belongs to root, and cannot be written
    _enter_user_namespace(host, inside=1000)


def _mapped_alone(host: int) -> bool:
    """True in a user namespace of ours, which knows no other user than the one who made it."""
    return _read(host, "self/uid_map").split()[2] == b"1"


def _enter_user_namespace(host: int, inside: int) -> None:
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.NEW_USER)
    _write(host, "self/setgroups", "deny")
    _write(host, "self/uid_map", f"{inside} {user} 1")
    _write(host, "self/gid_map", f"{inside} {group} 1")


def lock(limits: dict[str, Any], folder: str, *, alone: bool) -> None:
    """Close the locks that both ways share; nothing opens them again."""
    kernel.drop_capabilities()
    kernel.prctl(kernel.SET_DUMPABLE, 0)  # a crash is no business of the host's handler of core dumps
    if alone or kernel.landlock_version():
        kernel.landlock([*readable(), "/dev/urandom"], [folder, "/dev/null"])
    _limit(limits, alone)
    kernel.filter_calls(seccomp.program(kernel.architecture(), os.getpid() if alone else None))


def _limit(limits: dict[str, Any], alone: bool) -> None:
    values = {
        resource.RLIMIT_CPU: int(limits["seconds"]) + 1,
        resource.RLIMIT_AS: limits["mapped"] + limits["memory_mb"] * 2**20,
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    } | ({} if alone else {resource.RLIMIT_NPROC: limits["processes"]})
    for which, value in values.items():
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))


def volunteer_for_the_oom_killer(host: int) -> None:
    """Be the first to go where the whole machine runs out of memory."""
    _write(host, "self/oom_score_adj", "1000")


def _read(folder: int, name: str) -> bytes:
    opened = os.open(name, os.O_RDONLY, dir_fd=folder)
    try:
        return os.read(opened, 4096)
    finally:
        os.close(opened)


def _write(folder: int, name: str, text: str) -> None:
    opened = os.open(name, os.O_WRONLY, dir_fd=folder)
    try:
        os.write(opened, text.encode())
    finally:
        os.close(opened)


def why_not() -> str:
    """Return why no sandbox of ours can work on this machine, or an empty string."""
    if not sys.platform.startswith("linux"):
        return f"it needs Linux, and this is {sys.platform}"
    if kernel.architecture() not in seccomp.ARCHITECTURES:
        return f"it knows the system calls of {', '.join(seccomp.ARCHITECTURES)}, and this is {kernel.architecture()}"
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        return "it needs a /proc that lists the children of a process (CONFIG_PROC_CHILDREN)"
    return ""
