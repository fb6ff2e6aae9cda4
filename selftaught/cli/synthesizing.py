"""What `selftaught synthesize` does: a recipe in, a data set with its card and its report out."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dspy

from selftaught.cli.judging import make_judge, make_lm
from selftaught.errors import DataError, SettingError, nearest
from selftaught.programs.synthesis import Judged, Novel, Pipeline, Synthesized
from selftaught.programs.synthesis.auto import AutoTrainset
from selftaught.programs.synthesis.card import Card
from selftaught.programs.synthesis.formats import FORMATS
from selftaught.programs.synthesis.splits import Splits, checked_shares
from selftaught.programs.synthesis.templates import templates_of
from selftaught.programs.synthesis.writing import WRITERS
from selftaught.recipe import Filters, Recipe, read_recipe
from selftaught.registry import find, registrations
from selftaught.report import write_report
from selftaught.run import Run
from selftaught.signatures import Task, as_task
from selftaught.store import fingerprint

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Cooked:
    """What came of a recipe. `path`: the file or folder that was written, None where there was no row; `code`: the exit code."""

    made: Synthesized
    path: Path | None
    splits: Splits | None
    report: Path
    code: int

    def text(self) -> str:
        """Return the result for a person."""
        lines = [self.made.summary()]
        lines += [f"split    {self.splits.summary()}"] if self.splits else []
        lines += [f"data     {self.path}"] if self.path else ["no row was accepted, so nothing was written"]
        return "\n".join([*lines, f"report   {self.report}"])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        made = self.made
        funnel = [
            {"step": one.name, "entered": one.entered, "share": one.share, "rejected": dict(one.rejected)} for one in made.funnel
        ]
        parts = {name: len(part) for name, part in self.splits.parts.items()} if self.splits else None
        return {
            "rows": len(made), "ended": made.ended, "usage": made.usage.to_dict(), "calls_per_row": made.calls_per_row, "funnel": funnel,
            "data": str(self.path) if self.path else None, "split": parts, "report": str(self.report), "run": str(made.folder),
        }  # fmt: skip


def synthesizing(
    path: Path, *, count: int | None = None, calls: int | None = None, run: Path | None = None, command: Sequence[str] = ()
) -> Cooked:
    """Carry out a recipe; the same one continues where it stopped.

    Args:
        path: of the recipe.
        count: rows, in place of the recipe's.
        calls: the ceiling on calls, in place of the recipe's.
        run: the run directory, in place of the recipe's.
        command: for the data card.

    Raises:
        SettingError: anything about the recipe that makes no sense, before a call. RunError: the run directory holds another run.
    """
    recipe = read_recipe(path)
    check_output(recipe, path)
    folder = run or recipe.run_dir
    assert folder is not None  # read_recipe sets it
    with dspy.context(lm=make_lm(recipe.lm)):
        pipeline = make_pipeline(recipe)
        wanted = recipe.count if count is None else count
        made = pipeline.run(wanted, run_dir=folder, budget=recipe.ceiling(calls), seed=recipe.seed, executor=recipe.executor)
    target, splits = write(recipe, made, command) if made.rows else (None, None)
    with Run(folder) as kept:
        report = write_report(folder, kept)
    return Cooked(made, target, splits, report, exit_code(made, wanted))


def exit_code(made: Synthesized, wanted: int | None) -> int:
    """Return 0 where the rows were made, 3 where the budget ended before, 1 where the model brought nothing new any more or was gone."""
    if made.ended.startswith("the budget ended"):
        return 3
    return 1 if made.ended.startswith(("stalled", "the model could not be reached")) or (not made.rows and wanted != 0) else 0


def check_output(recipe: Recipe, path: Path) -> None:
    """Refuse an output that could not be written, before anything is paid."""
    output = recipe.output
    if output.format not in FORMATS:
        raise SettingError(
            f"{path}: output.format {output.format!r}{nearest(output.format, FORMATS)}: expected one of {', '.join(FORMATS)}."
        )
    if output.path.suffix not in WRITERS:
        raise SettingError(f"{path}: output.path {output.path.name!r}: expected a name that ends in {', '.join(WRITERS)}.")
    if output.format == "examples" and recipe.task is None:
        raise SettingError(f'{path}: the format "examples" needs task = "...", whose fields are written.')
    templates_of(output.templates)
    if output.split is not None:
        checked_shares(output.split)


def write(recipe: Recipe, made: Synthesized, command: Sequence[str]) -> tuple[Path, Splits | None]:
    """Write the rows with their card; returns the file or folder, and the parts where they were split."""
    output = recipe.output
    settings: dict[str, Any] = {
        "rename": output.rename, "conversational": output.conversational, "templates": output.templates, "least": output.least,
        "seed": recipe.seed, "task": task_of(recipe) if output.format == "examples" else None,
    }  # fmt: skip
    card, splits = card_for(recipe, command), None
    if output.split is not None or output.evaluation is not None:
        known = read_seeds(output.evaluation) if output.evaluation is not None else ()
        splits = made.split(output.split or {"rows": 1.0}, seed=recipe.seed, evaluation=known)
    if splits is None or output.split is None:
        told = [f"Contamination: {splits.summary()}."] if splits is not None and any(splits.overlaps.values()) else []
        return made.save(output.path, output.format, **settings, card=replace(card, limits=[*card.limits, *told])), splits
    return splits.save(output.path.with_suffix(""), output.format, ending=output.path.suffix, **settings, card=card), splits


def card_for(recipe: Recipe, command: Sequence[str]) -> Card:
    """Return what is said on the card: what the recipe says, and what the catalogue knows of the method."""
    output, name, limits = recipe.output, recipe.method, list(recipe.output.limits)
    if recipe.method != AUTO:
        entry, missing = find(recipe.method), registrations()[recipe.method].missing
        name = f"{recipe.method}" + (f" (after {entry.title}, {entry.authors}, {entry.year})" if entry.paper else "")
        limits += [f"Of the method of the paper this is not here: {missing}."] if missing else []
    return Card(output.title, name, output.licence, output.about, limits, command)


def make_pipeline(recipe: Recipe) -> Pipeline:
    """Return the pipeline that a recipe names, with its filters at the end."""
    seeds = read_seeds(recipe.seeds) if isinstance(recipe.seeds, Path) else recipe.seeds
    if not seeds:
        raise SettingError("seeds: expected at least one.")
    if recipe.method == AUTO:
        made = built(AutoTrainset, AUTO, recipe.settings, task_of(recipe), seeds)
    else:
        chosen = pipelines().get(recipe.method)
        if chosen is None:
            known = [*pipelines(), AUTO]
            raise SettingError(
                f"There is no synthesis {recipe.method!r}{nearest(recipe.method, known)}. Known: {', '.join(known)}."
            )
        made = built(chosen.serves, recipe.method, {**chosen.arguments, **recipe.settings}, seeds)
    made.parts += filters(recipe.filters)
    made.marks = {
        "method": recipe.method, "settings": recipe.settings, "seeds": fingerprint(seeds), "task": recipe.task, "instruction": recipe.instruction,
        "lm": recipe.lm.model_dump(mode="json", exclude={"api_base"}), "filters": recipe.filters.model_dump(mode="json"),
    }  # fmt: skip
    return made


def pipelines() -> dict[str, Any]:
    """Return the registrations of pipelines by slug."""
    return {slug: one for slug, one in sorted(registrations().items()) if issubclass(one.serves, Pipeline)}


def built(cls: type, name: str, settings: dict[str, Any], *given: Any) -> Pipeline:
    """Build a pipeline.

    Raises:
        SettingError: it does not take a setting, or needs one that is not there.
    """
    begins: Any = cls.__init__  # type: ignore[misc]
    parameters = list(inspect.signature(begins).parameters.values())[1 + len(given) :]
    known = [one.name for one in parameters if one.kind is not one.VAR_KEYWORD]
    for key in settings if len(known) == len(parameters) else ():
        if key not in known:
            raise SettingError(f"settings: unknown key {key!r}{nearest(key, known)} of {name!r}. It takes: {', '.join(known)}.")
    try:
        return cls(*given, **settings)
    except TypeError as error:
        raise SettingError(f"The settings of {name!r} do not fit: {error}.") from error


def filters(chosen: Filters) -> list[Any]:
    """Return the parts that a recipe adds at the end."""
    found: list[Any] = []
    if chosen.novelty is not None:
        found.append(Novel(chosen.field, chosen.novelty, unicode=True, name="filter: novelty"))
    if chosen.judge is not None:
        judge = make_judge(chosen.judge, as_task(chosen.judge.task))
        found.append(Judged(judge, least=chosen.judge.least, name="filter: judge"))
    return found


def task_of(recipe: Recipe) -> Task:
    """Return the task of a recipe.

    Raises:
        SettingError: it names none.
    """
    if recipe.task is None:
        raise SettingError(f'The method {recipe.method!r} needs task = "...", such as "question -> answer".')
    task = as_task(recipe.task)
    return task.with_instructions(recipe.instruction) if recipe.instruction else task


def read_seeds(path: Path) -> list[Any]:
    """Return the seeds of a file: .jsonl (an object or text a line), .json (a list), .txt (a text a line); or the texts of a folder.

    Raises:
        DataError: it cannot be read, or holds none.
    """
    try:
        if path.is_dir():
            found: list[Any] = [
                one.read_text(encoding="utf-8") for one in sorted(path.iterdir()) if one.suffix in (".txt", ".md")
            ]
        elif path.suffix == ".json":
            found = json.loads(path.read_text(encoding="utf-8"))
        else:
            lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
            found = [json.loads(line) for line in lines] if path.suffix == ".jsonl" else [line.strip() for line in lines]
    except (OSError, ValueError) as error:
        raise DataError(f"The seeds {path} cannot be read: {error}.") from error
    if not isinstance(found, list) or not found or not all(isinstance(one, str | dict) for one in found):
        raise DataError(f"{path} holds no seeds: expected texts or objects, at least one.")
    return found
