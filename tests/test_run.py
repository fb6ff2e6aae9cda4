"""A run directory survives `kill -9`, belongs to one set of settings, and says what is wrong when it cannot be used."""

import json
import signal
import subprocess
import sys
import textwrap
import threading
import time

import dspy
import pytest

import selftaught as st
from selftaught.errors import RunError
from selftaught.ledger import Call
from selftaught.run import Run, write_atomically
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout, exact, obliging, words


def test_settings_are_frozen_and_other_ones_are_refused_with_the_difference(tmp_path):
    settings = {"seed": 1, "method": "ape", "folder": tmp_path}  # a path has a JSON form too
    Run(tmp_path / "run", settings).close()
    Run(tmp_path / "run", settings).close()
    with pytest.raises(RunError, match=r"seed was 1, now 2") as caught:
        Run(tmp_path / "run", {**settings, "seed": 2})
    assert "method" not in str(caught.value)
    with pytest.raises(RunError, match=r"shots was null, now 4"):
        Run(tmp_path / "run", {**settings, "shots": 4})
    with Run(tmp_path / "run") as run:  # without settings it is only opened
        assert run.settings["seed"] == 1


def test_a_refused_run_leaves_the_folder_as_it_was(tmp_path):
    with Run(tmp_path, {"seed": 1}) as run:
        run.append("told", {"score": 1})
    before = sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir() if path.is_file())
    with pytest.raises(RunError):
        Run(tmp_path, {"seed": 2})
    assert sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir() if path.is_file()) == before


def test_events_and_calls_come_back_in_order_and_count_again(tmp_path):
    with Run(tmp_path) as run:
        for number in range(20):
            run.append("asked" if number % 2 else "told", {"number": number, "text": "grün"})
            run.ledger.add(Call("m", "s", "task", str(number), 3, 4, 0.5, label=f"trial{number % 3}", cached=number == 19))
    with Run(tmp_path) as again:
        assert [data["number"] for _, data in again.events()] == list(range(20))
        assert {kind for kind, _ in again.events("told")} == {"told"}
        assert [call.key for call in again.calls("trial1")] == [str(number) for number in range(1, 20, 3)]
        assert (again.ledger.usage.calls, again.ledger.usage.cached) == (19, 1)
        assert again.ledger.usage.usd == 9.5


def test_events_from_many_threads_are_all_there(tmp_path):
    with Run(tmp_path) as run:
        threads = [
            threading.Thread(target=lambda part=part: [run.append("e", {"at": [part, number]}) for number in range(50)])
            for part in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = [tuple(data["at"]) for _, data in run.events("e")]
    assert sorted(found) == [(part, number) for part in range(4) for number in range(50)]
    for part in range(4):  # and each thread's in its own order
        assert [number for one, number in found if one == part] == list(range(50))


def in_the_way_of_the_folder(folder):
    folder.write_text("a file")


def in_the_way_of_the_settings(folder):
    (folder / "settings.json").mkdir(parents=True)


def half_written_settings(folder):
    folder.mkdir()
    (folder / "settings.json").write_text('{"seed": ')


def in_the_way_of_the_journal(folder):
    (folder / "journal.sqlite").mkdir(parents=True)


def no_journal(folder):
    folder.mkdir()
    (folder / "journal.sqlite").write_bytes(b"this is no database at all" * 100)


def in_the_way_of_the_responses(folder):
    folder.mkdir()
    (folder / "responses").write_text("a file")


def no_responses(folder):
    (folder / "responses").mkdir(parents=True)
    (folder / "responses" / "cache.db").write_bytes(b"this is no database at all" * 100)


OBSTACLES = [
    in_the_way_of_the_folder, in_the_way_of_the_settings, half_written_settings, in_the_way_of_the_journal, no_journal,
    in_the_way_of_the_responses, no_responses,
]  # fmt: skip


@pytest.mark.parametrize("spoil", OBSTACLES, ids=lambda spoil: spoil.__name__)
def test_a_folder_that_is_no_run_is_refused_with_its_name(tmp_path, spoil):
    spoil(tmp_path / "run")
    with pytest.raises(RunError, match="run"):
        Run(tmp_path / "run", {"seed": 1})


def test_a_read_only_folder_is_refused(tmp_path_factory, fresh_process):
    folder = tmp_path_factory.mktemp("shut")
    for path in (folder, *folder.parents[:2]):
        path.chmod(path.stat().st_mode | 0o055)
    folder.chmod(0o555)
    said = fresh_process(
        """
        import os, sys
        from selftaught.errors import RunError
        from selftaught.run import Run
        import diskcache
        if os.geteuid() == 0:  # everything is writable for root
            os.setegid(65534), os.seteuid(65534)
        try:
            Run(sys.argv[1], {"seed": 1})
        except RunError as error:
            print("refused:", error)
        """,
        folder,
    )
    assert said.startswith("refused:")
    assert str(folder) in said


def test_a_reader_never_sees_half_a_file(tmp_path):
    path, seen, stop = tmp_path / "settings.json", set(), threading.Event()
    texts = {"a" * 200_000, "b" * 200_000}
    write_atomically(path, "a" * 200_000)

    def read():
        while not stop.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(40):
        write_atomically(path, "ab"[number % 2] * 200_000)
    stop.set()
    reader.join()
    assert seen <= texts
    assert [each.name for each in tmp_path.iterdir()] == ["settings.json"]


SLOW = """
import asyncio, json, sys
import dspy
import selftaught as st
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout, exact, obliging, words

folder, latency, paid = sys.argv[1], float(sys.argv[2]), []

async def script(messages, **settings):
    await asyncio.sleep(latency)
    print("paid", messages[-1]["content"], flush=True)
    return obliging(messages, **settings)

lm = FakeLM(script)
with dspy.context(lm=lm):
    found = st.evaluate(st.programs.SelfRefine(Shout), words(12), exact, concurrency=3, run_dir=folder, progress=False)
print("result", json.dumps([found.score, [row.answers for row in found.rows], [row.score for row in found.rows]]), flush=True)
"""


def interrupted(folder, after):
    """Start the slow evaluation and kill it, as `kill -9` does, after so many paid responses."""
    process = subprocess.Popen([sys.executable, "-c", SLOW, str(folder), "0.01"], stdout=subprocess.PIPE, text=True)
    try:
        for number, _ in enumerate(process.stdout, 1):
            if number == after:
                break
        else:
            pytest.fail("it ended before it could be killed")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        process.stdout.close()


def responses(folder):
    with Run(folder) as run:
        return len(run.store._cache)


def finished(folder):
    """Run the evaluation to its end in this process; return its result and how many calls it paid."""
    lm = FakeLM(obliging)
    with dspy.context(lm=lm):
        found = st.evaluate(st.programs.SelfRefine(Shout), words(12), exact, concurrency=3, run_dir=folder, progress=False)
    return [found.score, [row.answers for row in found.rows], [row.score for row in found.rows]], lm.calls


def test_killed_in_the_middle_nothing_is_paid_twice_and_the_result_is_the_same(tmp_path):
    whole, calls = finished(tmp_path / "whole")
    folder = tmp_path / "killed"
    interrupted(folder, after=7)
    kept = responses(folder)
    assert 0 < kept < calls
    interrupted(folder, after=5)  # and killed again while it goes on
    kept_again = responses(folder)
    assert kept < kept_again < calls
    result, paid = finished(folder)
    assert paid == calls - kept_again
    assert json.dumps(result) == json.dumps(whole)
    assert finished(folder) == (result, 0)


def test_two_processes_in_one_folder_at_once_both_end_with_the_same_result(tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(SLOW), str(tmp_path / "run"), "0.002"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = []
    for process in processes:
        out, problems = process.communicate(timeout=40)
        assert process.returncode == 0, problems[-3000:]
        said.append(next(line for line in out.splitlines() if line.startswith("result")))
    assert said[0] == said[1]
    assert finished(tmp_path / "run")[1] == 0


def test_two_runs_open_in_one_folder_share_their_responses(tmp_path):
    lm = FakeLM(lambda messages, **settings: "said once")
    with Run(tmp_path) as one, Run(tmp_path) as other:
        for run in (one, other):
            with run.active():
                assert lm("hi") == ["said once"]
        assert lm.calls == 1
        assert len(other.calls()) == 2  # each has its row


def test_many_starts_in_one_folder_at_once_do_not_disturb_each_other(tmp_path):
    problems, barrier = [], threading.Barrier(8)

    def start():
        barrier.wait()
        try:
            with Run(tmp_path / "run", {"seed": 1}) as run:
                run.append("started", {"at": time.time()})
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a thread is shown below
            problems.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert problems == []
    with Run(tmp_path / "run") as run:
        assert len(run.events("started")) == 8
    assert not list((tmp_path / "run").glob("*.part"))
