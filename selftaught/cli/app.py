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
    from selftaught.cli.enlarging import synthesized

    def asked(difference: str) -> bool:
        print(difference, file=sys.stderr)
        return sys.stdin.isatty() and typer.confirm("Use the changed rubric?", err=True)

    outcome, saved, report = tuning(task, resume=resume, accept=accept or asked, keep_rubric=keep_rubric)
    made = synthesized(report.parent)
    text = "\n".join(
        [
            outcome.summary(),
            *([f"{made} of the examples were synthesized from yours; the report shows them"] if made else []),
            f"program  {saved}",
            f"report   {report}",
        ]
    )
    show({**outcome.to_dict(), "program": str(saved), "report": str(report), "synthesized": made}, as_json, text)


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


@app.command()
def serve(
    program: Annotated[Path | None, typer.Argument(help="A saved program (.st) or a task file (.toml).")] = None,
    host: Annotated[str, typer.Option(help="Where to listen. Beyond this machine it needs --keys or --open.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for a free one; the log tells it.")] = 8000,
    model: Annotated[str | None, typer.Option(help="The model; see st.lm.")] = None,
    api_base: Annotated[str | None, typer.Option(help="The OpenAI-compatible URL of the model.")] = None,
    adapter: Annotated[str | None, typer.Option(help="How prompts are written: compact, chat or json.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="The most tokens of one of the model's answers.")] = None,
    temperature: Annotated[float | None, typer.Option(min=0, help="Of the model.")] = None,
    keys: Annotated[Path | None, typer.Option(help="The file of keys; without it everybody may ask.")] = None,
    new_key: Annotated[str | None, typer.Option(metavar="NAME", help="Make a key, print it once, and end.")] = None,
    calls: Annotated[int | None, typer.Option(min=1, help="The most model calls: of all callers, or of the new key.")] = None,
    run: Annotated[Path | None, typer.Option(help="A folder that keeps the ledger on disk.")] = None,
    mcp: Annotated[str | None, typer.Option(help="Serve a tool of the Model Context Protocol: stdio or http.")] = None,
    name: Annotated[str, typer.Option(help="Of the program; by default the file's.")] = "",
    max_concurrency: Annotated[int, typer.Option(help="Inputs answered at the same time.")] = 64,
    queue: Annotated[int, typer.Option(help="How many more wait; the next is refused with 503.")] = 256,
    timeout: Annotated[float, typer.Option(help="Seconds for one answer, waiting included.")] = 120.0,
    drain: Annotated[float, typer.Option(help="Seconds that requests get to end after SIGTERM.")] = 30.0,
    max_body: Annotated[int, typer.Option(help="Bytes of a request.")] = 1 << 20,
    max_batch: Annotated[int | None, typer.Option(help="Rows of a batch; by default what can be taken, at most 64.")] = None,
    allow_host: Annotated[list[str] | None, typer.Option(help="A Host header that is answered. Repeat for several.")] = None,
    open_: Annotated[bool, typer.Option("--open", help="Listen beyond this machine without keys.")] = False,
    steps: Annotated[bool, typer.Option(help="Show callers the steps.")] = True,
    page: Annotated[bool, typer.Option(help="Have a page at / to try the program.")] = True,
    log_content: Annotated[bool, typer.Option("--log-content", help="Log inputs, answers and error texts too.")] = False,
    as_json: Json = False,
) -> None:
    """Serve a program: HTTP with OpenAPI, an OpenAI-compatible route, a page to try it; or a tool of the Model Context Protocol."""
    from selftaught.cli.serving import made_key, serving

    if new_key is not None:
        found = made_key(new_key, keys, calls)
        show(found, as_json, "\n".join(f"{label}  {value}" for label, value in found.items()))
        return
    if program is None:
        raise typer.BadParameter("Name a saved program or a task file (or --new-key NAME).")
    serving(
        program, {"model": model, "api_base": api_base, "adapter": adapter, "max_tokens": max_tokens, "temperature": temperature},
        calls=calls, host=host, port=port, keys=keys, run_dir=run, mcp=mcp, name=name, open_to_all=open_,
        max_concurrency=max_concurrency, queue=queue, timeout=timeout, drain=drain, max_body=max_body, max_batch=max_batch,
        allowed_hosts=tuple(allow_host or ()), steps=steps, page=page, log_content=log_content,
    )  # fmt: skip


ArtifactPath = Annotated[Path, typer.Argument(help="A saved program (.st).")]


@app.command()
def export(
    artifact: ArtifactPath,
    to: Annotated[str, typer.Option(help="messages, prompty, jinja, dspy, python, langchain, llama-index or container.")],
    out: Annotated[Path | None, typer.Option(help="The file or folder to write; by default beside the program.")] = None,
    as_json: Json = False,
) -> None:
    """Write a saved program in another form: chat templates, DSPy's state, one file of Python, a container ..."""
    from selftaught.export import export as write

    place = write(artifact, to, out)
    show({"to": to, "path": str(place)}, as_json, f"{place}")


@app.command()
def inspect(artifact: ArtifactPath, as_json: Json = False) -> None:
    """Show what a saved program is: class, task, instructions, demonstrations, where it comes from, scores. Nothing in it is run."""
    from selftaught.cli.exporting import inspected_text
    from selftaught.inspection import inspected

    found = inspected(artifact)
    show(found, as_json, inspected_text(found))


@app.command()
def diff(before: ArtifactPath, after: ArtifactPath, as_json: Json = False) -> None:
    """Compare two saved programs, instruction by instruction. The exit code is 1 where they differ."""
    from selftaught.cli.exporting import print_difference
    from selftaught.inspection import difference

    found = difference(before, after)
    if as_json:
        show(found.to_dict(), True, "")
    else:
        print_difference(found)
    if found:
        raise typer.Exit(1)


@app.command()
def sign(
    artifact: ArtifactPath,
    key: Annotated[Path, typer.Option(help="Your private key (ed25519, PEM).")],
    make_key: Annotated[bool, typer.Option("--make-key", help="Make the key first, and the public one beside it.")] = False,
    as_json: Json = False,
) -> None:
    """Sign a saved program; the signature is a file beside it."""
    from selftaught.cli.exporting import signed

    found = signed(artifact, key, make_key)
    show(found, as_json, "\n".join(f"{name.replace('_', ' ')}  {value}" for name, value in found.items()))


@app.command()
def verify(
    artifact: ArtifactPath, key: Annotated[Path, typer.Option(help="The signer's public key (PEM).")], as_json: Json = False
) -> None:
    """Check that the owner of a key signed just this file. The exit code is 1 where not."""
    from selftaught.signing import verify as check

    found = check(artifact, key)
    show({"artifact": str(artifact), "key": found}, as_json, f"{artifact} is signed by {found}")
