"""Files made to harm: each ends in a typed error, and nothing that it holds is run."""

import json
import os
import subprocess
import sys

import dspy
import pytest

import selftaught as st
from selftaught import errors
from selftaught.artifact import load, save
from selftaught.testing.samples import Shout
from tests.hostile.files import MANIFESTS, PARTS, TEXTS, ZIPS, hostile_files
from tests.hostile.forging import Forger

NAMES = [
    *ZIPS, *MANIFESTS, *(f"{name}, as provenance" for name in TEXTS), *PARTS, "bytes that are no UTF-8, as manifest",
    "a task with a type in quotes", "a task with a type in double quotes",
]  # fmt: skip
SECONDS, MEBIBYTES = 30, 700
"""Far more than any file takes; what they stop is growth without end."""


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    program = st.programs.SelfRefine(Shout)
    program.predictors()[0].demos = [dspy.Example(word="a", shouted="A")]
    return save(program, tmp_path_factory.mktemp("good") / "good.st")


@pytest.fixture(scope="module")
def loaded(good, tmp_path_factory):
    """What came of loading every file, in a process of its own."""
    folder = tmp_path_factory.mktemp("hostile")
    planted = folder / "planted.trace"
    (folder / "planted_module.py").write_text(f"open({str(planted)!r}, 'w')\nclass Anything: pass\n")
    files = hostile_files(Forger(folder, good.read_bytes(), planted))
    numbers = {f"{number:03d}": name for number, name in enumerate(files)}
    for number, name in numbers.items():
        (folder / f"{number}.st").write_bytes(files[name])
    command = [sys.executable, "-m", "tests.hostile.loading", str(folder), str(SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    result = {name: found[number] for number, name in numbers.items()}
    result["traces"] = {"file": planted.exists(), "modules": found["planted modules"]}
    result["folder"] = sorted(one.name for one in folder.iterdir() if one.name not in {f"{number}.st" for number in numbers})
    return result


def test_there_are_at_least_forty_of_them():
    assert len(set(NAMES)) == len(NAMES) >= 40


@pytest.mark.parametrize("name", NAMES)
def test_it_is_refused_with_a_typed_error_that_names_the_file(loaded, name):
    found = loaded[name]
    assert issubclass(getattr(errors, found["error"], Exception), errors.ArtifactError), f"{found['error']}: {found['message']}"
    assert ".st" in found["message"]
    assert len(found["message"]) < 2000
    assert found["message"].isprintable() or "\n" in found["message"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_was_run_written_or_asked_for(loaded, name):
    assert loaded[name]["events"] == []


@pytest.mark.parametrize("name", NAMES)
def test_time_and_memory_are_bounded(loaded, name):
    assert loaded[name]["seconds"] < SECONDS
    assert loaded[name]["mebibytes"] < MEBIBYTES


def test_no_planted_code_left_a_trace(loaded):
    assert loaded["traces"] == {"file": False, "modules": []}
    assert loaded["folder"] == ["planted_module.py"]


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.st")
    for path in (tmp_path / "pipe.st", tmp_path):
        with pytest.raises(errors.ArtifactError, match="no plain file"):
            load(path)
    (tmp_path / "link.st").symlink_to(tmp_path / "nowhere")
    with pytest.raises(errors.ArtifactError, match="no artifact"):
        load(tmp_path / "link.st")


def test_the_file_that_they_are_made_from_is_good(good):
    assert type(load(good)) is st.programs.SelfRefine
