"""The commands. Each reads its arguments, calls the library, and shows the result as text or JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="Language-model programs that improve themselves.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
models = typer.Typer(help="Weights of the local models.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(models, name="models")
judge = typer.Typer(help="Judges.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(judge, name="judge")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
TaskPath = Annotated[Path, typer.Argument(help="A task file (TOML).")]


def show(data: Any, as_json: bool, text: str) -> None:
    """Print a result."""
    print(json.dumps(data, indent=1, ensure_ascii=False, default=str) if as_json else text)


@app.command()
def quickstart(
    folder: Annotated[Path, typer.Option(help="Where the run is kept.")] = Path("runs/quickstart"),
    fresh: Annotated[bool, typer.Option(help="Forget an earlier run in this folder.")] = False,
    as_json: Json = False,
) -> None:
    """Tell the whole story on real data with a small real model: task, judge, tuning, report, saved program."""
    from selftaught.cli.quickstart import tell

    summary = tell(folder, fresh=fresh, quiet=as_json)
    if as_json:
        show(summary, True, "")


@app.command()
def catalogue(
    name: Annotated[str | None, typer.Argument(help="A method, by name or number.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only one kind, such as program or judge.")] = None,
    status: Annotated[str | None, typer.Option(help="Only works, partial or open.")] = None,
    as_json: Json = False,
) -> None:
    """Show the methods: what each is for, whether it works here, and which class serves it."""
    from dataclasses import asdict

    from selftaught.cli.views import entry_text, table_text
    from selftaught.registry import catalogue as entries
    from selftaught.registry import find

    if name is not None:
        entry = find(name)
        show(asdict(entry), as_json, entry_text(entry))
        return
    found = [entry for entry in entries(kind) if status is None or entry.status == status]
    show([asdict(entry) for entry in found], as_json, table_text(found))


@models.command("list")
def models_list(as_json: Json = False) -> None:
    """Show the known local models, and which are here."""
    from selftaught.engines.weights import KNOWN, installed

    rows = [
        {"name": w.name, "about": w.about, "licence": w.licence, "here": str(installed(w.name) or "")} for w in KNOWN.values()
    ]
    show(
        rows,
        as_json,
        "\n".join(f"{row['name']}  {row['about']} ({row['licence']}){'  here' if row['here'] else ''}" for row in rows),
    )


@models.command("pull")
def models_pull(name: Annotated[str, typer.Argument(help="A known model.")] = "smollm2-135m", as_json: Json = False) -> None:
    """Fetch the weights of a model and check them."""
    from selftaught.engines.weights import KNOWN, fetch
    from selftaught.errors import ModelError, nearest

    if name not in KNOWN:
        raise ModelError(f"There is no known model {name!r}{nearest(name, KNOWN)}. Known: {', '.join(KNOWN)}.")
    path = fetch(name, verify=True)
    show({"name": name, "path": str(path)}, as_json, f"{name} is at {path}")


@app.command()
def run(
    program: Annotated[Path, typer.Argument(help="A saved program (.st) or a task file (.toml).")],
    inputs: Annotated[
        list[str] | None, typer.Option("--input", "-i", help="An input, as name=value. Repeat for several.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model; see st.lm.")] = None,
    as_json: Json = False,
) -> None:
    """Answer one input with a saved program."""
    from selftaught.cli.actions import answer

    found = answer(program, inputs or [], model)
    show(found, as_json, "\n".join(f"{name}: {value}" for name, value in found.items()))


@app.command()
def evaluate(
    task: TaskPath,
    program: Annotated[Path | None, typer.Option(help="A saved program instead of the task file's.")] = None,
    as_json: Json = False,
) -> None:
    """Evaluate a program on the test examples of a task file (or its validation examples)."""
    from selftaught.cli.actions import evaluation

    found = evaluation(task, program)
    show(found.to_dict(), as_json, f"{found.metric}: {found} ({found.usage.calls} calls, {found.seconds:.1f} s)")


@app.command()
def compare(
    task: TaskPath,
    report: Annotated[Path | None, typer.Option(help="Write the comparison as an HTML page here, and as JSON beside it.")] = None,
    as_json: Json = False,
) -> None:
    """Compare the programs of a task file: scores with intervals, costs, controls at equal calls, and which one pays.

    The programs are in the section [compare.programs.NAME] with `method` and `settings`; without it, one plain call, a
    refining and a voting program are compared.
    """
    from selftaught.cli.actions import comparing

    found = comparing(task)
    if report is not None:
        found.report(report)
    show(found.to_dict(), as_json, f"{found}" + (f"\nreport   {report}" if report is not None else ""))


@app.command()
def diagnose(
    task: TaskPath,
    samples: Annotated[int, typer.Option(help="Answers drawn for each example, beside the program's own.")] = 5,
    temperature: Annotated[float, typer.Option(help="Of these answers.")] = 0.8,
    parts: Annotated[
        list[str] | None, typer.Option("--part", help="Measure only this. Repeat for several; all by default.")
    ] = None,
    unanswerable: Annotated[
        Path | None, typer.Option(help="Inputs that have no answer (JSON Lines), for self-knowledge.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the diagnosis as an HTML page here, and as JSON beside it.")] = None,
    as_json: Json = False,
) -> None:
    """Find out whether the model of a task file can improve itself on the task, and how: judge, vote, refine, or none.

    Needs labelled test (or validation) examples. One sentence a part, with its numbers; undetermined where they do not tell.
    """
    from selftaught.cli.diagnosing import diagnosing

    found = diagnosing(task, samples=samples, temperature=temperature, parts=parts, unanswerable=unanswerable)
    if report is not None:
        found.report(report)
    show(found.to_dict(), as_json, f"{found}" + (f"\nreport   {report}" if report is not None else ""))


@app.command()
def tune(
    task: TaskPath,
    resume: Annotated[bool, typer.Option(help="Continue an interrupted run (the default when there is one).")] = True,
    accept: Annotated[bool, typer.Option("--accept", help="Accept what the loophole check changes in a rubric.")] = False,
    keep_rubric: Annotated[bool, typer.Option("--keep-rubric", help="Use a rubric as written, unchecked.")] = False,
    as_json: Json = False,
) -> None:
    """Tune a program as a task file says. The same command continues an interrupted run.

    Where the metric is a rubric, it is first looked at for loopholes (four calls); a change is shown and has to be confirmed.
    """
    from selftaught.cli.actions import tuning

    def asked(difference: str) -> bool:
        print(difference, file=sys.stderr)
        return sys.stdin.isatty() and typer.confirm("Use the changed rubric?", err=True)

    outcome, saved, report = tuning(task, resume=resume, accept=accept or asked, keep_rubric=keep_rubric)
    text = "\n".join(
        [
            outcome.summary(),
            f"program  {saved}",
            f"report   {report}",
        ]
    )
    show({**outcome.to_dict(), "program": str(saved), "report": str(report)}, as_json, text)


@app.command()
def synthesize(
    recipe: Annotated[Path, typer.Argument(help="A recipe (TOML).")],
    count: Annotated[int | None, typer.Option(min=0, help="Rows, in place of the recipe's.")] = None,
    budget_calls: Annotated[int | None, typer.Option(min=1, help="The ceiling on calls, in place of the recipe's.")] = None,
    run: Annotated[Path | None, typer.Option(help="The run directory, in place of the recipe's.")] = None,
    as_json: Json = False,
) -> None:
    """Make a data set as a recipe says, with its data card and report. The same command continues an interrupted run.

    The exit code is 3 where the budget ended before all rows were made, 1 where the model brought nothing new any more; what was
    accepted until then is written all the same.
    """
    from selftaught.cli.synthesizing import synthesizing

    command = ["selftaught", *sys.argv[1:]]
    found = synthesizing(recipe, count=count, calls=budget_calls, run=run, command=command)
    show(found.to_dict(), as_json, found.text())
    if found.code:
        raise typer.Exit(found.code)


@judge.command("trust")
def judge_trust(
    task: TaskPath,
    data: Annotated[Path, typer.Option(help="Labelled answers (`good`) or pairs (`first`, `second`, `better`), JSON Lines.")],
    pairs: Annotated[
        bool, typer.Option("--pairs/--auto", help="Refuse data that are no pairs; by default the fields tell.")
    ] = False,
    minimum: Annotated[float, typer.Option(help="The least value of the figure that passes the gate.")] = 0.6,
    figure: Annotated[str, typer.Option(help="The figure that must reach the minimum.")] = "auroc",
    scale: Annotated[tuple[float, float], typer.Option(help="The worst and the best rating, of labels that are numbers.")] = (
        0,
        1,
    ),
    calibrate: Annotated[bool, typer.Option("--calibrate", help="Also fit a calibration, and say what it does.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write an HTML page with all figures here.")] = None,
    as_json: Json = False,
) -> None:
    """Measure the judge of a task file against labels. The exit code is 1 where it does not pass the gate."""
    from selftaught.cli.judging import measured

    found = measured(task, data, pairs=pairs, scale=scale, calibrated=calibrate, report=report)
    refusal = found.refusal(minimum, figure)
    show({**found.to_dict(), "gate": refusal or "passed"}, as_json, found.text(refusal))
    if refusal:
        raise typer.Exit(1)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="A run directory.")],
    optuna: Annotated[
        Path | None, typer.Option(help="Also write the run as a study into this SQLite file, for optuna-dashboard.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the report of a run, finished or not."""
    from selftaught.errors import RunError
    from selftaught.report import write_report
    from selftaught.run import Run

    if not (folder / "journal.sqlite").exists():
        raise RunError(f"{folder} holds no run.")
    with Run(folder) as opened:
        if optuna is not None and opened.settings.get("kind") == "synthesis":
            raise RunError(f"{folder} holds a synthesis: it has no candidates to write as a study. Leave out --optuna.")
        path = write_report(folder, opened)
        if optuna is not None:
            from selftaught.report.dashboard import write_study

            write_study(opened, optuna)
    text = f"{path}" + (f"\nstudy    {optuna}: optuna-dashboard sqlite:///{optuna}" if optuna is not None else "")
    show({"report": str(path), "study": str(optuna) if optuna is not None else None}, as_json, text)
