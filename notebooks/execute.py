"""Execute the notebooks from a fresh kernel: `python notebooks/execute.py [--scripted] [--write]`.

`--scripted` puts a scripted model in the place of the local one (for the test suite); `--write` keeps the outputs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import nbformat
from nbclient import NotebookClient

MODEL_LINE = 'lm = st.lm("local")'
SCRIPTED_LINE = "from tests.cli.scripted import solver\n\nlm = solver()"


def execute(path: Path, *, scripted: bool = False) -> nbformat.NotebookNode:
    """Run one notebook and return it with its outputs; raises where a cell does."""
    notebook = nbformat.read(path, as_version=4)
    if scripted:
        replaced = 0
        for cell in notebook.cells:
            replaced += cell.source.count(MODEL_LINE)
            cell.source = cell.source.replace(MODEL_LINE, SCRIPTED_LINE)
        if replaced != 1:
            raise SystemExit(f"{path.name}: expected the line {MODEL_LINE!r} once, found it {replaced} times")
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(path.parent.parent)}}).execute()
    return notebook


def main() -> None:
    """Execute all notebooks of this folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scripted", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    for path in sorted(Path(__file__).parent.glob("*.ipynb")):
        done = execute(path, scripted=options.scripted)
        if options.write:
            nbformat.write(done, path)
        print(f"{path.name}: {sum(cell.cell_type == 'code' for cell in done.cells)} cells ran")


if __name__ == "__main__":
    main()
