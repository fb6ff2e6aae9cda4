"""Every notebook runs from a fresh kernel, with a scripted model in the place of the local one, and shows what it promises."""

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PROMISES = {
    "01_quickstart": (2, ["Refused", "gold accuracy"]),
    "03_optimize": (
        2,
        [
            "refused: Budget(calls=30)",
            "Confirmed: gain of",
            "it has paid for itself after",
            "by purpose:",
            "the same winner: True; calls paid: 0",
        ],
    ),
    "04_synthesize": (
        2,
        [
            "30 rows; enough rows",
            "ROUGE-L with the nearest example",
            "sft.training.yaml",
            "tuned on made rows: gain of",
            "tuned on real rows: gain of",
            "n=25)",
        ],
    ),
    "02_judges_and_comparison": (
        4,
        [
            "--- verdict",
            "32 labelled answers, 8 of them good",
            "rating: no information beyond chance",
            "checklist    Refused: This judge cannot serve as a metric",
            "recurrence: carries information",
            "pairwise: no information beyond chance",
            "recurrence         AUROC",
            "rating: refused, there is nothing to calibrate",
            "recurrence: calibration (platt",
            "recurrence and rule    AUROC",
            "few-shot: The baseline.",
            "self-refine against self-refine ~ vote",
            "rule in code  made faults: AUROC",
            "gold accuracy",
            "samples at 0.8; judge Verify",
        ],
    ),
}
"""Notebook -> how many plots it shows at least, and what its printed outputs say when the scripted model answers."""


def outputs_of(notebook):
    """Return all outputs of a notebook's code cells."""
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.fixture(scope="module")
def execution():
    spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs_and_shows_what_it_promises(path, execution):
    plots, sayings = PROMISES[path.stem]
    found = outputs_of(execution.execute(path, scripted=True))
    said = "".join(output.get("text", "") for output in found)
    assert [saying for saying in sayings if saying not in said] == []
    assert sum("image/png" in output.get("data", {}) for output in found) >= plots


def test_every_notebook_has_its_promises_and_its_scripted_model(execution):
    assert {path.stem for path in NOTEBOOKS} == set(PROMISES) == set(execution.SCRIPTED)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_kept_outputs_are_of_a_run_from_top_to_bottom_without_errors(path, execution):
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if any(cell.outputs for cell in cells):
        assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert all(output.output_type != "error" for output in outputs_of(notebook))
