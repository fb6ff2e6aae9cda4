"""What the commands do, from task files and saved programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json

import selftaught as st
from selftaught.artifact import load, save
from selftaught.cli.judging import make_judge, make_lm
from selftaught.data import read_examples
from selftaught.errors import InputError, RunError, SettingError, nearest
from selftaught.evaluation import Evaluation
from selftaught.optimizers import Optimizer, Outcome
from selftaught.programs import judge as judges
from selftaught.programs.diagnose import CompareResult
from selftaught.registry import registrations
from selftaught.signatures import Task, input_names
from selftaught.taskfile import Choice, MetricChoice, Model, TaskFile, read_task


def answer(path: Path, given: list[str], model: str | None) -> dict[str, Any]:
    """Return the answer of a saved program, or of a task file's program, to one input."""
    if path.suffix == ".toml":
        file = read_task(path)
        program, lm = make_program(file.program, file.signature()), model or file.lm
    else:
        program, lm = load(path), model or Model()
    inputs = parse_inputs(given, program.task)
    with dspy.context(lm=make_lm(lm if isinstance(lm, Model) else Model(model=lm))):
        prediction = program(**inputs)
    return {name: serialize_for_json(prediction[name]) for name in program.task.output_fields}


def parse_inputs(given: list[str], task: Task) -> dict[str, Any]:
    """Return `name=value` pairs as inputs; values of other types than text are JSON.

    Raises:
        InputError: a pair without `=`, or a value that is no JSON where its type needs it.
    """
    inputs: dict[str, Any] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"--input {pair!r}: expected name=value, with a name out of {input_names(task)}.")
        field = task.input_fields.get(name)
        if field is None or field.annotation is str:
            inputs[name] = value
            continue
        try:
            inputs[name] = json.loads(value)
        except ValueError as error:
            raise InputError(f"--input {name}: {value!r} is no JSON, which the type {field.annotation} needs.") from error
    return inputs


def evaluation(path: Path, program: Path | None) -> Evaluation:
    """Evaluate on the test examples of a task file."""
    file = read_task(path)
    task = file.signature()
    source = file.data.test or file.data.val
    if source is None:
        raise SettingError(f'{path} names no examples to evaluate on. Add test = "..." under [data].')
    chosen = load(program, task=task) if program is not None else make_program(file.program, task)
    with dspy.context(lm=make_lm(file.lm)):
        return st.evaluate(chosen, read_examples(source, task), make_metric(file.metric, task), budget=file.ceiling())


def comparing(path: Path) -> CompareResult:
    """Compare the programs of a task file on its test examples (or its validation examples)."""
    file = read_task(path)
    task = file.signature()
    source = file.data.test or file.data.val
    if source is None:
        raise SettingError(f'{path} names no examples to compare on. Add test = "..." under [data].')
    assert file.run_dir is not None  # read_task sets it
    chosen = file.compare
    programs = {name: make_program(one, task) for name, one in chosen.programs.items()}
    with dspy.context(lm=make_lm(file.lm)):
        return st.compare(
            programs, read_examples(source, task), make_metric(file.metric, task), baseline=chosen.baseline,
            controls=chosen.controls, adaptive=chosen.adaptive, delta=chosen.delta, margin=chosen.margin, unit=chosen.unit,
            budget=file.ceiling() if "budget" in file.model_fields_set else None,
            run_dir=file.run_dir.with_name(file.run_dir.name + "-compare"), seed=file.seed,
        )  # fmt: skip


def tuning(path: Path, *, resume: bool) -> tuple[Outcome, Path, Path]:
    """Tune as a task file says; returns the outcome, the saved program and the report."""
    file = read_task(path)
    task, folder = file.signature(), file.run_dir
    assert folder is not None  # read_task sets it
    if not resume and (folder / "journal.sqlite").exists():
        raise RunError(f"{folder} holds an earlier run. Leave out --no-resume to continue it, or remove the folder.")
    if file.data.train is None:
        raise SettingError(f'{path} names no examples to learn from. Add train = "..." under [data].')
    val = read_examples(file.data.val, task) if file.data.val is not None else None
    optimizer = make_optimizer(file)
    with dspy.context(lm=make_lm(file.lm)):
        tuned = optimizer.compile(
            make_program(file.program, task), trainset=read_examples(file.data.train, task), valset=val,
            metric=make_metric(file.metric, task), budget=file.ceiling(), run_dir=folder, seed=file.seed,
        )  # fmt: skip
    return tuned.tuning, save(tuned, folder / "program.st"), folder / "report.html"


def make_program(choice: Choice, task: Task) -> Any:
    """Return the program that a task file names."""
    if choice.method == "predict":
        return st.Predict(task, **choice.settings)
    return _made(choice, "programs", task)


def make_optimizer(file: TaskFile) -> Optimizer:
    """Return the optimizer that a task file names."""
    settings = {**file.optimizer.settings, "allow_untrusted": file.metric.allow_untrusted}
    return _made(Choice(method=file.optimizer.method, settings=settings), "optimizers")


def _made(choice: Choice, room: str, *args: Any) -> Any:
    known = {slug: one for slug, one in registrations().items() if one.serves.__module__.split(".")[1] == room}
    if choice.method not in known:
        raise SettingError(
            f"There is no method {choice.method!r} among the {room}{nearest(choice.method, known)}. Known: {', '.join(sorted(known))}."
        )
    chosen = known[choice.method]
    try:
        return chosen.serves(*args, **{**chosen.arguments, **choice.settings})
    except TypeError as error:
        raise SettingError(f"The settings of {choice.method!r} do not fit: {error}.") from error


def make_metric(choice: MetricChoice, task: Task) -> Any:
    """Return the metric that a task file names."""
    gold = {"exact": judges.Exact, "contains": judges.Contains, "f1": judges.F1}
    if choice.kind in gold:
        return gold[choice.kind](choice.field, choice.accepted)
    if choice.judge is not None:
        return make_judge(choice.judge, task)
    return judges.Agreement(task, samples=choice.samples)
