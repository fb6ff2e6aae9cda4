"""Loads every file of a folder in a process of its own, and writes down what happened: the error, and what was run, opened or asked for."""

import contextlib
import json
import resource
import signal
import sys
import time
from pathlib import Path

WATCHED = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.remove",
    "os.rename",
    "os.mkdir",
    "subprocess.",
    "socket.",
    "ctypes.",
    "pickle.",
    "shutil.",
    "urllib.",
)
events = []
watching = False


def watch(event, arguments):
    """Note what a file must not bring about: programs started, hosts asked, files written, planted code imported or compiled."""
    if not watching:
        return
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    planted = event == "import" and "planted" in str(arguments[0])
    planted |= event == "exec" and ("__import__" in arguments[0].co_names or "planted" in arguments[0].co_filename)
    if event.startswith(WATCHED) or writes or planted:
        events.append(f"{event} {str(arguments)[:200]}")


def main(folder, seconds):
    """Load each file and print what came of it, as JSON."""
    global watching
    from selftaught.artifact import load
    from selftaught.registry import registrations

    registrations()
    sys.path.insert(0, str(folder))  # where the planted module is
    sys.addaudithook(watch)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = {}
    for path in sorted(folder.glob("*.st")):
        events.clear()
        signal.alarm(seconds)
        started, watching = time.monotonic(), True
        error = None
        try:
            load(path)
        except BaseException as raised:  # noqa: BLE001 - whatever it is, it is written down
            error = raised
        watching = False
        signal.alarm(0)
        found[path.stem] = {
            "error": type(error).__name__, "message": str(error)[:2000], "events": list(events), "seconds": time.monotonic() - started,
            "mebibytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        }  # fmt: skip
    found["planted modules"] = [name for name in sys.modules if name.startswith("planted")]
    print(json.dumps(found))


if __name__ == "__main__":
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))
    main(Path(sys.argv[1]), int(sys.argv[2]))
