"""Every notebook runs from a fresh kernel, with a scripted model in the place of the local one."""

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_notebook_runs_and_shows_what_it_promises(path):
    spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    done = module.execute(path, scripted=True)
    said = "".join(output.get("text", "") for cell in done.cells if cell.cell_type == "code" for output in cell.outputs)
    plots = sum(
        "image/png" in output.get("data", {}) for cell in done.cells if cell.cell_type == "code" for output in cell.outputs
    )
    assert "Refused" in said
    assert "gold accuracy" in said
    assert plots >= 2
