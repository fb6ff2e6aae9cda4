"""Judges from task files, and what `selftaught judge trust` does."""

from __future__ import annotations

import contextlib
import inspect
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy

import selftaught as st
from selftaught.data import read_examples
from selftaught.errors import SettingError, UntrustedJudge, nearest
from selftaught.programs import judge as judges
from selftaught.programs.judge.trust import BETTER, Calibrated, Trust, advice
from selftaught.programs.judge.trust.advice import finding
from selftaught.report.trust import write_trust
from selftaught.run import Run, write_atomically
from selftaught.signatures import Task, task_to_json
from selftaught.store import fingerprint
from selftaught.taskfile import JudgeChoice, Model, TaskFile, read_task

CLASSES = {
    "checklist": "Checklist", "rating": "Rating", "rubric": "Rubric", "verify": "Verify", "pairwise": "Pairwise",
    "panel": "Panel", "confidence": "Confidence",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """What the command found: the judge's name and trust, its calibration where asked for, and the page it wrote."""

    judge: str
    trust: Trust
    calibrated: Calibrated | None
    report: Path | None

    def refusal(self, minimum: float, figure: str) -> str:
        """Return why the gate refuses the judge, or an empty text."""
        try:
            self.trust.gate(minimum, figure)
        except UntrustedJudge:
            return f"refused: the gate asks for information beyond chance and {figure} of {minimum:g}; {figure} is {self.trust.figure(figure)}"
        return ""

    def text(self, refusal: str) -> str:
        """Return the result for a person: all figures, what they mean, and whether the gate lets the judge pass."""
        wide = max(map(len, self.trust.figures))
        figures = [f"  {name:{wide}}  {figure}" for name, figure in self.trust.figures.items()]
        more = [str(self.calibrated)] if self.calibrated else []
        page = [f"report   {self.report}"] if self.report else []
        return "\n".join(
            [f"{self.judge}: {self.trust}", *self.trust.warnings, *figures, *more, f"gate     {refusal or 'passed'}", *page]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        calibration = self.calibrated.to_dict() if self.calibrated else None
        return {
            "judge": self.judge, "said": str(self.trust), "advice": advice(self.trust), **self.trust.to_dict(),
            "calibrated_by": calibration, "report": str(self.report) if self.report else None,
        }  # fmt: skip


def measured(
    path: Path, data: Path, *, pairs: bool, scale: tuple[float, float], calibrated: bool, report: Path | None
) -> Measured:
    """Measure the judge of a task file on labelled data; the model's answers are kept in the run directory, under `trust`.

    Raises:
        SettingError: the task file names no judge, or the data are no pairs where pairs were asked for.
    """
    file = read_task(path)
    task = file.signature()
    choice = _chosen(file, path)
    judge, rows = make_judge(choice, task), read_examples(data, task)
    if pairs and BETTER not in rows[0]:
        raise SettingError(f"{data} holds no pairs: its rows have {sorted(rows[0].keys())}, not 'first', 'second' and 'better'.")
    ceiling = file.ceiling() if "budget" in file.model_fields_set else contextlib.nullcontext()
    assert file.run_dir is not None  # read_task sets it
    with Run(file.run_dir / "trust") as run, run.active(), dspy.context(lm=make_lm(file.lm)), ceiling:
        trust = judge.trust(rows, scale=scale, progress=None)
        fit = judge.calibrate(rows, scale=scale) if calibrated and trust.informative else None
    write_atomically(_learned(file), json.dumps({"judge": _identity(choice, file), **judge.learned()}, indent=1))
    name = type(judge).__name__
    if report is not None:
        said = [finding(trust), advice(trust), *trust.warnings, str(fit) if fit else ""]
        write_trust(report, name, said, trust.figures, trust.bins)
    return Measured(name, trust, fit, report)


def _learned(file: TaskFile) -> Path:
    """Return where `judge trust` keeps what it learned of a judge, for `tune` and `compare`."""
    assert file.run_dir is not None  # read_task sets it
    return file.run_dir / "trust" / "judge.json"


def _identity(choice: JudgeChoice, file: TaskFile) -> str:
    """Return what makes a judge the same one: its kind and settings, the model that answers for it, and the task."""
    model = choice.lm or file.lm
    return fingerprint([choice.model_dump(mode="json"), model.model_dump(mode="json"), task_to_json(file.signature())])


def recalled(judge: Any, choice: JudgeChoice, file: TaskFile) -> Any:
    """Return a judge with what `judge trust` has measured of the very same one; as it is where nothing was measured."""
    path = _learned(file)
    if path.exists():
        known = json.loads(path.read_text(encoding="utf-8"))
        if known.get("judge") == _identity(choice, file):
            judge.relearn(known)
    return judge


def _chosen(file: TaskFile, path: Path) -> JudgeChoice:
    choice = file.judge or file.metric.judge
    if choice is None:
        raise SettingError(f'{path} names no judge to measure. Add a section [judge] with kind = "verify", or another kind.')
    return choice


def make_judge(choice: JudgeChoice, task: Task) -> Any:
    """Return the judge that a task file names.

    Raises:
        SettingError: a setting that the judge does not have.
    """
    settings = choice.settings
    if choice.kind == "panel":
        settings["judges"] = [make_judge(_inner(one), task) for one in _listed(settings.get("judges"))]
    built = _built(choice.kind, task, settings)
    if choice.lm is not None:
        built.set_lm(make_lm(choice.lm))
    return built


def _built(kind: str, task: Task, settings: dict[str, Any]) -> Any:
    known = [name for name in inspect.signature(_class_of(kind).__init__).parameters if name not in ("self", "task")]
    for name in settings:
        if name not in known:
            raise SettingError(f"unknown key {name!r}{nearest(name, known)} of the judge {kind!r}. It takes: {', '.join(known)}.")
    try:
        return _class_of(kind)(task, **settings)
    except TypeError as error:
        raise SettingError(f"The settings of the judge {kind!r} do not fit: {error}.") from error


def _class_of(kind: str) -> Any:
    if kind == "constraints":
        from selftaught.programs.judge.constraints import Constraints

        return Constraints
    return getattr(judges, CLASSES[kind])


def _listed(given: Any) -> list[Any]:
    if not isinstance(given, list) or not given:
        raise SettingError("A panel needs judges = [{ kind = ... }, ...], at least one.")
    return given


def _inner(given: Any) -> JudgeChoice:
    from pydantic import ValidationError

    try:
        return JudgeChoice.model_validate({"kind": given} if isinstance(given, str) else given)
    except ValidationError as error:
        raise SettingError(f"judges: {given!r} is no judge: {error.errors()[0]['msg']}.") from error


def make_lm(model: Model) -> Any:
    """Return the model that a task file names."""
    settings = model.model_dump(exclude_none=True)
    return st.lm(settings.pop("model"), **settings)
