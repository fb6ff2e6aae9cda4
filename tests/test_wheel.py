"""The wheel holds one package with its rooms and data, and installs where nothing else is."""

import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEFT_BEHIND = shutil.ignore_patterns(
    ".*", "runs", "build", "dist", "*.egg-info", "__pycache__", "notebooks", "benchmarks", "docs", "tests", "shared"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from a copy of the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "tree", ignore=LEFT_BEHIND)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", folder / "tree"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_it_holds_exactly_one_package(names):
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"selftaught"}
    assert len(tops) == 2


def test_every_module_of_every_room_is_in_it(names):
    rooms = {
        "selftaught": "selftaught",
        "signatures": "selftaught/signatures",
        "programs": "selftaught/programs",
        "optimizers": "selftaught/optimizers",
    }
    for room, installed in rooms.items():
        for path in (ROOT / room).rglob("*.py"):
            assert f"{installed}/{path.relative_to(ROOT / room).as_posix()}" in names


@pytest.mark.parametrize("name", ["py.typed", "bundled/catalogue.json", "bundled/tasks.jsonl", "bundled/ATTRIBUTION.md"])
def test_the_data_are_in_it(names, name):
    assert f"selftaught/{name}" in names


def test_it_carries_its_licence_and_no_path_of_the_machine_it_was_built_on(wheel, names):
    assert any(re.search(r"\.dist-info/.*LICENSE$", name) for name in names)
    with zipfile.ZipFile(wheel) as archive:
        for name in names:
            assert str(ROOT).encode() not in archive.read(name), name


def test_it_installs_and_imports_where_nothing_else_is(wheel, tmp_path):
    venv.create(tmp_path / "empty", with_pip=False)
    python = tmp_path / "empty" / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    code = "import selftaught, sys; print(selftaught.__version__, 'dspy' in sys.modules, selftaught.__file__)"
    said = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path).stdout.split()
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    assert said[:2] == [version, "False"]
    assert said[2].startswith(str(tmp_path))
