"""Collects which methods have contract tests, for the catalogue: `python -m tests.collect_tested` writes it down."""

from __future__ import annotations

import contextlib
import importlib
import json
import pkgutil
import sys
from pathlib import Path

import pytest

import tests
from selftaught.testing import JudgeContract, OptimizerContract, ProgramContract, SynthesisContract

CONTRACTS = (JudgeContract, OptimizerContract, ProgramContract, SynthesisContract)
TARGET = Path(__file__).parent.parent / "selftaught" / "bundled" / "tested.json"


def collect() -> dict[str, list[str]]:
    """Return slug -> names of the contract classes that stand for it."""
    found: dict[str, list[str]] = {}
    for module in pkgutil.walk_packages(tests.__path__, "tests."):
        if not module.name.rsplit(".", 1)[-1].startswith("test_"):
            continue
        with contextlib.suppress(pytest.skip.Exception):  # what a test module needs is not installed
            importlib.import_module(module.name)
        for name, cls in vars(sys.modules.get(module.name, object)).items():
            is_contract = isinstance(cls, type) and issubclass(cls, CONTRACTS)
            if is_contract and cls.__module__ == module.name and cls.method:
                found.setdefault(cls.method, []).append(f"{module.name.replace('.', '/')}.py::{name}")
    return dict(sorted(found.items()))


if __name__ == "__main__":
    TARGET.write_text(json.dumps(collect(), indent=1) + "\n", encoding="utf-8")
    print(f"{TARGET.name}: {len(collect())} methods")
