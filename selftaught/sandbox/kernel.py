"""The system calls of Linux that Python has no function for. Numbers and constants are the kernel's (`<linux/*.h>`)."""

from __future__ import annotations

import ctypes
import os
import platform
import struct

NEW_MOUNTS, NEW_CGROUP, NEW_UTS, NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEW_USER, NEW_PIDS, NEW_NET = 0x10000000, 0x20000000, 0x40000000
BIND, RECURSIVE, PRIVATE, NOSUID, NODEV, NOEXEC, READ_ONLY = 0x1000, 0x4000, 0x40000, 0x2, 0x4, 0x8, 0x1
SET_PARENT_DEATH_SIGNAL, SET_DUMPABLE, DROP_BOUNDING, SET_NO_NEW_PRIVILEGES, SET_SECCOMP, CLEAR_AMBIENT = 1, 4, 24, 38, 22, 47
_DETACH = 0x2
_AT_HERE, _AT_RECURSIVE = -100, 0x8000
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_MOUNT_SETATTR, _CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 442, 444, 445, 446  # the same on every architecture

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def architecture() -> str:
    """Return the kernel's name of this machine's architecture."""
    return platform.machine()


def unshare(flags: int) -> None:
    """Leave the namespaces that are named."""
    _checked("unshare", _libc.unshare(ctypes.c_int(flags)))


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount something."""
    given = [text.encode() or None for text in (source, target, kind)]
    _checked(f"mount {target}", _libc.mount(*given, ctypes.c_ulong(flags), data.encode() or None))


def detach(target: str) -> None:
    """Unmount everything below a folder."""
    _checked(f"umount {target}", _libc.umount2(target.encode(), _DETACH))


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root of this mount namespace and put the root so far at `old`."""
    _call("pivot_root", _PIVOT_ROOT[architecture()], new.encode(), old.encode())


def protect_mounts(target: str, flags: int = READ_ONLY | NOSUID | NODEV) -> None:
    """Add flags to every mount at or below a folder. `struct mount_attr`: set, clear, propagation, user namespace."""
    attributes = struct.pack("QQQQ", flags, 0, 0, 0)
    _call("mount_setattr", _MOUNT_SETATTR, _AT_HERE, target.encode(), _AT_RECURSIVE, attributes, len(attributes))


def prctl(option: int, value: int = 0, more: int = 0) -> None:
    """Change how the kernel treats this process."""
    _checked(f"prctl {option}", _libc.prctl(option, *(ctypes.c_ulong(one) for one in (value, more, 0, 0))))


def die_with_parent() -> None:
    """Be killed when the parent ends, however it ends; and now, if it has ended already."""
    prctl(SET_PARENT_DEATH_SIGNAL, 9)


def drop_capabilities() -> None:
    """Give up every capability, for ever."""
    prctl(SET_NO_NEW_PRIVILEGES, 1)
    prctl(CLEAR_AMBIENT, 4)
    for capability in range(64):
        if _libc.prctl(DROP_BOUNDING, ctypes.c_ulong(capability), 0, 0, 0) != 0:
            break  # one more than the kernel knows, or not allowed: with no new privileges, the set below is what counts
    header, nothing = struct.pack("Ii", 0x20080522, 0), bytes(24)
    _checked("capset", _libc.capset(header, nothing))


def filter_calls(program: bytes) -> None:
    """Put this process and its children under a seccomp filter (classic BPF, eight bytes an instruction)."""
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    kept = ctypes.create_string_buffer(header, len(header))
    prctl(SET_NO_NEW_PRIVILEGES, 1)
    prctl(SET_SECCOMP, 2, ctypes.addressof(kept))


def landlock_version() -> int:
    """Return the version of Landlock's interface, 0 where the kernel has none."""
    return max(0, _libc.syscall(ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint(1)))


_READ = 0b1100  # read a file, list a folder
_FILES = (1 << 13) - 1  # everything that the first version knows: execute, write, read, list, remove and make of each kind
_REFER, _TRUNCATE, _DEVICE_CONTROL = 1 << 13, 1 << 14, 1 << 15
_ONLY_FOR_FILES = 0b111 | _TRUNCATE | _DEVICE_CONTROL


def landlock(readable: list[str], writable: list[str]) -> None:
    """Forbid all files but these, TCP, and (where the kernel can) signals and abstract sockets to processes outside."""
    version = landlock_version()
    files = (
        _FILES | (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0) | (_DEVICE_CONTROL if version >= 5 else 0)
    )
    words = [files] + ([0b11] if version >= 4 else []) + ([0b11] if version >= 6 else [])  # files, TCP, scopes
    rules = struct.pack(f"{len(words)}Q", *words)
    ruleset = _call("landlock_create_ruleset", _CREATE_RULESET, rules, len(rules), 0)
    try:
        for path, allowed in [*((one, _READ) for one in readable), *((one, files & ~0b1) for one in writable)]:
            _allow(ruleset, path, allowed)
        prctl(SET_NO_NEW_PRIVILEGES, 1)
        _call("landlock_restrict_self", _RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, allowed: int) -> None:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = allowed if os.path.isdir(path) else allowed & _ONLY_FOR_FILES  # noqa: PTH112
        _call("landlock_add_rule", _ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, opened), 0)
    finally:
        os.close(opened)


def _call(name: str, number: int, *arguments: int | bytes) -> int:
    given = [one if isinstance(one, bytes) else ctypes.c_long(one) for one in arguments]
    return _checked(name, _libc.syscall(ctypes.c_long(number), *given))


def _checked(name: str, found: int) -> int:
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return found
