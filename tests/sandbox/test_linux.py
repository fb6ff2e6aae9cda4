"""What a run gives back, and what ends it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from selftaught.errors import SandboxMissing, SettingError
from selftaught.sandbox import Limits
from tests.sandbox.test_hostile import processes_below

SOON = Limits(seconds=3, memory_mb=128)


def run(box, code, **settings):
    return asyncio.run(box.run(code, **{"limits": SOON, **settings}))


def test_gives_back_what_the_code_wrote(box):
    ran = run(box, "import sys\nprint('out ä')\nprint('err', file=sys.stderr)\nopen('made.txt', 'w').write('text')\nsys.exit(3)")
    assert (ran.stdout, ran.stderr, ran.returncode, ran.ended) == ("out ä\n", "err\n", 3, "exited")
    assert ran.files == {"made.txt": "text"}
    assert not ran.ok
    assert run(box, "pass").ok


def test_feeds_standard_input_and_files(box):
    text = "line\n" * 50_000
    ran = run(
        box,
        "import sys, helper\nprint(len(sys.stdin.read()), helper.value, open('data/in.txt').read())\nopen('data/in.txt', 'a').write('!')",
        stdin=text,
        files={"helper.py": "value = 7", "data/in.txt": "given"},
    )
    assert ran.stdout == f"{len(text)} 7 given\n"
    assert ran.files == {"data/in.txt": "given!"}


def test_the_standard_library_is_there(box):
    code = """
import asyncio, bz2, concurrent.futures, csv, decimal, hashlib, lzma, sqlite3, tempfile, unittest, uuid, xml.etree.ElementTree, zoneinfo
async def several():
    return await asyncio.gather(*(asyncio.to_thread(abs, number) for number in (-1, -2)))
print(asyncio.run(several()), hashlib.sha256(b"x").hexdigest()[:4], sqlite3.connect(":memory:").execute("select 3").fetchone())
with tempfile.TemporaryFile("w") as file: print(file.write("four"))
"""
    ran = run(box, code)
    assert (ran.stdout, ran.stderr) == ("[1, 2] 2d71 (3,)\n4\n", "")


def test_a_program_that_does_not_read_its_input_ends_all_the_same(box):
    assert run(box, "print(1)", stdin="x" * 1_000_000).ok


def test_a_traceback_is_that_of_the_code_alone(box):
    ran = run(box, "def f():\n    return 1 / 0\nf()")
    assert ran.returncode == 1
    assert ran.stderr.count("File ") == 2
    assert ran.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert "line 2, in f\n    return 1 / 0" in ran.stderr
    assert "selftaught/sandbox" not in ran.stderr


def test_code_that_does_not_parse_says_so(box):
    ran = run(box, "def f(:")
    assert (ran.returncode, ran.ended) == (1, "exited")
    assert "SyntaxError" in ran.stderr


def test_runs_its_end_like_the_interpreter(box):
    code = "import atexit, threading, time\natexit.register(print, 'last')\nthreading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\nprint(__name__)"
    assert run(box, code).stdout == "__main__\nthread\nlast\n"


@pytest.mark.parametrize("code", ["while True: pass", "import time; time.sleep(60)"])
def test_the_clock_ends_a_run(box, code):
    began = time.monotonic()
    ran = run(box, f"print('before', flush=True)\n{code}", limits=Limits(seconds=0.4))
    assert (ran.ended, ran.stdout, ran.returncode) == ("time", "before\n", -signal.SIGKILL)
    assert 0.4 <= ran.seconds <= time.monotonic() - began < 3


def test_memory_ends_a_run(box):
    ran = run(box, "held = bytearray(200 * 2**20)", limits=Limits(memory_mb=100))
    assert ran.ended == "memory"
    assert run(box, "held = bytearray(60 * 2**20)", limits=Limits(memory_mb=100)).ok


def test_memory_is_counted_over_all_processes_together(box):
    if box.kind == "alone":
        pytest.skip("there is one process only")
    hold = "import os, time\nfor _ in range(4):\n    if os.fork() == 0:\n        held = b'x' * (SIZE * 2**20)\n        time.sleep(1.5)\n        os._exit(0)\ntime.sleep(1)"
    assert run(box, hold.replace("SIZE", "40"), limits=Limits(memory_mb=100)).ended == "memory"
    assert run(box, hold.replace("SIZE", "10"), limits=Limits(memory_mb=100)).ok


def test_output_ends_a_run_and_what_fitted_is_kept(box):
    ran = run(box, "while True: print('x' * 99)", limits=Limits(output_bytes=5_000))
    assert ran.ended == "output"
    assert len(ran.stdout) == 5_000


@pytest.mark.parametrize("limits", [Limits(memory_mb=4), Limits(file_bytes=1), Limits(processes=1), Limits(output_bytes=2)])
def test_the_least_limits_suffice_for_a_plain_program(box, limits):
    ran = run(box, f"print(1)  # {'x' * 9000}", limits=limits)
    assert ran.ok, ran


def test_given_files_may_fill_the_limit(box):
    files = {f"f{number}": "x" for number in range(1500)}
    assert run(box, "open('f1', 'w').write('y')", files=files, limits=Limits(file_bytes=1500)).files == {"f1": "y"}


def test_a_signal_is_told(box):
    ran = run(box, "import os; os.kill(os.getpid(), 15)")
    assert (ran.ended, ran.returncode) == ("signal", -signal.SIGTERM)


def test_runs_do_not_see_each_other(box):
    async def several():
        code = "import os, sys\nopen('mine', 'w').write(sys.stdin.read())\nprint(os.listdir('.'))"
        return await asyncio.gather(*(box.run(code, stdin=str(number), limits=SOON) for number in range(12)))

    for number, ran in enumerate(asyncio.run(several())):
        assert (ran.stdout, ran.files) == ("['mine']\n", {"mine": str(number)})


def test_random_numbers_differ_from_run_to_run(box):
    assert len({run(box, "import random; print(random.random())").stdout for _ in range(4)}) == 4


def test_a_cancelled_run_is_stopped_at_once(box):
    async def cancelled():
        task = asyncio.create_task(box.run("while True: pass", limits=Limits(seconds=30)))
        await asyncio.sleep(0.4)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    end = time.monotonic() + 3
    while _running(box) and time.monotonic() < end:
        time.sleep(0.02)
    assert not _running(box)


def _running(box):
    try:
        return [one for one in processes_below(box._zygote.process.pid) if _state(one) not in ("Z", "gone")]
    except FileNotFoundError:
        return []


def _state(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"


def test_closing_ends_the_waiting_interpreter_and_the_next_run_starts_another(box):
    assert run(box, "print(1)").ok
    process = box._zygote.process
    box.close()
    assert process.poll() is not None
    assert run(box, "print(1)").ok


def test_a_killed_interpreter_is_started_again(box):
    run(box, "pass")
    os.kill(box._zygote.process.pid, signal.SIGKILL)
    box._zygote.process.wait()
    assert run(box, "print(1)").ok


def test_a_run_outlives_the_waiting_interpreter_and_cleans_up(box):
    async def orphaned():
        task = asyncio.create_task(box.run("import time; time.sleep(1); print(1)", limits=SOON))
        await asyncio.sleep(0.4)
        os.kill(box._zygote.process.pid, signal.SIGKILL)
        return await task

    assert asyncio.run(orphaned()).stdout == "1\n"
    assert not list(Path("/tmp").glob(f"selftaught-run-{box._zygote.process.pid}-*"))


def test_a_run_that_loses_its_warden_is_no_result_and_ends(box):
    async def lost():
        task = asyncio.create_task(box.run("import time; time.sleep(20)", limits=Limits(seconds=30)))
        await asyncio.sleep(0.4)
        below = processes_below(box._zygote.process.pid)
        warden = int(Path(f"/proc/{box._zygote.process.pid}/task/{box._zygote.process.pid}/children").read_text().split()[-1])
        os.kill(warden, signal.SIGKILL)
        with pytest.raises(SandboxMissing, match="ended"):
            await task
        return below

    below = asyncio.run(lost())
    assert len(below) >= 3
    time.sleep(0.2)
    assert not [one for one in below if _state(one) not in ("Z", "gone")]
    for left in Path("/tmp").glob(f"selftaught-run-{box._zygote.process.pid}-*"):
        shutil.rmtree(left)  # nobody was left who could


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", ".", "a//b", "./a", "a\0b", "..", "a\\..\\b"])
def test_a_file_given_lies_inside(box, name):
    with pytest.raises(SettingError, match="relative path"):
        run(box, "pass", files={name: "x"})


def test_files_given_must_fit(box):
    with pytest.raises(SettingError, match="file_bytes"):
        run(box, "pass", files={"a": "x" * 2000}, limits=Limits(file_bytes=1000))


def test_files_that_cannot_be_laid_out_are_refused_before_the_code_runs(box):
    with pytest.raises(SandboxMissing, match="not run"):
        run(box, "pass", files={"a": "x", "a/b": "y"})


@pytest.mark.parametrize(
    "setting",
    [
        {"seconds": 0},
        {"memory_mb": -1},
        {"processes": 1.5},
        {"output_bytes": True},
        {"seconds": float("inf")},
        {"file_bytes": "1"},
    ],
)
def test_limits_are_positive_numbers(setting):
    with pytest.raises(SettingError, match=next(iter(setting))):
        Limits(**setting)
