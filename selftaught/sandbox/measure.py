"""What the processes and the folder of a run hold, read from /proc and from the disk."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path

LONGEST_PATH = 1024


def below(process: int) -> list[int]:
    """Return every process below one."""
    found, left = [], [process]
    while left:
        one = left.pop()
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{one}/task"):  # noqa: PTH208
                children = [int(child) for child in Path(f"/proc/{one}/task/{thread}/children").read_text().split()]
                found += children
                left += children
    return found


def anonymous(process: int) -> int:
    """Return the memory of a process in KiB, without that of files, which is shared."""
    return sum(_status(process, "RssAnon", "RssShmem", "VmSwap"))


def threads(process: int) -> int:
    """Return how many threads a process has."""
    return sum(_status(process, "Threads"))


def _status(process: int, *names: str) -> list[int]:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return []
    return [int(line.split()[1]) for line in lines if line.partition(":")[0] in names]


def size(folder: str, most: int) -> int:
    """Return how many bytes of the disk a folder holds; more than any limit where it is too deep or too full to count."""
    total, entries, left = 0, 0, [folder]
    while left:
        try:
            for entry in os.scandir(left.pop()):
                found = entry.stat(follow_symlinks=False)
                total, entries = total + found.st_blocks * 512, entries + 1
                if stat.S_ISDIR(found.st_mode):
                    left.append(entry.path)
        except OSError:
            continue  # it has just gone
        if entries > most or any(len(one) > LONGEST_PATH for one in left):
            return sys.maxsize
    return total


def remove(folder: str) -> None:
    """Remove a folder, however deep it is: every folder in it is moved to the top, so that no path grows long."""
    left = [folder]
    with contextlib.suppress(OSError):
        os.chmod(folder, 0o700)  # noqa: PTH101
        while left:
            place = left.pop()
            for entry in list(os.scandir(place)):
                if entry.is_dir(follow_symlinks=False):
                    left.append(f"{folder}/.{os.urandom(8).hex()}")
                    os.chmod(entry.path, 0o700)  # noqa: PTH101 - moving a folder writes into it
                    os.rename(entry.path, left[-1])  # noqa: PTH104
                else:
                    os.unlink(entry.path)  # noqa: PTH108
            if place != folder:
                os.rmdir(place)  # noqa: PTH106
        os.rmdir(folder)  # noqa: PTH106
