"""Execute the notebooks from a fresh kernel: `python notebooks/execute.py [NAME ...] [--scripted] [--write]`.

NAME: the stem of a notebook of this folder; all by default. `--scripted` puts a scripted model in the place of the local one
(for the test suite); `--write` keeps the outputs. Notebooks that run on the local model are best executed with as many
processors as are idle: `taskset -c 0 python notebooks/execute.py` on a loaded machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import nbformat
from nbclient import NotebookClient

MODEL_LINE = 'lm = st.lm("local")'
SCRIPTED = {
    "01_quickstart": "tests.cli.scripted:solver",
    "02_judges_and_comparison": "tests.scripted_judge:poor_judge",
    "03_optimize": "tests.cli.scripted:solver",
    "04_synthesize": "tests.cli.scripted:proposer",
}
"""Notebook -> where the function is that returns its scripted model."""


def execute(path: Path, *, scripted: bool = False) -> nbformat.NotebookNode:
    """Run one notebook and return it with its outputs; raises where a cell does."""
    notebook = nbformat.read(path, as_version=4)
    if scripted:
        _put_scripted(notebook, path)
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(path.parent.parent)}}
    ).execute()
    return notebook


def _put_scripted(notebook: nbformat.NotebookNode, path: Path) -> None:
    if path.stem not in SCRIPTED:
        raise SystemExit(f"{path.name}: no scripted model; name one in {Path(__file__).name}: SCRIPTED")
    module, function = SCRIPTED[path.stem].split(":")
    replaced = 0
    for cell in notebook.cells:
        replaced += cell.source.count(MODEL_LINE)
        cell.source = cell.source.replace(MODEL_LINE, f"from {module} import {function}\n\nlm = {function}()")
    if replaced != 1:
        raise SystemExit(f"{path.name}: expected the line {MODEL_LINE!r} once, found it {replaced} times")


def main() -> None:
    """Execute the named notebooks of this folder, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--scripted", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    known = {path.stem: path for path in sorted(Path(__file__).parent.glob("*.ipynb"))}
    for name in options.names or known:
        if name not in known:
            parser.error(f"there is no notebook {name!r}; known: {', '.join(known)}")
        path = known[name]
        done = execute(path, scripted=options.scripted)
        if options.write:
            nbformat.write(done, path)
        print(f"{path.name}: {sum(cell.cell_type == 'code' for cell in done.cells)} cells ran")


if __name__ == "__main__":
    main()
