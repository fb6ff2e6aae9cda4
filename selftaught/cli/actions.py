"""What the commands do, from task files and saved programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json

import selftaught as st
from selftaught.artifact import load, save
from selftaught.cli.enlarging import enlarged
from selftaught.cli.judging import make_judge, make_lm, recalled
from selftaught.data import read_examples
from selftaught.errors import InputError, RunError, SettingError, nearest
from selftaught.evaluation import Evaluation
from selftaught.optimizers import Optimizer, Outcome
from selftaught.programs import judge as judges
from selftaught.programs.diagnose import CompareResult
from selftaught.programs.judge.loophole import criteria_of
from selftaught.registry import registrations
from selftaught.run import Run, write_atomically
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
    source = source_of(file, path, "evaluate")
    chosen = load(program, task=task) if program is not None else make_program(file.program, task)
    with dspy.context(lm=make_lm(file.lm)):
        return st.evaluate(chosen, read_examples(source, task), make_metric(file, task), budget=file.ceiling())


def comparing(path: Path) -> CompareResult:
    """Compare the programs of a task file on its test examples (or its validation examples)."""
    file = read_task(path)
    task = file.signature()
    source = source_of(file, path, "compare")
    assert file.run_dir is not None  # read_task sets it
    chosen = file.compare
    programs = {name: make_program(one, task) for name, one in chosen.programs.items()}
    with dspy.context(lm=make_lm(file.lm)):
        return st.compare(
            programs, read_examples(source, task), make_metric(file, task), baseline=chosen.baseline,
            controls=chosen.controls, adaptive=chosen.adaptive, delta=chosen.delta, futility=chosen.futility, margin=chosen.margin, unit=chosen.unit,
            budget=file.ceiling() if "budget" in file.model_fields_set else None,
            run_dir=file.run_dir.with_name(file.run_dir.name + "-compare"), seed=file.seed,
        )  # fmt: skip


def source_of(file: TaskFile, path: Path, purpose: str) -> Path:
    """Return where the examples of a task file for a purpose are: test, or else val.

    Raises:
        SettingError: it names none.
    """
    source = file.data.test or file.data.val
    if source is None:
        raise SettingError(f'{path} names no examples to {purpose} on. Add test = "..." under [data].')
    return source


def tuning(
    path: Path, *, resume: bool, accept: bool | Callable[[str], bool] = False, keep_rubric: bool = False
) -> tuple[Outcome, Path, Path]:
    """Tune as a task file says; returns the outcome, the saved program and the report.

    A written rubric is looked at for loopholes first (119); `accept` decides about a change, `keep_rubric` leaves it as it is.
    Where the task file wants more examples than `train` holds, the rest is synthesized.
    """
    file = read_task(path)
    task, folder = file.signature(), file.run_dir
    assert folder is not None  # read_task sets it
    if not resume and (folder / "journal.sqlite").exists():
        raise RunError(f"{folder} holds an earlier run. Leave out --no-resume to continue it, or remove the folder.")
    if file.data.train is None:
        raise SettingError(f'{path} names no examples to learn from. Add train = "..." under [data].')
    val = read_examples(file.data.val, task) if file.data.val is not None else None
    train = read_examples(file.data.train, task)
    optimizer = make_optimizer(file)
    with dspy.context(lm=make_lm(file.lm)):
        if file.metric.kind == "rubric" and not keep_rubric:
            file.metric = mended(file.metric, task, train, folder, accept)
        budget = file.ceiling()
        train = enlarged(file, task, train, budget)
        tuned = optimizer.compile(
            make_program(file.program, task), trainset=train, valset=val,
            metric=make_metric(file, task), budget=budget, run_dir=folder, seed=file.seed,
        )  # fmt: skip
    return tuned.tuning, save(tuned, folder / "program.st"), folder / "report.html"


def mended(
    metric: MetricChoice, task: Task, train: Sequence[dspy.Example], folder: Path, accept: bool | Callable[[str], bool]
) -> MetricChoice:
    """Return the metric with the rubric whose loopholes are closed; what was decided once holds for the run.

    Raises:
        UnconfirmedRepair: the rubric was changed, and nobody confirmed it.
    """
    decided = folder / "rubric.json"
    given = (metric.judge.settings if metric.judge is not None else {}).get("criteria") or []
    if not given or not train:
        return metric
    if decided.exists():
        known = json.loads(decided.read_text(encoding="utf-8"))
        if known["given"] == given:
            return with_criteria(metric, known["criteria"])
    with Run(folder / "rubric-check") as run, run.active():  # asked once, also when the change is confirmed later
        finding = judges.repair_criteria(given, task, dict(train[0].inputs()))
    text = judges.confirmed(finding, accept)
    criteria = criteria_of(text) if text != finding.original else given
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(decided, json.dumps({"given": given, "criteria": criteria, "diff": finding.diff}, indent=1))
    return with_criteria(metric, criteria)


def with_criteria(metric: MetricChoice, criteria: list[str]) -> MetricChoice:
    """Return a rubric metric with other criteria."""
    return MetricChoice.model_validate({**metric.model_dump(exclude_unset=True), "criteria": criteria})


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
    known = {slug: one for slug, one in registrations().items() if _serves(one.serves, room)}
    if choice.method not in known:
        raise SettingError(
            f"There is no method {choice.method!r} among the {room}{nearest(choice.method, known)}. Known: {', '.join(sorted(known))}."
        )
    chosen = known[choice.method]
    try:
        return chosen.serves(*args, **{**chosen.arguments, **choice.settings})
    except TypeError as error:
        raise SettingError(f"The settings of {choice.method!r} do not fit: {error}.") from error


def _serves(cls: type, room: str) -> bool:
    """True for a class of a room that can be made here; judges, audits and syntheses are no programs for a task, nor policies optimizers."""
    parts = cls.__module__.split(".")
    if room == "optimizers":
        return issubclass(cls, Optimizer)
    return parts[1] == room and not (room == "programs" and parts[2] in ("judge", "diagnose", "synthesis"))


def make_metric(file: TaskFile, task: Task) -> Any:
    """Return the metric that a task file names; a judge with the trust that was measured of it."""
    choice = file.metric
    gold = {"exact": judges.Exact, "contains": judges.Contains, "f1": judges.F1}
    if choice.kind in gold:
        return gold[choice.kind](choice.field, choice.accepted)
    if choice.judge is not None:
        return recalled(make_judge(choice.judge, task), choice.judge, file)
    return judges.Agreement(task, samples=choice.samples)
