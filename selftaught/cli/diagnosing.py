"""What `selftaught diagnose` does."""

from __future__ import annotations

from pathlib import Path

import dspy

from selftaught.cli.actions import make_metric, make_program, source_of
from selftaught.cli.judging import make_judge, make_lm
from selftaught.data import read_examples
from selftaught.programs.diagnose import PARTS, Diagnosis, diagnose
from selftaught.taskfile import read_task


def diagnosing(
    path: Path, *, samples: int = 5, temperature: float = 0.8, parts: list[str] | None = None, unanswerable: Path | None = None
) -> Diagnosis:
    """Diagnose the program of a task file on its test examples (or its validation examples).

    The judge is that of the section [judge]; the model's answers are kept in the run directory, under `diagnose`.

    Raises:
        SettingError: the task file names no examples.
    """
    file = read_task(path)
    task = file.signature()
    source = source_of(file, path, "diagnose")
    assert file.run_dir is not None  # read_task sets it
    with dspy.context(lm=make_lm(file.lm)):
        return diagnose(
            make_program(file.program, task), read_examples(source, task), make_metric(file, task),
            judge=make_judge(file.judge, task) if file.judge else None, samples=samples, temperature=temperature,
            parts=parts or PARTS, unanswerable=read_examples(unanswerable, task) if unanswerable else None,
            budget=file.ceiling() if "budget" in file.model_fields_set else None, run_dir=file.run_dir / "diagnose", seed=file.seed,
        )  # fmt: skip
