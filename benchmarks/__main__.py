"""The runner: `python -m benchmarks [NAME ...] [--data FOLDER] [--out FILE] [--repeats COUNT]`."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.measure import Options, Skipped

NAMES = (
    "imports",
    "overhead",
    "throughput",
    "single_flight",
    "together",
    "adapters",
    "working",
    "judges",
    "compare",
    "hacks",
    "optimize",
    "programs",
    "sandbox",
    "novelty",
    "synthesis",
    "serve",
    "soak",
    "fuzz_artifacts",
)


def main() -> int:
    """Run the benchmarks that are named, all without a name; return 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--data", help="folder with instruction_induction.jsonl, which the adapters benchmark needs")
    parser.add_argument("--out", type=Path, help="write all results here as one JSON list")
    parser.add_argument("--results", type=Path, help="also write each result to FOLDER/<name>.json", metavar="FOLDER")
    parser.add_argument("--repeats", type=int, help="measure this often instead of the benchmark's own number")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in NAMES]:
        parser.error(f"{unknown[0]!r} is no benchmark; expected {', '.join(NAMES)}")
    found = [_run(name, Options(given.data, given.repeats)) for name in given.names or NAMES]
    if given.out is not None:
        given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if given.results is not None:
        given.results.mkdir(parents=True, exist_ok=True)
        for one in found:
            if "skipped" not in one:
                (given.results / f"{one['benchmark']}.json").write_text(json.dumps(one, indent=2) + "\n", encoding="utf-8")
    return int(any(one.get("met") is False for one in found))


def _run(name: str, options: Options) -> dict[str, Any]:
    module = importlib.import_module(f"benchmarks.{name}")
    try:
        found = module.run(options)
    except Skipped as reason:
        print(f"{name}: skipped: {reason}", file=sys.stderr)
        return {"benchmark": name, "skipped": str(reason)}
    verdict = {True: "met", False: "MISSED", None: "no target"}[found["met"]]
    print(json.dumps(found))
    print(f"{name}: {module.line(found)} [target {found['target']}: {verdict}]", file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
