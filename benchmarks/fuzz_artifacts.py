"""Changed artifacts: whatever a file holds, loading it ends in a program or in a typed error, in bounded time and memory.

Claim: of 10,000 changed files none brings about anything else.

Method: valid artifacts of four programs (steps, demonstrations, settings, nested parts, a judge that has learned) are changed at random:
bytes, entries of the zip, and what stands in the parts with the right hashes, so that what comes after the hashes is tested too
(`selftaught.testing.mutations`). Each is loaded; counted are programs, refusals (`ArtifactError`) and anything else.
Files that are made to harm, rather than drawn, are in `tests/hostile`.

Command: `python -m benchmarks fuzz_artifacts` (`--repeats COUNT` for another number of files)
"""

from __future__ import annotations

import random
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import dspy

import selftaught as st
from benchmarks.measure import Options, result
from selftaught.testing.mutations import mutated
from selftaught.testing.samples import Shout, Survey

CLAIM = "a changed artifact loads or is refused with a typed error, in bounded time and memory"
FILES, SEED, SECONDS, MEBIBYTES = 10_000, 0, 10.0, 300.0


def run(options: Options) -> dict[str, Any]:
    """Measure, and return the result."""
    files, came, others = options.repeats or FILES, Counter[str](), list[dict[str, Any]]()
    draw, slowest = random.Random(SEED), 0.0
    with tempfile.TemporaryDirectory() as folder:
        valid = [st.save(program, Path(folder) / f"{i}.st").read_bytes() for i, program in enumerate(_programs())]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(files):
            started = time.perf_counter()
            kind, said = _loaded(Path(folder) / "changed.st", mutated(draw.choice(valid), draw))
            slowest = max(slowest, time.perf_counter() - started)
            came[kind] += 1
            if kind not in ("program", "refusal"):
                others.append({"file": number, "error": kind, "message": said})
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    measured = {
        "files": files,
        "came": dict(came),
        "others": others[:20],
        "slowest_seconds": round(slowest, 3),
        "grown_mib": round(grown, 1),
    }
    met = not others and slowest < SECONDS and grown < MEBIBYTES
    target = f"nothing else; under {SECONDS:g} s and {MEBIBYTES:g} MiB"
    return result("fuzz_artifacts", CLAIM, measured=measured, target=target, met=met)


def _programs() -> list[dspy.Module]:
    plain = st.Predict(Survey, temperature=0.3)
    plain.demos = [dspy.Example(text="Ulm.", tags=["x"], mood="good", score=1, sure=True, place={"town": "Ulm", "people": 1})]
    judge = st.judges.Checklist(Shout)
    judge.lists = {"tree": ["Is every letter a capital?"]}
    return [plain, st.programs.SelfRefine(Shout), st.programs.SelfConsistency(Shout), st.programs.BestOf(Shout, judge=judge)]


def _loaded(path: Path, content: bytes) -> tuple[str, str]:
    path.write_bytes(content)
    try:
        st.load(path)
    except st.errors.ArtifactError:
        return "refusal", ""
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return type(error).__name__, str(error)[:300]
    return "program", ""


def line(found: dict[str, Any]) -> str:
    """Return the result in one line."""
    one = found["measured"]
    return (
        f"{one['files']} files: {one['came'].get('program', 0)} loaded, {one['came'].get('refusal', 0)} refused, {len(one['others'])} others; "
        f"slowest {one['slowest_seconds']} s, {one['grown_mib']} MiB more"
    )
