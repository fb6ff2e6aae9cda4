"""The pages in docs/: their Python runs and prints what they show, and the names and numbers in them are the code's own."""

import contextlib
import inspect
import io
import json
import re
import tomllib
from pathlib import Path

import dspy
import pytest

import selftaught as st
from selftaught.cli import actions
from selftaught.cli.judging import _class_of, make_judge
from selftaught.optimizers import Optimizer
from selftaught.optimizers.guards import default_detectors
from selftaught.programs.diagnose import PARTS
from selftaught.programs.judge.constraints import NOT_CHECKED, constraint, kinds
from selftaught.report.trust import READ
from selftaught.sandbox import available
from selftaught.signatures import as_task
from selftaught.taskfile import Choice, JudgeChoice, TaskFile, read_task
from selftaught.testing import FakeLM
from tests.docs_model import adding

DOCS = Path(__file__).parents[1] / "docs"
RESULTS = DOCS.parent / "benchmarks" / "results"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTIONS = ("data", "lm", "metric", "program", "optimizer", "budget", "compare")


def page(name):
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def blocks(name, language=None):
    return [(kind, code) for kind, code in BLOCK.findall(page(name)) if language in (None, kind)]


def steps(name):
    """Return the Python blocks of a page, each with the output shown below it, None where none is."""
    found = blocks(name)
    following = [*found[1:], ("", "")]
    return [
        (code, shown if kind == "text" else None)
        for (language, code), (kind, shown) in zip(found, following, strict=True)
        if language == "python"
    ]


def carried_out(name):
    """Yield what each Python block of a page prints, and what the page shows."""
    names = {"__name__": f"docs_{name}"}
    for code, shown in steps(name):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, f"docs/{name}.md", "exec"), names)
        yield code, out.getvalue(), shown


@pytest.fixture
def scripted(monkeypatch, tmp_path):
    """Answer every call with the scripted model of the pages."""
    model = FakeLM(adding)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(st.__dict__, "lm", lambda *_, **__: model)
    monkeypatch.setattr(dspy, "configure", lambda **_: None)
    with dspy.context(lm=model):
        yield model


@pytest.mark.filterwarnings("ignore::selftaught.errors.SelfJudgedWarning")
@pytest.mark.parametrize(("name", "outputs"), [("judges", 4), ("comparing", 4), ("optimizing", 2), ("programs", 3)])
def test_the_code_of_a_page_runs_and_prints_what_the_page_shows(name, outputs, scripted):
    if name == "programs" and not any(one.works for one in available()):
        pytest.skip("no sandbox works on this machine, and the page runs code in one")
    compared = 0
    for code, printed, shown in carried_out(name):
        assert (shown is None) == (not printed), f"an output is missing below, or shown below, {code!r}"
        if shown is not None:
            assert printed.split() == shown.split(), code
            compared += 1
    assert compared >= outputs
    assert scripted.calls > 0


def test_the_picture_of_a_composition_is_the_one_that_it_draws(scripted):
    names = {"__name__": "docs_programs"}
    for code, _ in steps("programs"):
        if "sandbox" not in code:
            exec(compile(code, "docs/programs.md", "exec"), names)
    ((_, shown),) = blocks("programs", "mermaid")
    assert shown.strip() == names["program"].diagram()


PAGES = ["README.md", "CONTRIBUTING.md", "benchmarks/README.md", *(f"docs/{path.name}" for path in sorted(DOCS.glob("*.md")))]


@pytest.mark.parametrize("name", PAGES)
def test_every_link_to_a_file_leads_to_one(name):
    path = DOCS.parent / name
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def table_of(name, heading):
    """Return the rows of the table whose header begins with a word."""
    lines = page(name).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_the_table_of_judges_says_what_each_costs(scripted):
    judges, task = st.judges, as_task("question -> answer: int")
    known = {
        **{name: getattr(judges, name) for name in judges.__all__}, "task": task, "text_task": "question -> answer",
        "criteria": ["It is short.", "It is right."], "constraints": [constraint("punctuation:no_comma")],
        "function": lambda example, prediction: 1.0, "judges": [judges.SelfJ(task), judges.Rating(task)],
    }  # fmt: skip
    rows = table_of("judges", "judge")
    for built, _, calls, *_ in rows:
        cost = eval(built.strip("`"), known).cost()  # noqa: S307
        low, high = (int(one) for one in (calls.split(" to ") * 2)[:2]) if "to" in calls else (int(calls),) * 2
        assert (cost.at_least, cost.at_most) == (low, high), built
    assert len(rows) == 18


def test_every_figure_of_a_trust_has_its_paragraph():
    for name in READ:
        assert f"**{name}**" in page("judges"), name


def test_the_numbers_of_kinds_and_detectors_are_right():
    text = page("judges")
    assert f"There are {len(kinds())} kinds" in text
    assert len(NOT_CHECKED) == 3
    assert f"{len(default_detectors())} detectors" in text


@pytest.mark.parametrize("name", ["docs/judges.md", "benchmarks/README.md"])
def test_the_shares_of_stopped_exploits_are_those_of_the_result_file(name):
    found, text = hacks(), plain(name)
    free, labelled, part = found["without_labels"], found["with_labels"], "without_stock_text_detectors"
    for share in (free["caught"], free["caught"][part], labelled["caught"][part], found["half_of_the_answers_hacked"]):
        assert said(share) in text
    alarms = free["false_alarms"]
    low, high = (f"{100 * one:.1f}" for one in alarms["interval"])
    assert f"{100 * alarms['share']:.1f} % ({low} to {high})" in text
    assert f"of {free['caught']['n']} scripted exploits of {found['kinds']} kinds" in text
    assert f"of {alarms['n']} honest improvements" in text
    assert (
        f"stopped {found['tainted_rubrics']['hacked']['stopped']} of {found['tainted_rubrics']['hacked']['groups']} groups"
        in text
    )


def test_the_shares_of_loopholes_are_those_of_the_result_file():
    tainted, text = hacks()["tainted_rubrics"], plain("docs/judges.md")
    assert f"({tainted['rows']} rows)" in text
    for name in ("hack_in_original_response", "hack_in_revised_response"):
        assert said(tainted[name]) in text


def hacks():
    return json.loads((RESULTS / "hacks.json").read_text(encoding="utf-8"))["measured"]


def plain(name):
    return " ".join((DOCS.parent / name).read_text(encoding="utf-8").split())


def said(share):
    value, low, high = (int(one * 100 + 0.5) for one in (share["share"], *share["interval"]))
    return f"{value} % ({low} to {high})"


def test_every_part_of_a_diagnosis_is_told():
    assert [row[0].strip("`") for row in table_of("comparing", "part")] == list(PARTS)


def test_the_task_file_of_the_comparison_runs(scripted, monkeypatch, tmp_path):
    ((_, text),) = blocks("comparing", "toml")
    rows = [{"question": f"What is {a} + 4?", "answer": a + 4} for a in range(11, 23)]
    (tmp_path / "test.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "add.toml").write_text(text)
    monkeypatch.setattr(actions, "make_lm", lambda _: scripted)
    found = actions.comparing(tmp_path / "add.toml")
    assert [one.name for one in found.programs] == list(tomllib.loads(text)["compare"]["programs"])
    assert (found.complete, found.asked) == (True, len(rows))
    assert (tmp_path / "runs" / "add-compare").is_dir()


def test_the_task_files_are_valid_and_so_is_every_line_that_is_commented_out(tmp_path):
    ((_, whole), *parts) = blocks("task-files", "toml")
    spoken, count = re.subn(r"^# (?=\w+ = )", "", whole, flags=re.MULTILINE)
    assert count >= 5
    for number, text in enumerate([whole, spoken, *(f'task = "word -> plural"\n{part}' for _, part in parts)]):
        path = tmp_path / f"{number}.toml"
        path.write_text(text)
        read = read_task(path)
        for choice in (read.judge, read.metric.judge):
            if choice is not None and choice.lm is None:
                assert make_judge(choice, read.signature()).task is not None
        for choice in read.compare.programs.values():
            assert actions.make_program(choice, read.signature()).task is not None


@pytest.mark.parametrize("section", ["program", "optimizer"])
def test_the_methods_told_can_be_made_from_a_task_file(section):
    ((_, whole), *_) = blocks("task-files", "toml")
    told = re.search(rf'^\[{section}\]\nmethod = "(\S+)" +# or (.*)$', whole, re.MULTILINE)
    names = [told.group(1), *told.group(2).split(", ")]
    assert len(names) >= 3
    for name in names:
        if section == "program":
            assert actions.make_program(Choice(method=name), as_task("word -> plural")).task is not None
        else:
            file = TaskFile(task="word -> plural", optimizer=Choice(method=name))
            assert isinstance(actions.make_optimizer(file), Optimizer)


def test_the_keys_told_are_those_of_a_task_file():
    told = {}
    for section, key, *_ in table_of("task-files", "section"):
        told.setdefault(section.strip("`[]"), set()).update(one.strip(" `") for one in key.split(","))
    known = {name: set(TaskFile.model_fields[name].annotation.model_fields) for name in SECTIONS}
    assert told == {"": set(TaskFile.model_fields) - set(SECTIONS) - {"judge"}, **known}


def test_the_settings_told_of_each_judge_are_those_of_its_class():
    told = {row[0].strip("`"): [one.strip(" `") for one in row[1].split(",")] for row in table_of("task-files", "kind")}
    assert set(told) == set(JudgeChoice.model_fields["kind"].annotation.__args__)
    for kind, settings in told.items():
        parameters = [name for name in inspect.signature(_class_of(kind).__init__).parameters if name not in ("self", "task")]
        code = {"against", "generate"}  # programs, which a task file cannot hold
        assert set(settings) == set(parameters) - code, kind
